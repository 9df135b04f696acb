import {
  Dispatch,
  MutableRefObject,
  SetStateAction,
  useEffect,
  useMemo,
  useRef,
  useState
} from 'react';
import { IColumnProfile } from '../../api/types';
import { isAbort } from '../api';
import { actionsFor, comparable, copyText, copyWhole, textOf, ValueActions } from './copying';
import { filterOf, nextSort, withFilter } from './filters';
import { count, tsv } from './format';
import { IHeaderEvents } from './HeaderCell';
import { openMenu } from './menu';
import { HEADER_ROW, ICell, IRange, ISelection, isInHeader, rangeOf, select } from './selection';
import { CellValue, IGridAction, ITableColumn, ITableView } from './types';
import { Profiles } from './profiles';
import { ITable } from './useTable';
import { GridView } from './view';
import { IWidths } from './useWidths';

/** What lies over the grid, and the part of the page it hangs from. */
export type Over =
  | { readonly kind: 'filter'; readonly column: number; readonly anchor: DOMRect }
  | { readonly kind: 'value'; readonly cell: ICell; readonly anchor: DOMRect };

/** What a grid's surroundings give it. */
export interface IGridHost {
  readonly columnActions?: (column: ITableColumn, profile?: IColumnProfile) => IGridAction[];
  readonly cellActions?: (column: ITableColumn, value: CellValue) => IGridAction[];
  readonly onSelectColumn?: (column: ITableColumn) => void;
}

interface ISurroundings {
  readonly host: IGridHost;
  readonly table: ITable;
  readonly widths: IWidths;
  readonly profiles: Profiles;
  readonly setView: Dispatch<SetStateAction<ITableView>>;
  /** Say something in the grid's last line. */
  readonly say: (note: string) => void;
}

export interface IGridActions extends IHeaderEvents {
  onSelect(selection: ISelection): void;
  onCellMenu(cell: ICell, x: number, y: number): void;
  onOpen(cell: ICell): void;
  /** Copy what is selected, into `data` where all of it is there already. */
  copy(data: DataTransfer | null): void;
  /** Give up what is being read to be copied or compared with. */
  stop(): void;
  closeOver(): void;
  closeDetail(): void;
}

export interface IGridState {
  readonly view: MutableRefObject<GridView | null>;
  readonly selection: ISelection | null;
  readonly over: Over | null;
  /** Name of the column whose details are shown. */
  readonly detail: string | null;
  readonly actions: IGridActions;
  readonly setSelection: Dispatch<SetStateAction<ISelection | null>>;
}

