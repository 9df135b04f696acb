import { Graph, layout } from '@dagrejs/dagre';

/** Size of a node, in pixels at a zoom of 1. */
export const NODE_WIDTH = 212;
export const NODE_HEIGHT = 58;
const BETWEEN_RANKS = 64;
const BETWEEN_NODES = 26;

const BETWEEN_ROWS = 70;
/** Columns that need no folding. */
const SHORT = 6;
const ASPECT = 2.6;

interface IPoint {
  x: number;
  y: number;
}

export interface ILaidOut {
  id: string;
  reads: readonly string[];
}

/** Where each node stands, from left to right by what it reads: its upper left corner. */
export function positions(nodes: readonly ILaidOut[]): Map<string, IPoint> {
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
  const places = nodes.map(({ id }): [string, IPoint] => {
    const { x, y } = graph.node(id) as IPoint;
    return [id, { x: x - NODE_WIDTH / 2, y: y - NODE_HEIGHT / 2 }];
  });
  return new Map(folded(places));
}

/**
 * Long flows in rows one below the other: as one line they would be too small to read.
 *
 * A row has the columns that make the whole about as wide as `ASPECT` times its height.
 */
function folded(places: [string, IPoint][]): [string, IPoint][] {
  const column = NODE_WIDTH + BETWEEN_RANKS;
  const columns = Math.max(...places.map(([, { x }]) => x), 0) / column + 1;
  const height = Math.max(...places.map(([, { y }]) => y), 0) + NODE_HEIGHT + BETWEEN_ROWS;
  const rows = Math.max(1, Math.floor(Math.sqrt((columns * column) / (ASPECT * height))));
  if (rows === 1 || columns <= SHORT) {
    return places;
  }
  const each = Math.ceil(columns / rows);
  return places.map(([id, { x, y }]) => {
    const at = Math.round(x / column);
    const row = Math.floor(at / each);
    return [id, { x: (at - row * each) * column, y: y + row * height }];
  });
}
