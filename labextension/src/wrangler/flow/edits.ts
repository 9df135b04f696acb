import { UUID } from '@lumino/coreutils';
import { dependents, outputOf, partOf, readers } from './graph';
import { FlowText, FlowTextError } from './text';
import { DEFAULT_OUTPUT, IDENTITY, IInput, INewStep, INode, IPlace } from './types';

/** A changed flow, and the node that the change is about. */
export interface IEdited {
  flow: FlowText;
  node: string;
}

/** What makes ids of new nodes; tests give another one. */
export type MakeId = () => string;

const makeId: MakeId = UUID.uuid4;

/** Add a step that reads `inputs`; nothing that is there changes. */
export function addStep(
  flow: FlowText,
  step: INewStep,
  inputs: IPlace[],
  id: MakeId = makeId
): IEdited {
  const node: INode = {
    node_id: id(),
    type: step.type ?? 'TRANSFORM',
    operator: step.operator,
    ...(step.name ? { name: step.name } : {}),
    parameters: step.parameters,
    inputs: inputs.map((place, index) => asInput(flow, place, index)),
    outputs: (step.outputs?.length ? step.outputs : [DEFAULT_OUTPUT]).map(name => ({ name }))
  };
  return { flow: flow.append(node), node: node.node_id };
}

/**
 * Add a step after an output; the steps that read it read the new one's first output instead.
 *
 * Analyses and destinations stay: they are about the table that they were made for. A step of
 * several inputs takes the others from `further`.
 */
export function addAfter(
  flow: FlowText,
  step: INewStep,
  place: IPlace,
  further: IPlace[] = [],
  id: MakeId = makeId
): IEdited {
  const followers = isTransform(step) ? steps(flow, place) : [];
  const added = addStep(flow, step, [place, ...further], id);
  return { ...added, flow: redirect(added.flow, followers, place, { node: added.node }) };
}

/** Add a step between a node and one that reads it; the others that read it stay. */
export function insertBetween(
  flow: FlowText,
  step: INewStep,
  place: IPlace,
  reader: string,
  id: MakeId = makeId
): IEdited {
  const added = addStep(flow, step, [place], id);
  return { ...added, flow: redirect(added.flow, [reader], place, { node: added.node }) };
}

/** Another operator or other parameters for a node; what it has learned no longer holds. */
export function replaceStep(flow: FlowText, id: string, step: INewStep): FlowText {
  const node = flow.node(id);
  if (node.studio_disabled) {
    return flow
      .set(id, ['studio_disabled', 'operator'], step.operator)
      .set(id, ['studio_disabled', 'parameters'], step.parameters)
      .set(id, 'trained_parameters', undefined);
  }
  const unchanged =
    node.operator === step.operator &&
    JSON.stringify(node.parameters) === JSON.stringify(step.parameters);
  const replaced = flow.set(id, 'operator', step.operator).set(id, 'parameters', step.parameters);
  const names = node.outputs.map(each => each.name);
  const outputs = step.outputs?.length && step.outputs.join('\n') !== names.join('\n');
  const given = outputs
    ? replaced.set(
        id,
        'outputs',
        step.outputs?.map(name => ({ name }))
      )
    : replaced;
  return unchanged ? given : given.set(id, 'trained_parameters', undefined);
}

/**
 * Delete a node. What reads it reads its first input from then on; where there is none, as with a
 * source, all that follows from it alone goes too, and a join loses that side.
 */
export function deleteNode(flow: FlowText, id: string): FlowText {
  const [first] = flow.node(id).inputs;
  if (first) {
    const bridged = bypass(flow, id);
    return bridged.remove(id);
  }
  let left = flow;
  for (const node of dependents(flow, id)) {
    left = withoutInputs(left, node.node_id).remove(node.node_id);
  }
  return left;
}

/** A copy of a node beside it: it reads the same, and nothing reads it. */
export function duplicate(flow: FlowText, id: string, make: MakeId = makeId): IEdited {
  const copy = make();
  return { flow: flow.appendCopy(id, copy), node: copy };
}

