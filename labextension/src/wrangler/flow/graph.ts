import { FlowText } from './text';
import { DEFAULT_OUTPUT, INode, IPlace, NodeType } from './types';

/** The nodes that read a node. */
export function readers(flow: FlowText, id: string): INode[] {
  return flow.nodes.filter(node => node.inputs.some(given => given.node_id === id));
}

/** A node and all that it follows from, in the order of the file. */
export function upstream(flow: FlowText, id: string): INode[] {
  return _reached(flow, [id], node => node.inputs.map(given => given.node_id));
}

/** All that follows from a node, in the order of the file. */
export function downstream(flow: FlowText, id: string): INode[] {
  const found = _reached(flow, [id], node => readers(flow, node.node_id).map(each => each.node_id));
  return found.filter(each => each.node_id !== id);
}

/** A node and those that are of no use without it: all that they follow from goes with it. */
export function dependents(flow: FlowText, id: string): INode[] {
  const gone = new Set([id]);
  for (let before = 0; before !== gone.size;) {
    before = gone.size;
    for (const node of flow.nodes) {
      if (node.inputs.length && node.inputs.every(given => gone.has(given.node_id))) {
        gone.add(node.node_id);
      }
    }
  }
  return flow.nodes.filter(node => gone.has(node.node_id));
}

/** Whether a node gives rows that others can read. */
export function givesTable(type: NodeType): boolean {
  return type === 'SOURCE' || type === 'TRANSFORM' || type === 'DATASET';
}

/** The name of an output that inputs may name. */
export function outputOf(flow: FlowText, place: IPlace): string {
  const [first] = flow.node(place.node).outputs;
  return partOf(flow, place.node, place.output) ?? first?.name ?? DEFAULT_OUTPUT;
}

/**
 * Which of a node's outputs is meant, where it gives several; undefined where it gives one.
 *
 * What none of them is called means the first one: files call it `default`.
 */
export function partOf(flow: FlowText, id: string, name?: string): string | undefined {
  const outputs = flow.nodes.find(each => each.node_id === id)?.outputs ?? [];
  const named = outputs.find(each => each.name === name) ?? outputs[0];
  return outputs.length > 1 ? named.name : undefined;
}

/** A node's output with its name, where the node gives several. */
export function placeOf(flow: FlowText, id: string, name?: string): IPlace {
  const output = partOf(flow, id, name);
  return output === undefined ? { node: id } : { node: id, output };
}

/** Where the flow's longest way ends: the table that most has been done for; null: no table. */
export function endOf(flow: FlowText): IPlace | null {
  const tables = flow.nodes.filter(each => givesTable(each.studio_disabled?.type ?? each.type));
  const ends = tables
    .filter(({ node_id }) => !readers(flow, node_id).some(each => tables.includes(each)))
    .map(({ node_id }) => ({ node_id, length: upstream(flow, node_id).length }));
  const longest = Math.max(...ends.map(each => each.length));
  const end = ends.find(each => each.length === longest);
  return end ? placeOf(flow, end.node_id) : null;
}

const KEYS = new WeakMap<FlowText, Map<string, string>>();

/** What changes when the rows of a node may: a digest of it and all that it follows from. */
export function dataKey(flow: FlowText, id: string): string {
  const known = KEYS.get(flow) ?? new Map<string, string>();
  KEYS.set(flow, known);
  const keyOf = (name: string): string => {
    let key = known.get(name);
    if (key === undefined) {
      known.set(name, ''); // ends a circle, which the server refuses
      const node = flow.nodes.find(each => each.node_id === name);
      key = node ? digest(JSON.stringify(meaning(node, keyOf))) : '';
      known.set(name, key);
    }
    return key;
  };
  return `${id}:${keyOf(id)}`;
}

/** What a node's rows follow from. */
function meaning(node: INode, keyOf: (id: string) => string): unknown[] {
  const read = node.inputs.map(given => [keyOf(given.node_id), given.output_name]);
  const { type, operator, parameters, trained_parameters, outputs } = node;
  return [type, operator, parameters, trained_parameters ?? null, read, outputs];
}

/** 53 bits of a text: enough to tell versions of one document apart (cyrb53, public domain). */
function digest(text: string): string {
  let [high, low] = [0xdeadbeef, 0x41c6ce57];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return (4294967296 * (2097151 & low) + (high >>> 0)).toString(36);
}

function _reached(flow: FlowText, from: string[], next: (node: INode) => string[]): INode[] {
  const seen = new Set<string>();
  const known = new Map(flow.nodes.map(node => [node.node_id, node]));
  const waiting = [...from];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    const node = known.get(id);
    if (node && !seen.has(id)) {
      seen.add(id);
      waiting.push(...next(node));
    }
  }
  return flow.nodes.filter(node => seen.has(node.node_id));
}
