import { Graph, layout } from '@dagrejs/dagre';

/** Size of a node, in pixels at a zoom of 1. */
export const NODE_WIDTH = 212;
export const NODE_HEIGHT = 58;
const BETWEEN_RANKS = 64;
const BETWEEN_NODES = 26;

export interface ILaidOut {
  id: string;
  reads: readonly string[];
}

/** Where each node stands, from left to right by what it reads: its upper left corner. */
export function positions(nodes: readonly ILaidOut[]): Map<string, { x: number; y: number }> {
  const graph = new Graph();
  graph.setGraph({ rankdir: 'LR', ranksep: BETWEEN_RANKS, nodesep: BETWEEN_NODES });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id } of nodes) {
    graph.setNode(id, { width: NODE_WIDTH, height: NODE_HEIGHT });
  }
  for (const { id, reads } of nodes) {
    for (const read of reads) {
      graph.setEdge(read, id);
    }
  }
  layout(graph);
  return new Map(
    nodes.map(({ id }) => {
      const { x, y } = graph.node(id) as { x: number; y: number };
      return [id, { x: x - NODE_WIDTH / 2, y: y - NODE_HEIGHT / 2 }];
    })
  );
}
