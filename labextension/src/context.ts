import { createContext, useContext, useSyncExternalStore } from 'react';
import { PanelVisibility } from './panel';
import { IStudio } from './tokens';

export const StudioContext = createContext<IStudio | null>(null);

export const VisibilityContext = createContext<PanelVisibility | null>(null);

/** The services of the surrounding panel. */
export function useStudio(): IStudio {
  const studio = useContext(StudioContext);
  if (!studio) {
    throw new Error('This component belongs inside a Studio panel.');
  }
  return studio;
}

/** Whether the surrounding panel can be seen: nothing is polled while it cannot. */
export function useVisible(): boolean {
  const visibility = useContext(VisibilityContext);
  return useSyncExternalStore(
    notify => visibility?.subscribe(notify) ?? (() => undefined),
    () => visibility?.value ?? true
  );
}
