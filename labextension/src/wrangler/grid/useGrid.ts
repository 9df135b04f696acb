import { Dispatch, MutableRefObject, SetStateAction, useMemo, useRef, useState } from 'react';
import { IColumnProfile } from '../../api/types';
import { attempt } from '../../components/dialogs';
import { copyWhole, textOf } from './copying';
import { filterOf, nextSort, withFilter } from './filters';
import { IHeaderEvents } from './HeaderCell';
import { openMenu } from './menu';
import { HEADER_ROW, ICell, ISelection, rangeOf, select } from './selection';
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
}

export interface IGridActions extends IHeaderEvents {
  onSelect(selection: ISelection): void;
  onCellMenu(cell: ICell, x: number, y: number): void;
  onOpen(cell: ICell): void;
  /** Copy what is selected; false where it has to be read first, which then is under way. */
  copy(data: DataTransfer | null): void;
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
        const filter = (others: boolean) => () =>
          setView(old => withFilter(old, of.name, filterOf(of.name, value, others)));
        const looks = [
          { label: 'Show Whole Value', run: () => self.onOpen(cell) },
          { label: 'Copy', run: () => self.copy(null) }
        ];
        const filters = [
          { label: 'Show Only Rows with This Value', run: filter(false) },
          { label: 'Hide Rows with This Value', run: filter(true) }
        ];
        openMenu([looks, filters, host.cellActions?.(of, value) ?? []], x, y);
      },
      onOpen: cell => setOver({ kind: 'value', cell, anchor: boxOf(cell) }),
      copy: data => {
        const { selection: chosen, table } = latest.current;
        if (!chosen) {
          return;
        }
        const range = rangeOf(chosen);
        const text = data && textOf(table.pages, range);
        if (data && text !== null) {
          data.setData('text/plain', text);
          return;
        }
        const { signal } = new AbortController();
        void attempt('The cells could not be copied', () => copyWhole(table.pages, range, signal));
      },
      closeOver: () => setOver(null),
      closeDetail: () => setDetail(null)
    };
    return self;
  }, []);
  return { view, selection, over, detail, actions, setSelection };
}
