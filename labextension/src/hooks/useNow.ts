import { useEffect, useState } from 'react';
import { useVisible } from '../context';

/** The time in epoch seconds, ticking every `interval` ms; 0 stops the clock. */
export function useNow(interval: number): number {
  const visible = useVisible();
  const [now, setNow] = useState(() => Date.now() / 1000);
  useEffect(() => {
    if (!interval || !visible) {
      return;
    }
    setNow(Date.now() / 1000);
    const timer = window.setInterval(() => setNow(Date.now() / 1000), interval);
    return () => window.clearInterval(timer);
  }, [interval, visible]);
  return now;
}
