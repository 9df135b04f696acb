import { closeIcon } from '@jupyterlab/ui-components';
import React, { ReactNode, RefObject, useEffect, useState } from 'react';
import { useDebounced } from '../../hooks/useDebounced';
import { filterText, withFilter } from './filters';
import { ITableView } from './types';

/** Search, and the conditions and the order that are in force. */
export function Toolbar(props: {
  view: ITableView;
  onView: (change: (view: ITableView) => ITableView) => void;
  search: RefObject<HTMLInputElement>;
  children?: ReactNode;
}): JSX.Element {
  const { view, onView } = props;
  const [sort] = view.sort ?? [];
  return (
    <div className="jp-studio-Grid-toolbar">
      <Search {...props} />
      {view.filters?.map(filter => (
        <Chip
          key={filter.Column}
          label={filterText(filter)}
          onRemove={() => onView(old => withFilter(old, filter.Column, null))}
        />
      ))}
      {sort && (
        <Chip
          label={`${sort.Column}, ${sort.Order === 'Descending' ? 'descending' : 'ascending'}`}
          onRemove={() => onView(old => ({ ...old, sort: undefined }))}
        />
      )}
      <span className="jp-studio-Spacer" />
      {props.children}
    </div>
  );
}

function Search(props: {
  view: ITableView;
  onView: (change: (view: ITableView) => ITableView) => void;
  search: RefObject<HTMLInputElement>;
}): JSX.Element {
  const { onView } = props;
  const inForce = props.view.search ?? '';
  const [text, setText] = useState(inForce);
  const wanted = useDebounced(text, 350);
  useEffect(() => {
    onView(old => ((old.search ?? '') === wanted ? old : { ...old, search: wanted || undefined }));
  }, [wanted, onView]);
  // Taken away from outside, as when the columns are others.
  useEffect(() => setText(inForce), [inForce]);
  return (
    <input
      ref={props.search}
      type="search"
      className="jp-studio-Input"
      placeholder="Search the rows…"
      aria-label="Show only rows that contain"
      data-testid="grid-search"
      value={text}
      onChange={event => setText(event.target.value)}
    />
  );
}

function Chip(props: { label: string; onRemove: () => void }): JSX.Element {
  return (
    <span className="jp-studio-Grid-chip" data-testid="grid-chip">
      <span title={props.label}>{props.label}</span>
      <button
        className="jp-studio-IconButton"
        aria-label={`Remove: ${props.label}`}
        onClick={props.onRemove}
      >
        <closeIcon.react tag="span" height="12px" width="12px" />
      </button>
    </span>
  );
}
