import { IFlowNode } from '../../api/types';
import { baseName } from '../../format';
import { INode, JsonObject, NodeType } from '../flow/types';

const KINDS: Record<NodeType, string> = {
  SOURCE: 'Data source',
  TRANSFORM: 'Step',
  DATASET: 'Data set',
  VISUALIZATION: 'Analysis',
  DESTINATION: 'Destination'
};

/** What a node is, in a word. */
export function kindOf(node: INode): string {
  return KINDS[node.studio_disabled?.type ?? node.type] ?? 'Node';
}

/** What a person calls a node. */
export function nameOf(node: INode, described?: IFlowNode): string {
  const was = node.studio_disabled ?? node;
  const text = (value: unknown) => (typeof value === 'string' && value ? value : undefined);
  const definition = was.parameters.dataset_definition as JsonObject | undefined;
  const output = was.parameters.output_config as JsonObject | undefined;
  const place = text(output?.output_path);
  return (
    text(node.name) ??
    (was.type === 'SOURCE' ? text(definition?.name) : undefined) ??
    (was.type === 'VISUALIZATION' ? text(was.parameters.name) : undefined) ??
    (was.type === 'DESTINATION' && place ? baseName(place) : undefined) ??
    // An operator that the server does not know is called by its identifier.
    (described && described.Label !== described.Operator ? described.Label : undefined) ??
    text(was.parameters.operator) ??
    words(was.operator)
  );
}

/** What is said below a node's name. */
export function detailOf(node: INode, described?: IFlowNode): string {
  if (described?.Address) {
    return described.Address;
  }
  const name = nameOf(node, described);
  const label = described?.Label;
  // Where a person has named a step, what it does stands below.
  const does = label && label !== name && label !== described.Operator ? label : undefined;
  return does ?? described?.Group ?? kindOf(node);
}

/** `sagemaker.spark.manage_columns_0.1` as "Manage columns". */
function words(operator: string): string {
  const last =
    operator
      .replace(/_\d[\d.]*$/, '')
      .split('.')
      .pop() ?? operator;
  const spaced = last.replace(/_/g, ' ');
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}
