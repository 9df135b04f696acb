import { IFlowChanges, IFlowColumn } from '../../api/types';
import { Asked, FlowClient, IDataPage } from '../api';
import { isPlain } from './filters';
import { ColumnChange, ITablePage, ITableProfile, ITableQuery, ITableSource } from './types';

/** Rows of each source that headers' figures are made of: at most a second's work. */
export const PROFILE_ROWS = 100_000;

/** A node of a flow, and which of its outputs. */
export interface IFlowPlace {
  readonly nodeId: string;
  readonly outputName?: string;
  /** Another key where the rows may be others, as `dataKey` of the flow makes it. */
  readonly key: string;
}

/** What a step does to columns, where it is known beforehand. */
export interface IMarks {
  readonly added?: readonly string[];
  readonly changed?: readonly string[];
  readonly removed?: readonly string[];
}

/** A step that is tried, as `FlowClient.tryStep` is asked for it. */
export type TriedStep = Omit<Asked<'Studio.TryStep'>, keyof ReturnType<typeof pageOf> | 'Document'>;

/** The rows that a node gives, from the flow's text as it is now. */
export function flowSource(flow: FlowClient, place: IFlowPlace, marks: IMarks = {}): ITableSource {
  const asked = {
    NodeId: place.nodeId,
    OutputName: place.outputName,
    Document: flow.document
  };
  const { sampleRows } = flow;
  return {
    key: [place.key, place.outputName, sampleRows, JSON.stringify(marks)].join('\n'),
    fetch: async (query, signal) =>
      tablePage(await flow.preview({ ...asked, ...pageOf(query) }, signal), marks),
    count: async (view, signal) => {
      const page = await flow.preview(
        { ...asked, ...pageOf({ ...view, offset: 0, limit: 1 }), CountRows: true },
        signal
      );
      return page.TotalRows ?? page.RowCount;
    },
    profile: async (columns, signal, whole): Promise<ITableProfile> => {
      const fewer = !whole && (sampleRows === null || sampleRows > PROFILE_ROWS);
      const found = await flow.profile(
        { ...asked, Columns: [...columns], SampleRows: fewer ? PROFILE_ROWS : undefined },
        signal
      );
      // A source that has fewer rows than are looked at was looked at whole.
      const sampled = fewer && found.TotalRows >= PROFILE_ROWS;
      return { profiles: found.Profiles, rows: found.TotalRows, sampled };
    }
  };
}

/** The rows that a step would give, with the columns marked that are new or not as they were. */
export function trySource(
  flow: FlowClient,
  step: TriedStep,
  key: string,
  marks: IMarks = {}
): ITableSource {
  const asked = { ...step, Document: flow.document };
  let inPlace: readonly string[] = [];
  return {
    key: [key, flow.sampleRows, JSON.stringify([step, marks])].join('\n'),
    fetch: async (query, signal) => {
      const isFirst = query.offset === 0 && isPlain(query);
      const [{ Page, Changes }, before] = await Promise.all([
        flow.tryStep({ ...asked, ...pageOf(query) }, signal),
        isFirst ? pageBefore(flow, asked, query, signal) : null
      ]);
      if (before) {
        inPlace = changedInPlace(asked, before, Page);
      }
      return tablePage(Page, joined(marks, Changes, inPlace));
    },
    count: async (view, signal) => {
      const query = pageOf({ ...view, offset: 0, limit: 1 });
      const { Page } = await flow.tryStep({ ...asked, ...query, CountRows: true }, signal);
      return Page.TotalRows ?? Page.RowCount;
    }
  };
}

/** Marks for the rows before a step: what it will take away or change. */
export function marksBefore(changes: IFlowChanges, changed: readonly string[] = []): IMarks {
  return { removed: changes.Removed, changed: [...changes.Retyped, ...changed] };
}

/** Columns that are compared to see whether the rows are the same ones as before. */
const WITNESSES = 3;

/** The rows that a step reads, where they tell what it changes; null where they do not. */
async function pageBefore(
  flow: FlowClient,
  asked: TriedStep & { Document: string },
  query: ITableQuery,
  signal: AbortSignal
): Promise<IDataPage | null> {
  const [input] = asked.Inputs ?? [];
  if (!input || !workedOn(asked.StepParameters).length) {
    return null;
  }
  const { NodeId, OutputName } = input;
  const { Document } = asked;
  try {
    return await flow.preview({ NodeId, OutputName, Document, ...pageOf(query) }, signal);
  } catch (error) {
    // The rows after the step are there without their marks.
    console.debug('Studio: the rows before the step could not be read.', error);
    return null;
  }
}

/**
 * The columns that a step works on whose values it changes, by the first rows; none where a step
 * takes rows away or orders them, for then the values of others are not the same either.
 */
export function changedInPlace(
  step: Pick<TriedStep, 'StepParameters'>,
  before: IDataPage,
  after: IDataPage
): string[] {
  const [old, now] = [byName(before), byName(after)];
  const worked = workedOn(step.StepParameters).filter(name => old.has(name) && now.has(name));
  const differs = (name: string) => JSON.stringify(old.get(name)) !== JSON.stringify(now.get(name));
  const witnesses = [...now.keys()]
    .filter(name => old.has(name) && !worked.includes(name))
    .slice(0, WITNESSES);
  return witnesses.length && !witnesses.some(differs) ? worked.filter(differs) : [];
}

function byName(page: IDataPage): Map<string, IDataPage['Data'][number]> {
  return new Map(page.Columns.map(({ Name }, index) => [Name, page.Data[index]]));
}

/** The columns that a step's form names as what it works on. */
function workedOn(parameters: unknown): string[] {
  const { input_column: named } = (parameters ?? {}) as { input_column?: unknown };
  const names: unknown[] = Array.isArray(named) ? named : [named];
  return names.filter((name): name is string => typeof name === 'string');
}

function joined(marks: IMarks, changes: IFlowChanges, inPlace: readonly string[]): IMarks {
  return {
    added: [...(marks.added ?? []), ...changes.Added],
    changed: [...(marks.changed ?? []), ...changes.Retyped, ...inPlace],
    removed: marks.removed
  };
}

/** A query in the words of the API. */
function pageOf(query: ITableQuery) {
  return {
    Offset: query.offset,
    Limit: query.limit,
    Columns: query.columns && [...query.columns],
    Sort: query.sort && [...query.sort],
    Filters: query.filters && [...query.filters],
    Search: query.search,
    MaxTextLength: query.maxTextLength
  };
}

function tablePage(page: IDataPage, marks: IMarks): ITablePage {
  const changes = new Map<string, ColumnChange>();
  marks.changed?.forEach(name => changes.set(name, 'changed'));
  marks.added?.forEach(name => changes.set(name, 'added'));
  marks.removed?.forEach(name => changes.set(name, 'removed'));
  return {
    offset: page.Offset,
    rowCount: page.RowCount,
    columns: page.Columns.map(({ Name, Type, Kind }: IFlowColumn) => ({
      name: Name,
      type: Type,
      kind: Kind,
      changed: changes.get(Name)
    })),
    data: page.Data,
    hasMore: page.HasMore,
    totalRows: page.TotalRows,
    indexed: page.Indexed,
    notes: page.Notes
  };
}
