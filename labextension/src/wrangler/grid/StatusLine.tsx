import React, { ReactNode, useState, useSyncExternalStore } from 'react';
import { isPlain } from './filters';
import { count } from './format';
import { Pages } from './pages';
import { useSlow } from './useTable';

/** Answers that come within this time need no word, in ms. */
const [QUICK, LONG] = [400, 3000];

/** How large the table is, what is being read, and a way to any row. */
export function StatusLine(props: {
  pages: Pages;
  onRow: (row: number) => void;
  note: string;
  children?: ReactNode;
}): JSX.Element {
  const { pages } = props;
  const state = useSyncExternalStore(pages.subscribe, () => pages.state);
  const waiting = useSlow(state.waitingSince, QUICK);
  const long = useSlow(state.waitingSince, LONG);
  return (
    <div className="jp-studio-Grid-status">
      <span data-testid="grid-rows">{sizeText(pages)}</span>
      <GoTo rows={state.rows} onRow={props.onRow} />
      {state.notes.map(note => (
        <span key={note} className="jp-studio-Muted">
          {note}
        </span>
      ))}
      <span className="jp-studio-Spacer" />
      {/* Told to screen readers, who do not see the rows come in. */}
      <span className="jp-studio-Muted" role="status" data-testid="grid-note">
        {props.note || (waiting ? (long ? 'Still reading…' : 'Reading…') : '')}
      </span>
      {long && (
        <button className="jp-studio-Link" onClick={() => pages.stop()}>
          Stop
        </button>
      )}
      {props.children}
    </div>
  );
}

function GoTo(props: { rows: number; onRow: (row: number) => void }): JSX.Element {
  const [text, setText] = useState('');
  return (
    <form
      onSubmit={event => {
        event.preventDefault();
        const row = Number(text.replace(/[,\s_]/g, ''));
        if (Number.isFinite(row) && row >= 1) {
          props.onRow(Math.min(props.rows, Math.round(row)) - 1);
        }
      }}
    >
      <label>
        Go to row{' '}
        <input
          className="jp-studio-Input"
          inputMode="numeric"
          data-testid="grid-goto"
          value={text}
          onChange={event => setText(event.target.value)}
        />
      </label>
    </form>
  );
}

function sizeText(pages: Pages): string {
  const { columns, rows, totalRows } = pages.state;
  if (!columns) {
    return '';
  }
  const found = isPlain(pages.view) ? '' : ' found';
  const some = totalRows === undefined ? `more than ${count(rows)}` : count(totalRows);
  const noun = totalRows === 1 ? 'row' : 'rows';
  return `${some} ${noun}${found}, ${count(columns.length)} column${columns.length === 1 ? '' : 's'}`;
}
