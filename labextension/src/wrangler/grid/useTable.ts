import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import { ITableProblem, problemText } from './problems';
import { Pages } from './pages';
import { Profiles } from './profiles';
import { ITableColumn, ITableSource, ITableView } from './types';

export interface ITable {
  /** The rows that are drawn: those from before while the first page of others is on its way. */
  readonly pages: Pages;
  /** The rows that are asked for. */
  readonly coming: Pages;
  readonly stale: boolean;
  readonly columns: readonly ITableColumn[] | undefined;
  readonly rows: number;
  readonly error: ITableProblem | null;
}

/** The rows of a source in some order, with some conditions; read anew when either is another. */
export function useTable(source: ITableSource, view: ITableView): ITable {
  const stable = useStable(source);
  const coming = useMemo(() => new Pages(stable, view), [stable, view]);
  useEffect(() => {
    coming.open();
    return () => coming.dispose();
  }, [coming]);
  const columns = useSyncExternalStore(coming.subscribe, () => coming.state.columns);
  const error = useSyncExternalStore(coming.subscribe, () => coming.state.error);
  const before = useRef(coming);
  if (columns || error) {
    before.current = coming;
  }
  const pages = before.current;
  const rows = useSyncExternalStore(pages.subscribe, () => pages.state.rows);
  const problem = useMemo(() => error && problemText(error), [error]);
  return {
    pages,
    coming,
    stale: pages !== coming,
    columns: pages.state.columns,
    rows,
    error: problem
  };
}

/** The same source while its key says that its data is; the object may be another each time. */
function useStable(source: ITableSource): ITableSource {
  const kept = useRef(source);
  if (kept.current.key !== source.key) {
    kept.current = source;
  }
  return kept.current;
}

/** Figures of a source's columns. */
export function useProfiles(source: ITableSource): Profiles {
  const stable = useStable(source);
  const profiles = useMemo(() => new Profiles(stable), [stable]);
  useEffect(() => () => profiles.dispose(), [profiles]);
  useSyncExternalStore(profiles.subscribe, () => profiles.version);
  return profiles;
}

/** Whether something has been waited for since `since` for longer than `patience` ms. */
export function useSlow(since: number | null, patience: number): boolean {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    setSlow(false);
    if (since === null) {
      return;
    }
    const wait = Math.max(0, since + patience - performance.now());
    const timer = window.setTimeout(() => setSlow(true), wait);
    return () => window.clearTimeout(timer);
  }, [since, patience]);
  return slow;
}
