import { UUID } from '@lumino/coreutils';
import { NEW_STYLE, written } from './style';
import { DEFAULT_OUTPUT, INewStep, INode } from './types';

/** The text of a flow of these steps, each of which reads the one before it. */
export function flowOf(steps: readonly INewStep[], id: () => string = UUID.uuid4): string {
  const nodes: INode[] = [];
  for (const step of steps) {
    const before = nodes[nodes.length - 1];
    nodes.push({
      node_id: id(),
      type: step.type ?? 'TRANSFORM',
      operator: step.operator,
      ...(step.name ? { name: step.name } : {}),
      parameters: step.parameters,
      inputs: before ? [{ name: 'df', node_id: before.node_id, output_name: DEFAULT_OUTPUT }] : [],
      outputs: [{ name: DEFAULT_OUTPUT }]
    });
  }
  const metadata = { version: 1, disable_limits: false };
  return `${written({ metadata, nodes }, NEW_STYLE, 0)}\n`;
}
