import { closeIcon } from '@jupyterlab/ui-components';
import React, { useEffect, useRef } from 'react';
import { EmptyState } from '../../components/Messages';
import { INodeStatus } from '../canvas/states';
import { AnalyseTask } from './AnalysisTask';
import { NodeHeader } from './NodeHeader';
import { FlowSession, IFlowState } from './session';
import { SourcePanel } from './SourcePanel';
import { AddTask, EditTask, OnPreview } from './StepTask';

/** What is done beside the graph: with the chosen node, a new source, what is wrong. */
export function SidePanel(props: {
  session: FlowSession;
  state: IFlowState;
  status: INodeStatus | null;
  chooseFile: () => Promise<string | null>;
  onPreview: OnPreview;
  /** The person asks for what is chosen: the focus is to come here, which `onEntered` then tells. */
  wanted: boolean;
  onEntered: () => void;
}): JSX.Element {
  const { session, state, status, wanted, onEntered } = props;
  const node = session.selectedNode;
  const described = node && session.described(node.node_id);
  const { task } = state;
  const host = useRef<HTMLElement>(null);
  useEffect(() => {
    if (wanted) {
      host.current?.focus();
      onEntered();
    }
  }, [wanted, onEntered]);
  useEffect(() => {
    if (task.kind === 'analyse' || task.kind === 'problems') {
      host.current?.focus();
    }
  }, [task]);
  return (
    <aside
      ref={host}
      className="jp-studio-SidePanel"
      aria-label="Details"
      tabIndex={-1}
      data-testid="side-panel"
    >
      <button
        className="jp-studio-IconButton jp-studio-SidePanel-close"
        title="Close"
        aria-label="Close the details"
        onClick={() => session.select(null)}
      >
        <closeIcon.react tag="span" height="16px" width="16px" />
      </button>
      {task.kind === 'add' && state.flow ? (
        <AddTask
          key={JSON.stringify(task)}
          session={session}
          state={state}
          task={task}
          onPreview={props.onPreview}
          onForm={() => host.current?.focus()}
        />
      ) : task.kind === 'analyse' ? (
        <AnalyseTask session={session} place={task.place} />
      ) : task.kind === 'source' ? (
        <SourcePanel
          chooseFile={props.chooseFile}
          onAdd={(source, then) => session.addSource(source, then)}
        />
      ) : task.kind === 'problems' ? (
        <Problems session={session} state={state} />
      ) : (
        node && status && <NodeHeader session={session} node={node} status={status} />
      )}
      {task.kind === 'node' && node && described?.Group && (
        <EditTask
          key={node.node_id}
          session={session}
          state={state}
          node={node}
          described={described}
          onPreview={props.onPreview}
        />
      )}
    </aside>
  );
}

/** Whether there is anything to show beside the graph. */
export function hasDetails(state: IFlowState): boolean {
  return state.selected !== null || state.task.kind === 'source' || state.task.kind === 'problems';
}

/** All that is wrong, each leading to its node. */
function Problems(props: { session: FlowSession; state: IFlowState }): JSX.Element {
  const { described, checks } = props.state;
  const found = new Map(
    [
      ...(described?.Problems ?? []),
      ...[...checks.values()].flatMap(each => each.problem ?? [])
    ].map(each => [`${each.NodeId} ${each.Message}`, each])
  );
  if (!found.size) {
    return <EmptyState title="Nothing is wrong" />;
  }
  return (
    <section className="jp-studio-Problems" data-testid="problem-list">
      <h3>Problems</h3>
      <ul>
        {[...found.values()].map(({ NodeId, Message }) => (
          <li key={`${NodeId} ${Message}`}>
            {NodeId && (
              <button
                className="jp-studio-Link"
                onClick={() => props.session.select({ node: NodeId })}
              >
                {props.session.nameOf(NodeId)}
              </button>
            )}
            <p>{Message}</p>
          </li>
        ))}
      </ul>
    </section>
  );
}
