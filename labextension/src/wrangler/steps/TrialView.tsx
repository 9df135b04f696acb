import React from 'react';
import { ErrorBanner } from '../../components/Messages';
import { FlowError } from '../api';
import { ITrial, Tried } from './useTry';

/** Names that are said one by one; of more only how many there are. */
const MOST_NAMED = 4;

/** What a step does to the table, as it was tried. */
export function TrialView(props: {
  trial: ITrial;
  /** The failure stands at its field already. */
  isPlaced: boolean;
  onRetry: () => void;
}): JSX.Element {
  const { trial, isPlaced } = props;
  const { tried, error } = trial;
  const lost = error instanceof FlowError && error.lost;
  const isHidden = isPlaced && !trial.running;
  return (
    <div
      className={`jp-studio-Trial${trial.running ? ' jp-mod-running' : ''}`}
      data-testid="trial"
      data-state={trial.running ? 'running' : error ? 'failed' : tried ? 'done' : 'idle'}
      aria-busy={trial.running}
      hidden={isHidden}
    >
      <div role="status" className="jp-studio-Trial-text">
        {trial.running && !tried && 'Trying the step…'}
        {tried && !error && <Effect tried={tried} milliseconds={trial.milliseconds} />}
      </div>
      {error && !isPlaced && (
        <ErrorBanner
          error={new Error(error.message)}
          title={lost ? 'The server does not answer' : 'The step does not work like this'}
          onRetry={lost ? props.onRetry : undefined}
        />
      )}
      {tried?.Page.Notes?.map(note => (
        <p key={note} className="jp-studio-Muted">
          {note}
        </p>
      ))}
      {tried?.Page.Printed && (
        <details className="jp-studio-Step-more" open={true}>
          <summary>What the code printed</summary>
          <pre>{tried.Page.Printed}</pre>
        </details>
      )}
    </div>
  );
}

function Effect(props: { tried: Tried; milliseconds: number | null }): JSX.Element {
  const { tried, milliseconds } = props;
  const { Added, Removed, Retyped } = tried.Changes;
  const parts: [string, string[]][] = [
    ['Adds', Added],
    ['Removes', Removed],
    ['Changes the type of', Retyped]
  ];
  const said = parts.filter(([, names]) => names.length);
  const { TotalRows } = tried.Page;
  return (
    <>
      {said.map(([verb, names]) => (
        <div key={verb}>
          {verb} <strong>{listed(names)}</strong>
        </div>
      ))}
      {said.length === 0 && <div>The columns stay the same.</div>}
      <div className="jp-studio-Muted">
        {TotalRows !== undefined && `${TotalRows.toLocaleString('en')} rows · `}
        {tried.NodeOutputs.length > 1 && `gives ${tried.NodeOutputs.join(', ')} · `}
        {milliseconds !== null && `tried in ${milliseconds} ms`}
      </div>
    </>
  );
}

function listed(names: string[]): string {
  const shown = names.slice(0, MOST_NAMED).join(', ');
  return names.length > MOST_NAMED ? `${shown} and ${names.length - MOST_NAMED} more` : shown;
}
