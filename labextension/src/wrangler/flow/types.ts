/** Data Wrangler's `.flow` documents as they are written; members that Studio does not know stay. */

export type NodeType = 'SOURCE' | 'TRANSFORM' | 'DATASET' | 'VISUALIZATION' | 'DESTINATION';

/** What a node reads: an output of another one. The order of inputs tells left from right. */
export interface IInput {
  name: string;
  node_id: string;
  output_name: string;
}

export interface IOutput {
  name: string;
  /** How a source is sampled. */
  sampling?: unknown;
}

export type JsonObject = Record<string, unknown>;

export interface INode {
  node_id: string;
  type: NodeType;
  operator: string;
  /** What a person calls it. */
  name?: string;
  parameters: JsonObject;
  trained_parameters?: JsonObject;
  inputs: IInput[];
  outputs: IOutput[];
  /** What a step that is switched off would be; see `disable` in `edits.ts`. */
  studio_disabled?: IDisabled;
}

/** The members of a node that is switched off which others stand in for. */
export interface IDisabled {
  type: NodeType;
  operator: string;
  parameters: JsonObject;
  /** All that it reads, where that is more than one table. */
  inputs?: IInput[];
}

/** A step that is not in the flow yet. */
export interface INewStep {
  /** A transform unless given. */
  type?: NodeType;
  operator: string;
  parameters: JsonObject;
  name?: string;
  /** `default` alone unless given. */
  outputs?: string[];
}

/** A node, and which of its outputs. */
export interface IPlace {
  node: string;
  /** The first unless given. */
  output?: string;
}

export const DEFAULT_OUTPUT = 'default';

/** A transform that gives what it reads; Data Wrangler passes the parts of a split on by it. */
export const IDENTITY = 'sagemaker.spark.identity_0.1';
