import { refreshIcon } from '@jupyterlab/ui-components';
import React, { ReactNode } from 'react';
import { humanise } from '../format';

/** Search, status filter and refresh above a list; `children` are its own buttons. */
export function ListToolbar(props: {
  title: string;
  search: string;
  onSearch: (text: string) => void;
  status: string;
  statuses: readonly string[];
  onStatus: (status: string) => void;
  onRefresh: () => void;
  children?: ReactNode;
}): JSX.Element {
  return (
    <header className="jp-studio-ListToolbar">
      <h2>{props.title}</h2>
      <input
        type="search"
        className="jp-studio-Input"
        placeholder="Search by name"
        aria-label="Search by name"
        data-testid="search"
        value={props.search}
        onChange={event => props.onSearch(event.target.value)}
      />
      <select
        className="jp-studio-Input"
        aria-label="Filter by status"
        data-testid="status-filter"
        value={props.status}
        onChange={event => props.onStatus(event.target.value)}
      >
        <option value="">Any status</option>
        {props.statuses.map(status => (
          <option key={status} value={status}>
            {humanise(status)}
          </option>
        ))}
      </select>
      <button
        className="jp-studio-IconButton"
        title="Refresh"
        aria-label="Refresh"
        onClick={props.onRefresh}
      >
        <refreshIcon.react tag="span" height="16px" width="16px" />
      </button>
      <span className="jp-studio-Spacer" />
      {props.children}
    </header>
  );
}
