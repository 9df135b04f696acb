import { useEffect, useMemo, useReducer, useState } from 'react';
import { useStudio, useVisible } from '../context';
import { ILogSource, LogTail } from './tail';

const POLL = 1000;

export interface ILog {
  tail: LogTail;
  error: Error | null;
  /** The first answer is still to come. */
  loading: boolean;
  readOlder: () => Promise<void>;
}

/**
 * A log that is followed while it is on screen.
 *
 * @param live whether lines may still come; after that the rest is read and polling ends.
 */
export function useLog(source: ILogSource, live: boolean): ILog {
  const { client } = useStudio();
  const visible = useVisible();
  const { group, prefix } = source;
  const tail = useMemo(() => new LogTail(client, { group, prefix }), [client, group, prefix]);
  const [error, setError] = useState<Error | null>(null);
  const [loading, setLoading] = useState(true);
  const [, redraw] = useReducer((count: number) => count + 1, 0);

  useEffect(() => {
    if (!visible) {
      return;
    }
    const abort = new AbortController();
    let timer = 0;
    const poll = async () => {
      let more = live;
      try {
        const found = await tail.read(abort.signal);
        more = more || found;
        setError(null);
        if (found) {
          redraw();
        }
      } catch (reason) {
        if (abort.signal.aborted) {
          return;
        }
        setError(reason as Error);
      }
      setLoading(false);
      if (more) {
        timer = window.setTimeout(() => void poll(), POLL);
      }
    };
    void poll();
    return () => {
      abort.abort();
      window.clearTimeout(timer);
    };
  }, [tail, live, visible]);

  return {
    tail,
    error,
    loading,
    readOlder: async () => {
      await tail.readOlder().catch(setError);
      redraw();
    }
  };
}
