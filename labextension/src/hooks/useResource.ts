import { useCallback, useEffect, useRef, useState } from 'react';
import { IChange, Kind } from '../api/events';
import { useStudio, useVisible } from '../context';
import { IStudio } from '../tokens';

/** Changes that come together (a job's many updates) are read once, after this many ms. */
const DEBOUNCE = 250;

export interface IWatch {
  /** Kinds of resource whose changes make the data stale. */
  kinds: Kind[];
  /** Only changes of the resource of this name. */
  name?: string;
  /** At least so many ms between two reads, for what a busy job changes many times a second. */
  pause?: number;
}

export interface IResource<T> {
  /** The last good answer; kept while a newer one is read or fails. */
  data: T | undefined;
  error: Error | null;
  /** The first answer is still to come. */
  loading: boolean;
  reload: () => void;
}

function concerns(watch: IWatch, change: IChange): boolean {
  return watch.kinds.includes(change.kind) && (!watch.name || watch.name === change.name);
}

/**
 * Data from the API that stays current: read again on each change event, and slowly by the
 * clock in case an event was missed. Nothing is read while the panel is hidden.
 *
 * @param key names the data; another key forgets the old data and reads anew.
 */
export function useResource<T>(
  key: string,
  load: (studio: IStudio, signal: AbortSignal) => Promise<T>,
  watch: IWatch
): IResource<T> {
  const studio = useStudio();
  const visible = useVisible();
  const [state, setState] = useState<{ key: string; data?: T; error: Error | null }>({
    key,
    error: null
  });
  const latest = useRef({ load, watch });
  latest.current = { load, watch };
  const [wish, setWish] = useState(0);
  const reload = useCallback(() => setWish(count => count + 1), []);

  useEffect(() => {
    if (!visible) {
      return;
    }
    const abort = new AbortController();
    let timer = 0;
    let reading = false;
    let stale = false;
    let lastRead = 0;
    const soon = () => {
      const { pause = 0 } = latest.current.watch;
      schedule(Math.max(DEBOUNCE, lastRead + pause - performance.now()));
    };
    const schedule = (delay: number) => {
      window.clearTimeout(timer);
      timer = window.setTimeout(() => void read(), delay);
    };
    const read = async () => {
      stale = false;
      reading = true;
      lastRead = performance.now();
      try {
        const data = await latest.current.load(studio, abort.signal);
        if (!abort.signal.aborted) {
          setState({ key, data, error: null });
        }
      } catch (error) {
        if (!abort.signal.aborted) {
          setState(old => ({
            key,
            data: old.key === key ? old.data : undefined,
            error: error as Error
          }));
        }
      } finally {
        reading = false;
      }
      if (abort.signal.aborted) {
        return;
      }
      if (stale) {
        // What was read before the last change may be too old.
        soon();
      } else {
        schedule(studio.settings.refreshInterval * 1000);
      }
    };
    const onChange = (_: unknown, change: IChange) => {
      // Only the first of many changes sets the clock: a steady stream must not hold a read off.
      if (!stale && concerns(latest.current.watch, change)) {
        stale = true;
        if (!reading) {
          soon();
        }
      }
    };
    studio.feed.changed.connect(onChange);
    void read();
    return () => {
      abort.abort();
      window.clearTimeout(timer);
      studio.feed.changed.disconnect(onChange);
    };
  }, [studio, visible, key, wish]);

  const current = state.key === key ? state : { data: undefined, error: null };
  return {
    data: current.data,
    error: current.error,
    loading: current.data === undefined && current.error === null,
    reload
  };
}
