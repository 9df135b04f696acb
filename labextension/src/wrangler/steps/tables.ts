/** A table of a flow that a step reads, or may read. */
export interface ITable {
  node: string;
  /** The first of the node's outputs unless given. */
  output?: string;
  /** What people call it. */
  label: string;
}

/** Tells tables of one flow apart. */
export function tableKey({ node, output }: Pick<ITable, 'node' | 'output'>): string {
  return `${node}\n${output ?? ''}`;
}
