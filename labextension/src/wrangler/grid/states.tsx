import React from 'react';
import { EmptyState } from '../../components/Messages';
import { isPlain } from './filters';
import { ITableProblem } from './problems';
import { ITableView } from './types';

/** Where rows will be, before anything is known of them. */
export function LoadingTable(): JSX.Element {
  return (
    <div className="jp-studio-Grid-skeleton" role="status" data-testid="grid-loading">
      <span className="jp-studio-Hidden">Reading the first rows…</span>
      {Array.from({ length: 12 }, (_, row) => (
        <div key={row} aria-hidden="true">
          {Array.from({ length: 6 }, (__, column) => (
            <span key={column} style={{ width: `${38 + ((row * 7 + column * 13) % 40)}%` }} />
          ))}
        </div>
      ))}
    </div>
  );
}

/** Why no rows, or not all, can be shown. */
export function Problem(props: { problem: ITableProblem; onRetry: () => void }): JSX.Element {
  const { problem } = props;
  return (
    <div
      className={`jp-studio-Banner${problem.lost ? '' : ' jp-mod-bad'}`}
      role="alert"
      data-testid="grid-problem"
    >
      <div className="jp-studio-Banner-text">
        <strong>{problem.title}</strong>
        <pre>{problem.message}</pre>
      </div>
      <button className="jp-studio-Button" onClick={props.onRetry}>
        {problem.lost ? 'Try now' : 'Try again'}
      </button>
    </div>
  );
}

/** A table without rows. */
export function EmptyTable(props: { view: ITableView; onClear: () => void }): JSX.Element {
  if (isPlain(props.view)) {
    return (
      <EmptyState title="There are no rows">
        <p>The columns are there, but nothing is in them.</p>
      </EmptyState>
    );
  }
  return (
    <EmptyState title="No row fits">
      <button className="jp-studio-Button" onClick={props.onClear}>
        Show all rows
      </button>
    </EmptyState>
  );
}
