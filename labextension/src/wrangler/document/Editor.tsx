import React, { useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import '../../../style/wrangler/flow.css';
import { EmptyState, ErrorBanner } from '../../components/Messages';
import { FlowClient } from '../api';
import { Canvas } from '../canvas/Canvas';
import { IKnown, statusOf } from '../canvas/states';
import { flowOf } from '../flow/making';
import { IPreview } from '../steps/StepPanel';
import { IFlowActions } from '../tokens';
import { AnalysisArea, shownAnalysis } from './AnalysisTask';
import { Checker } from './checking';
import { GridArea, shownTable } from './GridArea';
import { Fitting } from './runs';
import { FlowSession, IFlowState } from './session';
import { hasDetails, SidePanel } from './SidePanel';
import { Split } from './Split';
import { SharedText } from './text';
import { addStepTo, Toolbar } from './Toolbar';

/** Rows of each source that are worked on unless the person says otherwise. */
const SAMPLE_ROWS = 50_000;

export interface IEditorProps {
  text: SharedText;
  makeClient: (options: { document: () => string; sampleRows: number | null }) => FlowClient;
  chooseFile: () => Promise<string | null>;
  openAsText: () => void;
  /** Told what commands may do with the flow; null when it is closed. */
  onActions: (actions: IFlowActions | null) => void;
}

/** A flow as it is worked on: its graph, its data, and what is chosen. */
export default function Editor(props: IEditorProps): JSX.Element {
  const { text, onActions } = props;
  const [preview, setPreview] = useState<IPreview | null>(null);
  const [wanted, setWanted] = useState(false);
  const [sampleRows, setSampleRows] = useState<number | null>(SAMPLE_ROWS);
  const made = useMade(props);
  const state = useSyncExternalStore(made.session.subscribe, () => made.session.state);
  const { session, fitting, checker } = made;
  useEffect(() => {
    onActions(actionsOf(session));
    return () => onActions(null);
  }, [session, state, onActions]);
  const known = useMemo(() => knownOf(state), [state]);
  if (!state.flow && state.textError) {
    return <NoFlow text={text} reason={state.textError} openAsText={props.openAsText} />;
  }
  const node = session.selectedNode;
  return (
    <div className="jp-studio-Flow" data-testid="flow-editor">
      <Toolbar
        session={session}
        state={state}
        fitting={fitting}
        sampleRows={sampleRows}
        onSampleRows={rows => {
          session.client.sampleRows = rows;
          setSampleRows(rows);
        }}
      />
      <Banners state={state} again={checker.again} openAsText={props.openAsText} />
      <Split
        name="details"
        label="Width of the details"
        direction="row"
        share={0.68}
        first={
          <Split
            name="table"
            label="Height of the table"
            direction="column"
            share={0.45}
            first={
              <Graph session={session} state={state} known={known} onOpen={() => setWanted(true)} />
            }
            second={
              shownTable(state) && (
                <Below session={session} state={state} preview={preview} sampleRows={sampleRows} />
              )
            }
          />
        }
        second={
          hasDetails(state) ? (
            <SidePanel
              session={session}
              state={state}
              status={node && state.flow ? statusOf(state.flow, node, known) : null}
              chooseFile={props.chooseFile}
              onPreview={setPreview}
              wanted={wanted}
              onEntered={() => setWanted(false)}
            />
          ) : null
        }
      />
    </div>
  );
}

function Graph(props: {
  session: FlowSession;
  state: IFlowState;
  known: IKnown;
  onOpen: () => void;
}): JSX.Element {
  const { session, state, known } = props;
  if (!state.flow?.nodes.length) {
    return (
      <EmptyState title="This flow has no data yet">
        <p>A flow begins with a file or a folder: CSV, Parquet, JSON or ORC, here or in S3.</p>
        <button
          className="jp-studio-Button jp-mod-primary"
          onClick={() => session.open({ kind: 'source' })}
        >
          Add data
        </button>
      </EmptyState>
    );
  }
  return (
    <Canvas
      flow={state.flow}
      described={state.described?.Nodes ?? []}
      known={known}
      selected={state.selected}
      onSelect={place => session.select(place)}
      onAdd={(place, before) => session.open({ kind: 'add', place, before })}
      onOpen={props.onOpen}
    />
  );
}

/** What is known of the chosen node: an analysis, or rows. */
function Below(props: {
  session: FlowSession;
  state: IFlowState;
  preview: IPreview | null;
  sampleRows: number | null;
}): JSX.Element | null {
  const { session, state, preview, sampleRows } = props;
  const analysis = shownAnalysis(session, state);
  const place = shownTable(state);
  if (analysis) {
    return <AnalysisArea session={session} state={state} shown={analysis} />;
  }
  return (
    place && (
      <GridArea
        session={session}
        state={state}
        place={place}
        preview={preview}
        sampleRows={sampleRows}
      />
    )
  );
}

function Banners(props: {
  state: IFlowState;
  again: () => void;
  openAsText: () => void;
}): JSX.Element | null {
  const { state, again } = props;
  if (state.textError) {
    return (
      <div className="jp-studio-Banner" role="alert" data-testid="text-error">
        <div className="jp-studio-Banner-text">
          <strong>The file is no flow as it stands; this is how it was before.</strong>
          <pre>{state.textError}</pre>
        </div>
        <button className="jp-studio-Button" onClick={props.openAsText}>
          Open as text
        </button>
      </div>
    );
  }
  if (state.lost) {
    return (
      <div className="jp-studio-Banner" role="status" data-testid="server-lost">
        <div className="jp-studio-Banner-text">
          <strong>The server does not answer.</strong> You can go on; what you change is kept here
          until it is saved.
        </div>
        <button className="jp-studio-Button" onClick={again}>
          Try again
        </button>
      </div>
    );
  }
  return <ErrorBanner error={state.error} title="The flow could not be read" onRetry={again} />;
}

/** A file that is no flow, or nothing yet. */
function NoFlow(props: { text: SharedText; reason: string; openAsText: () => void }): JSX.Element {
  const blank = !props.text.value.trim();
  return (
    <EmptyState title={blank ? 'This file is empty' : 'This file is no flow'}>
      {!blank && <p>{props.reason}</p>}
      {blank ? (
        <button
          className="jp-studio-Button jp-mod-primary"
          onClick={() =>
            props.text.apply([{ start: 0, end: props.text.value.length, text: flowOf([]) }])
          }
        >
          Begin a flow
        </button>
      ) : (
        <button className="jp-studio-Button" onClick={props.openAsText}>
          Open as text
        </button>
      )}
    </EmptyState>
  );
}

interface IMade {
  session: FlowSession;
  checker: Checker;
  fitting: Fitting;
}

/** What the editor works with, made once and let go of with it. */
function useMade(props: IEditorProps): IMade {
  const { text, makeClient } = props;
  const [made] = useState<IMade>(() => {
    const client = makeClient({ document: () => text.value, sampleRows: SAMPLE_ROWS });
    const session = new FlowSession(text, client);
    return { session, checker: new Checker(session), fitting: new Fitting(session) };
  });
  useEffect(
    () => () => {
      made.fitting.dispose();
      made.checker.dispose();
      made.session.dispose();
    },
    [made]
  );
  return made;
}

function knownOf(state: IFlowState): IKnown {
  const { described, checks, checking, run } = state;
  const progress = run ? run.done / Math.max(run.total, 1) : 0;
  return {
    problems: described?.Problems ?? [],
    checks,
    checking,
    run: run && { nodeId: run.nodeId, progress }
  };
}

/** What Lab's commands may do. */
function actionsOf(session: FlowSession): IFlowActions {
  const { state, selectedNode: node } = session;
  const id = node?.node_id ?? '';
  const [first] = node?.inputs ?? [];
  const on = (enabled: boolean, run: () => void) => ({ enabled, run });
  return {
    undo: on(state.canUndo, () => session.undo()),
    redo: on(state.canRedo, () => session.redo()),
    'add-data': on(true, () => session.open({ kind: 'source' })),
    'add-step': on(!!state.flow?.nodes.length, () => addStepTo(session)),
    'insert-before': on(!!first, () =>
      session.open({
        kind: 'add',
        place: { node: first.node_id, output: first.output_name },
        before: id
      })
    ),
    'add-branch': on(!!node && session.givesTable(id), () =>
      session.open({ kind: 'add', place: { node: id }, beside: true })
    ),
    analyse: on(!!node && session.givesTable(id), () =>
      session.open({ kind: 'analyse', place: state.selected ?? { node: id } })
    ),
    duplicate: on(!!node, () => session.duplicate(id)),
    toggle: on(!!first, () => session.toggle(id)),
    'move-earlier': on(session.canMove(id, 'up'), () => session.move(id, 'up')),
    'move-later': on(session.canMove(id, 'down'), () => session.move(id, 'down')),
    delete: on(!!node, () => session.delete(id))
  };
}