/** What the user has chosen in a grid, and what the mouse and keys do. */
export function useGrid(surroundings: ISurroundings): IGridState {
  const view = useRef<GridView | null>(null);
  const [selection, setSelection] = useState<ISelection | null>(null);
  const [over, setOver] = useState<Over | null>(null);
  const [detail, setDetail] = useState<string | null>(null);
  const latest = useRef({ ...surroundings, selection });
  latest.current = { ...surroundings, selection };
  const reading = useRef<AbortController | null>(null);
  useEffect(() => () => reading.current?.abort(), []);

  // The same object for the component's life: headers are drawn anew only when they change.
  const actions = useMemo<IGridActions>(() => {
    const { setView } = latest.current;
    const column = (index: number) => latest.current.table.columns?.[index];
    const boxOf = (cell: ICell) => view.current?.boxOf(cell) ?? new DOMRect();
    /** Choose a column, and give its name to what is done with it. */
    const withColumn = (index: number, work: (column: ITableColumn) => void) => {
      const found = column(index);
      if (found) {
        view.current?.focus();
        setSelection(select({ row: HEADER_ROW, column: index }));
        latest.current.host.onSelectColumn?.(found);
        work(found);
      }
    };
    /** Read for the user; what was being read before is given up. Says how it went. */
    const read = async (failed: string, work: (signal: AbortSignal) => Promise<string>) => {
      const { say } = latest.current;
      self.stop();
      const { signal } = (reading.current = new AbortController());
      say('Reading… Escape stops it.');
      try {
        const done = await work(signal);
        if (!signal.aborted) {
          say(done);
        }
      } catch (error) {
        if (!signal.aborted && !isAbort(error)) {
          say(`${failed}: ${(error as Error).message}`);
        }
      } finally {
        if (reading.current?.signal === signal) {
          reading.current = null;
        }
      }
    };
    const sort = (name: string, Order: 'Ascending' | 'Descending') => () =>
      setView(old => ({ ...old, sort: [{ Column: name, Order }] }));

    const self: IGridActions = {
      onSelect: next => {
        setSelection(next);
        view.current?.reveal(next.focus);
      },
      onSort: index =>
        withColumn(index, ({ name }) =>
          setView(old => ({ ...old, sort: nextSort(old.sort, name) }))
        ),
      onFilter: index =>
        withColumn(index, () => {
          view.current?.reveal({ row: HEADER_ROW, column: index });
          const anchor = boxOf({ row: HEADER_ROW, column: index });
          setOver({ kind: 'filter', column: index, anchor });
        }),
      onDetail: index => withColumn(index, ({ name }) => setDetail(name)),
      onResize: (index, width) => latest.current.widths.resize(index, width),
      onFit: index => latest.current.widths.fit(index, view.current?.firstRow ?? 0),
      onMenu: (index, x, y) =>
        withColumn(index, found => {
          const { host, profiles } = latest.current;
          const steps = host.columnActions?.(found, profiles.get(found.name)?.profile) ?? [];
          const orders = [
            { label: 'Sort Ascending', run: sort(found.name, 'Ascending') },
            { label: 'Sort Descending', run: sort(found.name, 'Descending') }
          ];
          const looks = [
            { label: 'Filter\u2026', run: () => self.onFilter(index) },
            { label: 'Column Details', run: () => self.onDetail(index) },
            { label: 'Fit Width to Values', run: () => self.onFit(index) }
          ];
          openMenu([orders, looks, steps], x, y);
        }),
      onCellMenu: (cell, x, y) => {
        const { table, host } = latest.current;
        const [of, value] = [column(cell.column), table.pages.value(cell.row, cell.column)];
        if (!of || value === undefined) {
          return;
        }
        const looks = [
          { label: 'Show Whole Value', run: () => self.onOpen(cell) },
          { label: 'Copy', run: () => self.copy(null) }
        ];
        const filters: ValueActions = wanted => {
          const filter = (others: boolean) => () =>
            setView(old => withFilter(old, of.name, filterOf(of.name, wanted, others)));
          return [
            { label: 'Show Only Rows with This Value', run: filter(false) },
            { label: 'Hide Rows with This Value', run: filter(true) }
          ];
        };
        const steps: ValueActions = wanted => host.cellActions?.(of, wanted) ?? [];
        const readWhole = (then: (whole: CellValue) => void) =>
          void read('The value cannot be used', async signal => {
            const whole = await comparable(table.pages, cell, signal);
            signal.throwIfAborted();
            then(whole);
            return '';
          });
        const groups = [filters, steps].map(each => actionsFor(value, each, readWhole));
        openMenu([looks, ...groups], x, y);
      },
      onOpen: cell => setOver({ kind: 'value', cell, anchor: boxOf(cell) }),
      copy: data => {
        const { selection: chosen, table } = latest.current;
        if (!chosen) {
          return;
        }
        const range = rangeOf(chosen);
        const isHeader = isInHeader(chosen);
        const names = (table.columns ?? []).slice(range.left, range.right + 1);
        const text = isHeader
          ? tsv([names.map(({ name }) => name)])
          : data && textOf(table.pages, range);
        const said = isHeader ? 'The name was copied.' : copied(range);
        if (data && text !== null) {
          self.stop();
          data.setData('text/plain', text);
          latest.current.say(said);
          return;
        }
        void read('Nothing was copied', async signal => {
          await (text === null ? copyWhole(table.pages, range, signal) : copyText(text));
          return said;
        });
      },
      stop: () => {
        if (reading.current) {
          reading.current.abort();
          reading.current = null;
          latest.current.say('Stopped.');
        }
      },
      closeOver: () => setOver(null),
      closeDetail: () => setDetail(null)
    };
    return self;
  }, []);
  return { view, selection, over, detail, actions, setSelection };
}

function copied({ top, bottom, left, right }: IRange): string {
  const cells = (bottom - top + 1) * (right - left + 1);
  return cells === 1 ? 'The value was copied.' : `${count(cells)} values were copied.`;
}
