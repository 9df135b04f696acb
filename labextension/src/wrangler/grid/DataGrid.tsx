import React, { ReactNode, useCallback, useEffect, useId, useMemo, useRef, useState } from 'react';
import '../../../style/wrangler/grid.css';
import { IColumnRemark } from '../../api/types';
import { ColumnDetail } from './ColumnDetail';
import { filterOf, isPlain, withFilter } from './filters';
import { FilterEditor } from './FilterEditor';
import { GridFrame, headerId } from './GridFrame';
import { HeaderCell } from './HeaderCell';
import { press } from './keys';
import { ISpan } from './layout';
import { Popover } from './Popover';
import { HEADER_ROW, ICell, select, within } from './selection';
import { EmptyTable, LoadingTable, Problem } from './states';
import { StatusLine } from './StatusLine';
import { Toolbar } from './Toolbar';
import { ITableColumn, ITableSource, ITableView } from './types';
import { IGridHost, IGridState, useGrid } from './useGrid';
import { ITable, useProfiles, useTable } from './useTable';
import { useWidths } from './useWidths';
import { ValueView } from './ValueView';

export interface IDataGridProps extends IGridHost {
  readonly source: ITableSource;
  /** What the table is, for screen readers. */
  readonly label: string;
  /** Name of the column that is marked. */
  readonly selectedColumn?: string | null;
  /** Add the step that mends what a remark is about. */
  readonly onFix?: (remark: IColumnRemark) => void;
  /** Beside the search. */
  readonly toolbar?: ReactNode;
  /** At the end of the last line. */
  readonly status?: ReactNode;
}

const NO_COLUMNS: readonly ITableColumn[] = [];
/** How long a note stays, in ms. */
const NOTED = 8000;

/**
 * A table of any length and width. Its source reads, orders and finds; what is here is a window.
 *
 * `columnActions` and `cellActions` are what the menus offer besides the grid's own entries.
 */
export function DataGrid(props: IDataGridProps): JSX.Element {
  const { source } = props;
  const id = useId();
  const [view, setView] = useState<ITableView>({});
  const table = useTable(source, view);
  const profiles = useProfiles(source);
  const widths = useWidths(table.columns, table.pages);
  const [note, say] = useNote();
  const grid = useGrid({ host: props, table, widths, profiles, setView, say });
  const [seen, setSeen] = useState<ISpan>({ first: 0, end: 0 });
  useGoneColumns(table, view, setView, say);
  const search = useRef<HTMLInputElement>(null);
  const columns = table.columns ?? NO_COLUMNS;
  const { rows } = table;
  const { actions, detail, over, selection, setSelection } = grid;

  useEffect(() => {
    setSelection(old => old && within(old, { rows, columns: columns.length, page: 1 }));
  }, [rows, columns.length, setSelection]);
  useEffect(() => grid.view.current?.toTop(), [view, grid.view]);

  const inView = useMemo(() => columns.slice(seen.first, seen.end), [columns, seen]);
  useEffect(() => {
    const names = inView.map(({ name }) => name);
    // Only once the rows are there: they come first.
    if (table.columns && !table.stale) {
      profiles.show(detail === null ? names : [detail, ...names]);
    }
  }, [profiles, inView, detail, table.columns, table.stale]);

  const detailed = columns.find(({ name }) => name === detail);
  const empty = Boolean(table.columns) && !table.stale && rows === 0 && !table.error;
  const [sort] = view.sort ?? [];
  return (
    <div className={`jp-studio-Grid${source.profile ? ' jp-mod-profiled' : ''}`}>
      <Toolbar view={view} onView={setView} search={search}>
        {props.toolbar}
      </Toolbar>
      {table.error && <Problem problem={table.error} onRetry={() => table.coming.retry()} />}
      <div className="jp-studio-Grid-main">
        {!table.columns && !table.error && <LoadingTable />}
        {table.columns && (
          <GridFrame
            id={id}
            label={props.label}
            pages={table.pages}
            columns={columns}
            rows={rows}
            layout={widths.layout}
            selection={selection}
            stale={table.stale}
            view={grid.view}
            onColumns={setSeen}
            onSelect={actions.onSelect}
            onMenu={actions.onCellMenu}
            onOpen={actions.onOpen}
            onKey={event => press(event, keysOf(grid, table, search.current, widths.layout.widths))}
            onCopy={event => {
              event.preventDefault();
              actions.copy(event.clipboardData);
            }}
          >
            {inView.map((column, place) => {
              const index = seen.first + place;
              const { row, column: at } = selection?.focus ?? { row: 0, column: -1 };
              const ordered = sort?.Column === column.name;
              return (
                <HeaderCell
                  key={column.name}
                  id={headerId(id, index)}
                  index={index}
                  column={column}
                  left={widths.layout.start(index)}
                  width={widths.layout.widths[index]}
                  sort={
                    ordered ? (sort.Order === 'Descending' ? 'descending' : 'ascending') : undefined
                  }
                  filtered={Boolean(view.filters?.some(each => each.Column === column.name))}
                  selected={props.selectedColumn === column.name}
                  active={row === HEADER_ROW && at === index}
                  profiled={source.profile ? profiles.get(column.name) : null}
                  failed={profiles.problem(column.name) !== undefined}
                  events={actions}
                />
              );
            })}
          </GridFrame>
        )}
        {empty && <EmptyTable view={view} onClear={() => setView({})} />}
        {detailed && (
          <ColumnDetail
            key={detailed.name}
            column={detailed}
            profiles={profiles}
            actions={props.columnActions?.(detailed, profiles.get(detailed.name)?.profile) ?? []}
            onClose={actions.closeDetail}
            onValue={value =>
              setView(old => withFilter(old, detailed.name, filterOf(detailed.name, value)))
            }
            onFix={props.onFix}
          />
        )}
      </div>
      <StatusLine
        pages={table.coming}
        note={note}
        onRow={row =>
          actions.onSelect(select({ row, column: selection?.focus.column ?? seen.first }))
        }
      >
        {props.status}
      </StatusLine>
      {over?.kind === 'filter' && columns[over.column] && (
        <Popover label="Filter" anchor={over.anchor} onClose={actions.closeOver}>
          <FilterEditor
            column={columns[over.column]}
            profiled={profiles.get(columns[over.column].name)}
            filter={view.filters?.find(each => each.Column === columns[over.column].name)}
            onApply={filter => {
              setView(old => withFilter(old, columns[over.column].name, filter));
              actions.closeOver();
            }}
          />
        </Popover>
      )}
      {over?.kind === 'value' && (
        <Popover label="Value" anchor={over.anchor} onClose={actions.closeOver}>
          <ValueView pages={table.pages} cell={over.cell} />
        </Popover>
      )}
    </div>
  );
}

