import { useCallback, useSyncExternalStore } from 'react';
import { FlowClient } from '../api';

/** The rows that are read of each source at most; null: all. Another number means other results. */
export function useSampleRows(flow: FlowClient): number | null {
  const subscribe = useCallback(
    (onChange: () => void) => {
      flow.sampleRowsChanged.connect(onChange);
      return () => {
        flow.sampleRowsChanged.disconnect(onChange);
      };
    },
    [flow]
  );
  return useSyncExternalStore(subscribe, () => flow.sampleRows);
}
