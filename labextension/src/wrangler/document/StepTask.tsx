import { JSONExt, JSONObject } from '@lumino/coreutils';
import React, { useEffect, useMemo, useState } from 'react';
import { IFlowNode, ITransform } from '../../api/types';
import { ErrorBanner, Loading } from '../../components/Messages';
import { dataKey, downstream, placeOf } from '../flow/graph';
import { FlowText } from '../flow/text';
import { INewStep, INode, IPlace } from '../flow/types';
import { IPreview, IStepNode, StepPanel } from '../steps/StepPanel';
import { StepSearch } from '../steps/StepSearch';
import { ITable } from '../steps/tables';
import { Values } from '../steps/values';
import { FlowSession, IFlowState, Task } from './session';
import { useCatalogue } from './useCatalogue';

export type OnPreview = (preview: IPreview | null) => void;

/** A new step: first which, then its form. */
export function AddTask(props: {
  session: FlowSession;
  state: IFlowState;
  task: Extract<Task, { kind: 'add' }>;
  onPreview: OnPreview;
  /** The step is chosen: its form is there. */
  onForm: () => void;
}): JSX.Element {
  const { session, state, task } = props;
  const { place } = task;
  const catalogue = useCatalogue(session.client, 'transforms');
  const [chosen, setChosen] = useState<ITransform | null>(null);
  const where = task.before
    ? `between ${session.nameOf(place.node)} and ${session.nameOf(task.before)}`
    : `${task.beside ? 'beside what follows' : 'after'} ${session.nameOf(place.node)}`;
  const flow = state.flow as FlowText;
  const suggested = task.suggestion;
  const transform = chosen ?? catalogue.found?.find(each => each.Key === suggested?.key) ?? null;
  const { onForm } = props;
  const key = transform?.Key;
  useEffect(() => {
    if (key) {
      onForm();
    }
    // Once for each step that is chosen.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [key]);
  return (
    <>
      <h3 className="jp-studio-SidePanel-title" data-testid="add-where">
        Add a step {where}
        {place.output ? `, ${place.output}` : ''}
      </h3>
      <ErrorBanner error={catalogue.error} onRetry={catalogue.again} />
      {!catalogue.found && !catalogue.error && <Loading />}
      {catalogue.found && !transform && (
        // The person has just asked for it.
        // eslint-disable-next-line jsx-a11y/no-autofocus
        <StepSearch transforms={catalogue.found} onChoose={setChosen} autoFocus={true} />
      )}
      {transform && (
        <StepPanel
          key={transform.Key}
          flow={session.client}
          transform={transform}
          inputs={[tableOf(session, place)]}
          tables={tablesOf(session, flow, flow.nodes, place.node)}
          values={transform.Key === suggested?.key ? suggested.values : undefined}
          version={dataKey(flow, place.node)}
          onPreview={props.onPreview}
          onApply={step => session.add(newStep(step), step.further)}
          onCancel={() => (chosen && !suggested ? setChosen(null) : session.select(state.selected))}
        />
      )}
    </>
  );
}

/** The form of a step that is there. */
export function EditTask(props: {
  session: FlowSession;
  state: IFlowState;
  node: INode;
  described: IFlowNode;
  onPreview: OnPreview;
}): JSX.Element | null {
  const { session, node, described } = props;
  const catalogue = useCatalogue(session.client, 'transforms');
  const flow = props.state.flow as FlowText;
  const transform = catalogue.found?.find(each => each.Key === described.Key);
  const inputs = useMemo(
    () =>
      (node.studio_disabled?.inputs ?? node.inputs).map(given =>
        tableOf(session, placeOf(flow, given.node_id, given.output_name))
      ),
    [session, flow, node]
  );
  if (!transform || catalogue.error) {
    return <ErrorBanner error={catalogue.error} onRetry={catalogue.again} />;
  }
  return (
    <StepPanel
      key={`${node.node_id} ${JSON.stringify(described.Parameters)}`}
      flow={session.client}
      transform={transform}
      inputs={inputs}
      replaceNodeId={node.node_id}
      values={described.Parameters as Values}
      version={inputs.map(each => dataKey(flow, each.node)).join()}
      onPreview={preview => props.onPreview(preview && isAsItIs(preview, node) ? null : preview)}
      onApply={step => session.replace(node.node_id, newStep(step))}
      onCancel={() => session.select(null)}
    />
  );
}

/** Whether a form that was tried says what the node is already: its own rows are shown then. */
function isAsItIs({ tried }: IPreview, node: INode): boolean {
  const { operator, parameters } = node.studio_disabled ?? node;
  return (
    !node.studio_disabled &&
    tried.NodeOperator === operator &&
    JSONExt.deepEqual(tried.NodeParameters as JSONObject, parameters as JSONObject)
  );
}

function newStep(step: IStepNode): INewStep {
  return { operator: step.operator, parameters: step.parameters, outputs: step.outputs };
}

/** A place as forms show it. */
export function tableOf(session: FlowSession, place: IPlace): ITable {
  const name = session.nameOf(place.node);
  return {
    node: place.node,
    output: place.output,
    label: place.output ? `${name}, ${place.output}` : name
  };
}

/** The other tables that a step on one may read: all but itself. */
function tablesOf(
  session: FlowSession,
  flow: FlowText,
  nodes: readonly INode[],
  from: string
): ITable[] {
  const after = new Set(downstream(flow, from).map(each => each.node_id));
  return nodes
    .filter(node => node.node_id !== from && session.givesTable(node.node_id))
    .filter(node => !after.has(node.node_id))
    .flatMap(node =>
      node.outputs.length > 1
        ? node.outputs.map(each => tableOf(session, { node: node.node_id, output: each.name }))
        : [tableOf(session, { node: node.node_id })]
    );
}