/** What keys do in a grid as it is now. */
function keysOf(
  grid: IGridState,
  table: ITable,
  search: HTMLInputElement | null,
  widths: readonly number[]
) {
  const { actions, selection, view } = grid;
  const openMenuAt = (cell: ICell) => {
    const box = view.current?.boxOf(cell) ?? new DOMRect();
    if (cell.row === HEADER_ROW) {
      actions.onMenu(cell.column, box.left, box.bottom);
    } else {
      actions.onCellMenu(cell, box.left, box.bottom);
    }
  };
  return {
    selection,
    size: {
      rows: table.rows,
      columns: table.columns?.length ?? 0,
      page: view.current?.page ?? 1
    },
    onSelect: actions.onSelect,
    onSort: actions.onSort,
    onFilter: actions.onFilter,
    onOpen: actions.onOpen,
    onMenu: openMenuAt,
    onWiden: (column: number, pixels: number) => actions.onResize(column, widths[column] + pixels),
    onSearch: () => search?.focus(),
    onStop: actions.stop
  };
}

/** Take away an order and conditions whose columns another table does not have; says so. */
function useGoneColumns(
  table: ITable,
  view: ITableView,
  setView: (view: ITableView) => void,
  say: (note: string) => void
): void {
  const gone = Boolean(table.error?.columnGone) && !isPlain(view);
  useEffect(() => {
    if (gone) {
      setView({});
      say('The filters and the order were taken away: their columns are gone.');
    }
  }, [gone, setView, say]);
}

/** What is said in the last line, for a while. */
function useNote(): [string, (note: string) => void] {
  const [note, setNote] = useState({ text: '' });
  useEffect(() => {
    const timer = note.text ? window.setTimeout(() => setNote({ text: '' }), NOTED) : 0;
    return () => window.clearTimeout(timer);
  }, [note]);
  const say = useCallback((text: string) => setNote({ text }), []);
  return [note.text, say];
}
