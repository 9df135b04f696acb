import { redoIcon, stopIcon, undoIcon } from '@jupyterlab/ui-components';
import React from 'react';
import { attempt } from '../../components/dialogs';
import { plural } from '../../format';
import { IconButton } from './IconButton';
import { Fitting } from './runs';
import { endOf } from '../flow/graph';
import { FlowSession, IFlowState } from './session';

/** Rows of each source that are worked on. */
const SAMPLES: [number | null, string][] = [
  [1000, '1,000 rows'],
  [10_000, '10,000 rows'],
  [50_000, '50,000 rows'],
  [250_000, '250,000 rows'],
  [null, 'All rows']
];

/** What is done with the flow as a whole. */
export function Toolbar(props: {
  session: FlowSession;
  state: IFlowState;
  fitting: Fitting;
  sampleRows: number | null;
  onSampleRows: (rows: number | null) => void;
}): JSX.Element {
  const { session, state, fitting } = props;
  const problems = state.described?.Problems.length ?? 0;
  const failed = [...state.checks.values()].filter(each => each.problem).length;
  const wrong = Math.max(problems, failed);
  const learns = state.described?.Nodes.filter(each => each.Learns) ?? [];
  const refit = learns.length > 0 && learns.every(each => each.Trained);
  const fit = () => void attempt('The steps could not learn', () => fitting.fit(refit));
  return (
    <div className="jp-studio-FlowToolbar" role="toolbar" aria-label="Flow">
      <IconButton
        label="Undo"
        icon={undoIcon}
        enabled={state.canUndo}
        testid="undo"
        onClick={() => session.undo()}
      />
      <IconButton
        label="Redo"
        icon={redoIcon}
        enabled={state.canRedo}
        testid="redo"
        onClick={() => session.redo()}
      />
      <button
        className="jp-studio-Button"
        data-testid="add-source"
        onClick={() => session.open({ kind: 'source' })}
      >
        Add data
      </button>
      <button
        className="jp-studio-Button"
        data-testid="add-step"
        disabled={!state.flow?.nodes.length}
        onClick={() => addStepTo(session)}
      >
        Add step
      </button>
      <button
        className="jp-studio-Button"
        data-testid="analyse"
        disabled={!state.selected || !session.givesTable(state.selected.node)}
        title="Look at the chosen table: charts, figures, the report on its quality"
        onClick={() => state.selected && session.open({ kind: 'analyse', place: state.selected })}
      >
        Analyse
      </button>
      <span className="jp-studio-Spacer" />
      {wrong > 0 && (
        <button
          className="jp-studio-Button jp-mod-danger"
          data-testid="problems"
          onClick={() => session.open({ kind: 'problems' })}
        >
          {plural(wrong, 'problem')}
        </button>
      )}
      {state.run ? (
        <>
          <span role="status" data-testid="run-progress">
            {session.text && state.run.nodeId
              ? `${session.nameOf(state.run.nodeId)}, `
              : 'Starting, '}
            {state.run.done} of {state.run.total}
          </span>
          <IconButton
            label="Stop"
            icon={stopIcon}
            enabled={state.run.id !== undefined}
            testid="stop-run"
            onClick={() => void attempt('The run could not be stopped', () => fitting.stop())}
          />
        </>
      ) : (
        learns.length > 0 && (
          <button
            className="jp-studio-Button"
            data-testid="fit"
            title={
              refit
                ? 'Let every step learn anew from all rows'
                : 'Let every step learn from all rows, and keep it in the file'
            }
            onClick={fit}
          >
            {refit ? 'Refit' : 'Fit'}
          </button>
        )
      )}
      <label className="jp-studio-FlowToolbar-sample">
        Work on
        <select
          className="jp-studio-Input"
          data-testid="sample-rows"
          value={props.sampleRows ?? ''}
          onChange={event => props.onSampleRows(Number(event.target.value) || null)}
        >
          {SAMPLES.map(([rows, label]) => (
            <option key={label} value={rows ?? ''}>
              {label}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

/** Ask for a step after what is chosen, or else where the flow ends. */
export function addStepTo(session: FlowSession): void {
  const { flow, selected } = session.state;
  const chosen = selected && session.givesTable(selected.node) ? selected : null;
  const place = chosen ?? (flow && endOf(flow));
  if (place) {
    session.open({ kind: 'add', place });
  }
}
