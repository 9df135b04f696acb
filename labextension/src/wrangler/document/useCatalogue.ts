import { useEffect, useState } from 'react';
import { IAnalysis, ITransform } from '../../api/types';
import { FlowClient } from '../api';

interface IEntries {
  transforms: ITransform;
  analyses: IAnalysis;
}

export interface ICatalogue<T> {
  /** Null until it is there. */
  found: readonly T[] | null;
  error: Error | null;
  again: () => void;
}

/** A catalogue of the server's; the client asks for it once. */
export function useCatalogue<K extends keyof IEntries>(
  client: FlowClient,
  which: K
): ICatalogue<IEntries[K]> {
  const [found, setFound] = useState<readonly IEntries[K][] | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const [tries, setTries] = useState(0);
  useEffect(() => {
    let there = true;
    const read = async () => {
      try {
        const entries = await client[which]();
        if (there) {
          setFound(entries as readonly IEntries[K][]);
          setError(null);
        }
      } catch (reason) {
        if (there) {
          setError(reason as Error);
        }
      }
    };
    void read();
    return () => {
      there = false;
    };
  }, [client, which, tries]);
  return { found, error, again: () => setTries(count => count + 1) };
}