/** Put a step behind another node; what it was between is joined up. */
export function moveAfter(flow: FlowText, id: string, place: IPlace): FlowText {
  if (!isMovable(flow.node(id)) || place.node === id) {
    throw new FlowTextError('Only steps that read one table can be moved.');
  }
  const without = bypass(flow, id);
  const followers = steps(without, place).filter(each => each !== id);
  const given = asInput(without, place, 0);
  const [old] = flow.node(id).inputs;
  const read = without.set(id, 'inputs', [{ ...given, name: old.name }]);
  return redirect(read, followers, place, { node: id });
}

/** What a step would change places with; null where it cannot. */
export function neighbour(flow: FlowText, id: string, direction: 'up' | 'down'): string | null {
  const node = flow.node(id);
  if (!isMovable(node)) {
    return null;
  }
  if (direction === 'up') {
    const before = flow.node(node.inputs[0].node_id);
    const alone = readers(flow, before.node_id).filter(isTransform).length === 1;
    return isMovable(before) && alone ? before.node_id : null;
  }
  const following = readers(flow, id).filter(isTransform);
  return following.length === 1 && isMovable(following[0]) ? following[0].node_id : null;
}

/**
 * Let a step change places with the one before or after it; the flow itself where it cannot.
 *
 * Places stay: what read the second of the two reads the second from then on too.
 */
export function moveStep(flow: FlowText, id: string, direction: 'up' | 'down'): FlowText {
  const other = neighbour(flow, id, direction);
  if (!other) {
    return flow;
  }
  const [upper, lower] = direction === 'up' ? [other, id] : [id, other];
  const [top] = flow.node(upper).inputs;
  const [middle] = flow.node(lower).inputs;
  const places = new Map([
    [upper, lower],
    [lower, upper]
  ]);
  const swapped = eachInputs(flow, inputs =>
    inputs.map(given => {
      const node_id = places.get(given.node_id);
      return node_id ? { ...given, node_id, output_name: firstOutput(flow, node_id) } : given;
    })
  );
  const { node_id, output_name } = top;
  return swapped
    .set(lower, 'inputs', [{ ...middle, node_id, output_name }])
    .set(upper, 'inputs', [{ ...top, node_id: lower, output_name: firstOutput(flow, lower) }]);
}

/**
 * Switch a node off: its rows pass through it unchanged.
 *
 * The format knows no such thing. So the node becomes the transform that does nothing, which Data
 * Wrangler has itself, and what it was is kept in a member that nobody else reads: whatever opens
 * the file computes the same.
 */
export function disable(flow: FlowText, id: string): FlowText {
  const node = flow.node(id);
  if (node.studio_disabled || !node.inputs.length) {
    return flow;
  }
  const { type, operator, inputs } = node;
  const parameters = flow.member(id, 'parameters');
  const off = flow
    .set(id, 'studio_disabled', { type, operator })
    .set(id, ['studio_disabled', 'parameters'], parameters ?? {})
    .set(id, 'type', 'TRANSFORM')
    .set(id, 'operator', IDENTITY)
    .set(id, 'parameters', {});
  return inputs.length < 2
    ? off
    : off
        .set(id, ['studio_disabled', 'inputs'], flow.member(id, 'inputs'))
        .set(id, 'inputs', inputs.slice(0, 1));
}

/** Switch a node on again. */
export function enable(flow: FlowText, id: string): FlowText {
  const node = flow.node(id);
  const was = node.studio_disabled;
  if (!was) {
    return flow;
  }
  const there = new Set(flow.nodes.map(each => each.node_id));
  const further = (was.inputs ?? []).slice(1).filter(given => there.has(given.node_id));
  const inputs = [...node.inputs, ...further];
  const same = JSON.stringify(inputs) === JSON.stringify(was.inputs);
  return flow
    .set(id, 'type', was.type)
    .set(id, 'operator', was.operator)
    .set(id, 'parameters', flow.member(id, 'studio_disabled', 'parameters'))
    .set(id, 'inputs', same ? flow.member(id, 'studio_disabled', 'inputs') : inputs)
    .set(id, 'studio_disabled', undefined);
}

