import { IColumnProfile, IFlowColumn, IFlowFilter, IFlowSortKey } from '../../api/types';

/** What a column holds, in the words of the API. */
export type ColumnKind = IFlowColumn['Kind'];

/** What a step that is tried does to a column. */
export type ColumnChange = 'added' | 'changed' | 'removed';

export interface ITableColumn {
  readonly name: string;
  /** The engine's own name of the type, such as `DECIMAL(18, 3)`. */
  readonly type: string;
  readonly kind: ColumnKind;
  readonly changed?: ColumnChange;
}

/**
 * One value of a page. Whole numbers beyond 2^53 are texts, as are `NaN`, `Infinity` and
 * `-Infinity`; times are ISO 8601; lists and structures are JSON text; null is missing.
 */
export type CellValue = string | number | boolean | null;

/** Order, conditions and search, all of which the source carries out. */
export interface ITableView {
  readonly sort?: readonly IFlowSortKey[];
  /** All have to be true. */
  readonly filters?: readonly IFlowFilter[];
  /** Only rows that have this text in some column. */
  readonly search?: string;
}

export interface ITableQuery extends ITableView {
  readonly offset: number;
  readonly limit: number;
  /** Only these columns, in this order; all unless given. */
  readonly columns?: readonly string[];
  /** Longer texts may be cut; they then end with an ellipsis. */
  readonly maxTextLength?: number;
}

export interface ITablePage {
  readonly offset: number;
  /** Rows of this page. */
  readonly rowCount: number;
  /** The columns of this page, in the order of `data`. */
  readonly columns: readonly ITableColumn[];
  /** For each column, a value for each row. */
  readonly data: readonly (readonly CellValue[])[];
  readonly hasMore: boolean;
  /** All rows; absent where it is not known yet. */
  readonly totalRows?: number;
  /** Whether any other page costs the same as this one. */
  readonly indexed?: boolean;
  /** What the reader should know, such as rows that a source left out. */
  readonly notes?: readonly string[];
}

export interface ITableProfile {
  readonly profiles: readonly IColumnProfile[];
  /** The rows that were looked at. */
  readonly rows: number;
  /** They are the first ones only. */
  readonly sampled: boolean;
}

/** Where a grid's rows come from. Every call ends with an `AbortError` once its signal is set. */
export interface ITableSource {
  /** Another key means other data: what was read before is forgotten. */
  readonly key: string;
  fetch(query: ITableQuery, signal: AbortSignal): Promise<ITablePage>;
  /** How many rows there are, where a page did not tell because that takes reading them all. */
  count?(view: ITableView, signal: AbortSignal): Promise<number>;
  /** Figures of these columns, from a sample of the rows unless `whole` asks for all of them. */
  profile?(
    columns: readonly string[],
    signal: AbortSignal,
    whole?: boolean
  ): Promise<ITableProfile>;
}

/** An entry of a header's or a value's menu. */
export interface IGridAction {
  readonly label: string;
  readonly run: () => void;
}
