import { useEffect, useRef, useState } from 'react';

/** Data that is read once for each `key`, for forms, which must not change under the hands. */
export function useOnce<T>(
  key: string,
  load: () => Promise<T>
): { data: T | undefined; error: Error | null } {
  const [state, setState] = useState<{ key: string; data?: T; error: Error | null }>({
    key,
    error: null
  });
  const latest = useRef(load);
  latest.current = load;
  useEffect(() => {
    let cancelled = false;
    latest.current().then(
      data => !cancelled && setState({ key, data, error: null }),
      error => !cancelled && setState({ key, error })
    );
    return () => {
      cancelled = true;
    };
  }, [key]);
  return state.key === key
    ? { data: state.data, error: state.error }
    : { data: undefined, error: null };
}