/** Give a node a name of its own; an empty one takes it away. */
export function rename(flow: FlowText, id: string, name: string): FlowText {
  const node = flow.node(id);
  const given = name.trim();
  if (node.type === 'SOURCE') {
    return given ? flow.set(id, ['parameters', 'dataset_definition', 'name'], given) : flow;
  }
  if (node.type === 'VISUALIZATION') {
    return given ? flow.set(id, ['parameters', 'name'], given) : flow;
  }
  return flow.set(id, 'name', given || undefined);
}

/** What a node reads at one of its places: another node's output. */
export function connect(flow: FlowText, id: string, index: number, place: IPlace): FlowText {
  const inputs = [...flow.node(id).inputs];
  const name = inputs[index]?.name;
  const given = asInput(flow, place, index);
  inputs[index] = name === undefined ? given : { ...given, name };
  return flow.set(id, 'inputs', inputs);
}

/** Whether a step reads one table and gives some: only those change places. */
function isMovable(node: INode): boolean {
  return isTransform(node) && node.inputs.length === 1;
}

function isTransform(node: { type?: INode['type'] }): boolean {
  return (node.type ?? 'TRANSFORM') === 'TRANSFORM' || node.type === 'DATASET';
}

/** The transforms that read an output. */
function steps(flow: FlowText, place: IPlace): string[] {
  const output = outputOf(flow, place);
  return readers(flow, place.node)
    .filter(isTransform)
    .filter(each =>
      each.inputs.some(given => given.node_id === place.node && isOutput(flow, given, output))
    )
    .map(each => each.node_id);
}

/** Have nodes that read one output read another. */
function redirect(flow: FlowText, nodes: string[], from: IPlace, to: IPlace): FlowText {
  const output = outputOf(flow, from);
  const target = { node_id: to.node, output_name: outputOf(flow, to) };
  return nodes.reduce((changed, id) => {
    const turned = (inputs: IInput[]) =>
      inputs.map(given =>
        given.node_id === from.node && isOutput(flow, given, output)
          ? { ...given, ...target }
          : given
      );
    return changedInputs(changed, id, ['inputs'], changed.node(id).inputs, turned);
  }, flow);
}

/** Whether an input means an output: of a node that has one alone any name does. */
function isOutput(flow: FlowText, given: IInput, output: string): boolean {
  const part = partOf(flow, given.node_id, given.output_name);
  return part === undefined || part === output;
}

/** Have all that reads a node read what it reads first. */
function bypass(flow: FlowText, id: string): FlowText {
  const [first] = flow.node(id).inputs;
  const target = { node_id: first.node_id, output_name: first.output_name };
  const passed = (inputs: IInput[]) =>
    inputs.map(given => (given.node_id === id ? { ...given, ...target } : given));
  return eachInputs(flow, passed);
}

/** Without a node among what the others read. */
function withoutInputs(flow: FlowText, id: string): FlowText {
  return eachInputs(flow, inputs => inputs.filter(given => given.node_id !== id));
}

/** Change what nodes read, also what those would that are switched off. */
function eachInputs(flow: FlowText, change: (inputs: IInput[]) => IInput[]): FlowText {
  return flow.nodes.reduce((changed, node) => {
    const id = node.node_id;
    const read = changedInputs(changed, id, ['inputs'], node.inputs, change);
    const would = node.studio_disabled?.inputs;
    return would ? changedInputs(read, id, ['studio_disabled', 'inputs'], would, change) : read;
  }, flow);
}

/** What is as it was stays as it is written, with names left out where they go without saying. */
function changedInputs(
  flow: FlowText,
  id: string,
  path: string[],
  old: IInput[],
  change: (inputs: IInput[]) => IInput[]
): FlowText {
  const inputs = change(old);
  return JSON.stringify(inputs) === JSON.stringify(old) ? flow : flow.set(id, path, inputs);
}

function firstOutput(flow: FlowText, id: string): string {
  return outputOf(flow, { node: id });
}

function asInput(flow: FlowText, place: IPlace, index: number): IInput {
  return {
    name: index ? `df_${index}` : 'df',
    node_id: place.node,
    output_name: outputOf(flow, place)
  };
}
