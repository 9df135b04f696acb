import { useCallback, useEffect, useState } from 'react';

export interface IPages {
  /** The token of the page to read; undefined for the first. */
  token: string | undefined;
  /** Counted from 1. */
  number: number;
  previous: () => void;
  next: (token: string) => void;
}

/** Walks through a list that is paged by NextToken; a new `query` starts again. */
export function usePages(query: string): IPages {
  const [tokens, setTokens] = useState<string[]>([]);
  useEffect(() => setTokens([]), [query]);
  return {
    token: tokens[tokens.length - 1],
    number: tokens.length + 1,
    previous: useCallback(() => setTokens(old => old.slice(0, -1)), []),
    next: useCallback((token: string) => setTokens(old => [...old, token]), [])
  };
}
