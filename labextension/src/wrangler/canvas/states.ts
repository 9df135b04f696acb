import { IFlowProblem } from '../../api/types';
import { dataKey } from '../flow/graph';
import { FlowText } from '../flow/text';
import { INode } from '../flow/types';

export type NodeState = 'idle' | 'fresh' | 'running' | 'stale' | 'failed' | 'unsupported' | 'off';

/** How a node is, and what there is to say of it. */
export interface INodeStatus {
  state: NodeState;
  /** Why it failed, or what it waits for. */
  message?: string;
  field?: string;
  /** Of a run, between 0 and 1. */
  progress?: number;
}

/** What came of a node when it was last looked at, and of which of its versions. */
export interface ICheck {
  key: string;
  problem?: IFlowProblem;
  /** The name of the node before it that failed. */
  waitsFor?: string;
}

/** What the states of a flow follow from. */
export interface IKnown {
  /** What is wrong with the text as it is. */
  problems: readonly IFlowProblem[];
  checks: ReadonlyMap<string, ICheck>;
  /** Whether the server is looking at it. */
  checking: boolean;
  /** The node that a run is at, and how far the run is. */
  run: { nodeId?: string; progress: number } | null;
}

/** The state of a node as people are told it. */
export const STATE_LABELS: Record<NodeState, string> = {
  idle: 'Not run yet',
  fresh: 'Up to date',
  running: 'Running',
  stale: 'Changed since it ran',
  failed: 'Failed',
  unsupported: 'Not supported',
  off: 'Switched off'
};

export function statusOf(flow: FlowText, node: INode, known: IKnown): INodeStatus {
  if (node.studio_disabled) {
    return { state: 'off' };
  }
  const id = node.node_id;
  if (known.run?.nodeId === id) {
    return { state: 'running', progress: known.run.progress };
  }
  const check = known.checks.get(id);
  const current = check?.key === dataKey(flow, id) ? check : undefined;
  const problem = known.problems.find(each => each.NodeId === id) ?? current?.problem;
  if (problem) {
    const state = problem.Code === 'Unsupported' ? 'unsupported' : 'failed';
    return { state, message: problem.Message, field: problem.Field };
  }
  if (current?.waitsFor) {
    return { state: 'stale', message: `Waits for ${current.waitsFor}` };
  }
  if (current) {
    return { state: 'fresh' };
  }
  if (known.checking) {
    return { state: 'running' };
  }
  return { state: check ? 'stale' : 'idle' };
}

/** What came of each node, from all that is wrong with a flow. */
export function checksOf(
  flow: FlowText,
  problems: readonly IFlowProblem[],
  nameOf: (id: string) => string
): Map<string, ICheck> {
  const wrong = new Map(problems.map(each => [each.NodeId, each]));
  const found = new Map<string, ICheck>();
  const visit = (id: string): ICheck | undefined => {
    const node = flow.nodes.find(each => each.node_id === id);
    const done = found.get(id);
    if (!node || done) {
      return done;
    }
    const check: ICheck = { key: dataKey(flow, id), problem: wrong.get(id) };
    found.set(id, check); // also ends a circle
    for (const given of node.inputs) {
      const before = visit(given.node_id);
      check.waitsFor ??= before?.waitsFor ?? (before?.problem && nameOf(given.node_id));
    }
    return check;
  };
  flow.nodes.forEach(node => visit(node.node_id));
  return found;
}
