import { caretDownIcon, caretUpIcon } from '@jupyterlab/ui-components';
import React, { ReactNode } from 'react';

export interface IColumn<T> {
  id: string;
  label: string;
  render: (row: T) => ReactNode;
  /** What the server calls this order; a column without it cannot be sorted. */
  sortBy?: string;
  className?: string;
}

export interface ISort {
  by: string;
  order: 'Ascending' | 'Descending';
}

export interface IPaging {
  number: number;
  hasNext: boolean;
  onPrevious: () => void;
  onNext: () => void;
}

export interface IDataTableProps<T> {
  label: string;
  testid: string;
  columns: IColumn<T>[];
  rows: T[];
  rowKey: (row: T) => string;
  /** Opens a row on a click anywhere in it; keyboards use the button of the first column. */
  onOpen?: (row: T) => void;
  sort?: ISort;
  onSort?: (sort: ISort) => void;
  paging?: IPaging;
}

/** A table whose order and pages are the server's. */
export function DataTable<T>(props: IDataTableProps<T>): JSX.Element {
  return (
    <div className="jp-studio-DataTable">
      <table aria-label={props.label} data-testid={props.testid}>
        <thead>
          <tr>
            {props.columns.map(column => (
              <HeaderCell key={column.id} column={column} table={props} />
            ))}
          </tr>
        </thead>
        <tbody>
          {props.rows.map(row => (
            <Row key={props.rowKey(row)} row={row} table={props} />
          ))}
        </tbody>
      </table>
      {props.paging && <Pager {...props.paging} />}
    </div>
  );
}

function Row<T>(props: { row: T; table: IDataTableProps<T> }): JSX.Element {
  const { row, table } = props;
  const open = table.onOpen && (() => table.onOpen?.(row));
  const key = table.rowKey(row);
  return (
    // The row is a wider target for the mouse; for everyone else the click of its button bubbles.

    <tr data-name={key} className={open ? 'jp-mod-clickable' : ''} onClick={open}>
      {table.columns.map((column, index) => (
        <td key={column.id} className={column.className}>
          {index === 0 && open ? (
            <button className="jp-studio-Link" title={key}>
              {column.render(row)}
            </button>
          ) : (
            column.render(row)
          )}
        </td>
      ))}
    </tr>
  );
}

function HeaderCell<T>(props: { column: IColumn<T>; table: IDataTableProps<T> }): JSX.Element {
  const { column, table } = props;
  const { sort, onSort } = table;
  const { sortBy } = column;
  if (!sortBy || !sort || !onSort) {
    return (
      <th scope="col" className={column.className}>
        {column.label}
      </th>
    );
  }
  const active = sort.by === sortBy;
  const ascending = sort.order === 'Ascending';
  const Caret = ascending ? caretUpIcon : caretDownIcon;
  const next: ISort = { by: sortBy, order: active && !ascending ? 'Ascending' : 'Descending' };
  return (
    <th
      scope="col"
      className={column.className}
      aria-sort={active ? (ascending ? 'ascending' : 'descending') : 'none'}
    >
      <button className="jp-studio-DataTable-sort" onClick={() => onSort(next)}>
        {column.label}
        {active && <Caret.react tag="span" height="14px" width="14px" />}
      </button>
    </th>
  );
}

function Pager(props: IPaging): JSX.Element | null {
  if (props.number === 1 && !props.hasNext) {
    return null;
  }
  return (
    <nav className="jp-studio-Pager" aria-label="Pages">
      <button
        className="jp-studio-Button"
        disabled={props.number === 1}
        onClick={props.onPrevious}
        data-testid="previous-page"
      >
        Previous
      </button>
      <span aria-live="polite">Page {props.number}</span>
      <button
        className="jp-studio-Button"
        disabled={!props.hasNext}
        onClick={props.onNext}
        data-testid="next-page"
      >
        Next
      </button>
    </nav>
  );
}
