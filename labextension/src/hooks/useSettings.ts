import { useEffect, useState } from 'react';
import { useStudio } from '../context';
import { IStudioSettings } from '../tokens';

/** The user's settings, current. */
export function useSettings(): IStudioSettings {
  const studio = useStudio();
  const [settings, setSettings] = useState(studio.settings);
  useEffect(() => {
    const update = (_: unknown, changed: IStudioSettings) => setSettings(changed);
    studio.settingsChanged.connect(update);
    return () => {
      studio.settingsChanged.disconnect(update);
    };
  }, [studio]);
  return settings;
}
