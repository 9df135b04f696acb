import { UUID } from '@lumino/coreutils';
import { ISignal, Signal } from '@lumino/signaling';
import { Input, Output, StudioClient, Target } from '../api/client';
import { ApiError } from '../api/request';
import { IAnalysis, IFlowProblem, IFlowPage, ITransform } from '../api/types';

/** What went wrong with a flow, and where, as far as the server knows. */
export class FlowError extends ApiError {
  constructor(error: ApiError) {
    super(error.code, error.message, error.status, error.details);
    const text = (name: string) => {
      const value = error.details[name];
      return typeof value === 'string' ? value : undefined;
    };
    this.reason = text('Reason') as IFlowProblem['Code'] | undefined;
    this.nodeId = text('NodeId');
    this.field = text('Field');
  }

  readonly reason?: IFlowProblem['Code'];
  readonly nodeId?: string;
  /** The parameter that is amiss, as the server names it. */
  readonly field?: string;

  /** Whether the server itself did not answer: what was asked may be right. */
  get lost(): boolean {
    // The server has answered that what it asked did not: asked again that may end the same way.
    const answered = this.code === 'ServiceUnavailable';
    return !answered && [0, 502, 503, 504].includes(this.status);
  }
}

/** Whether a request ended because the page gave it up. */
export function isAbort(error: unknown): boolean {
  return (error as Error | undefined)?.name === 'AbortError';
}

/** A page whose rows came as JSON: a list of values for each column. */
export interface IDataPage extends IFlowPage {
  Data: (string | number | boolean | null)[][];
}

/** What the client itself knows of each request. */
type Known =
  'Document' | 'DocumentUri' | 'FlowId' | 'Parameters' | 'RequestId' | 'SampleRows' | 'Format';
/** What a caller says in a request about a flow. */
export type Asked<T extends Target> = Omit<Input<T>, Known> & {
  /** Another text than the one in the editor. */
  Document?: string;
  /** Another number of rows than the client's `sampleRows`, where less will do. */
  SampleRows?: number;
};

export interface IFlowClientOptions {
  /** The flow's text as it stands in the editor; asked for at each request. */
  document: () => string;
  /** Rows that are read of each source at most; null: all of them. */
  sampleRows?: number | null;
}

/** Catalogues are the same for every flow of a server; kept for as long as its client. */
const CATALOGUES = new WeakMap<StudioClient, Map<Target, Promise<unknown>>>();

/**
 * The operations on one flow.
 *
 * Each rejects with a `FlowError`. Aborting a signal ends the work on the server too; the promise
 * then rejects with an `AbortError`.
 */
export class FlowClient {
  constructor(
    readonly client: StudioClient,
    /** The document's path: requests of one flow share a process on the server. */
    readonly flowId: string,
    private readonly _options: IFlowClientOptions
  ) {
    this._sampleRows = _options.sampleRows ?? null;
  }

  /** The flow's text as it stands in the editor. */
  get document(): string {
    return this._options.document();
  }

  /** Rows that are read of each source at most; null: all of them. */
  get sampleRows(): number | null {
    return this._sampleRows;
  }

  set sampleRows(rows: number | null) {
    if (rows !== this._sampleRows) {
      this._sampleRows = rows;
      this._sampleRowsChanged.emit(rows);
    }
  }

  get sampleRowsChanged(): ISignal<this, number | null> {
    return this._sampleRowsChanged;
  }

  /** Nodes, edges and what is wrong with them; reads no data. */
  describe(signal?: AbortSignal, document?: string): Promise<Output<'Studio.DescribeFlow'>> {
    return this._ask('Studio.DescribeFlow', { Document: document }, signal);
  }

  /** All that is wrong, also what only tables show. */
  validate(signal?: AbortSignal, document?: string): Promise<Output<'Studio.ValidateFlow'>> {
    return this._ask('Studio.ValidateFlow', { Document: document }, signal);
  }

  /** The columns that a node gives, and what it has learned. */
  describeNode(
    asked: Asked<'Studio.DescribeNode'>,
    signal?: AbortSignal
  ): Promise<Output<'Studio.DescribeNode'>> {
    return this._ask('Studio.DescribeNode', asked, signal);
  }

  /** A page of the rows that a node gives. */
  preview(asked: Asked<'Studio.PreviewFlow'>, signal?: AbortSignal): Promise<IDataPage> {
    return this._ask('Studio.PreviewFlow', asked, signal) as Promise<IDataPage>;
  }

  /** A page of what a step would give that is not in the flow. */
  tryStep(
    asked: Asked<'Studio.TryStep'>,
    signal?: AbortSignal
  ): Promise<Output<'Studio.TryStep'> & { Page: IDataPage }> {
    return this._ask('Studio.TryStep', asked, signal) as Promise<
      Output<'Studio.TryStep'> & { Page: IDataPage }
    >;
  }

  /** A form's values as a node of the file has them; looks at no table. */
  describeStep(
    asked: Input<'Studio.DescribeStep'>,
    signal?: AbortSignal
  ): Promise<Output<'Studio.DescribeStep'>> {
    return this._send('Studio.DescribeStep', asked, signal);
  }

  /** Counts, figures, frequent values and a histogram of columns. */
  profile(
    asked: Asked<'Studio.ProfileColumns'>,
    signal?: AbortSignal
  ): Promise<Output<'Studio.ProfileColumns'>> {
    return this._ask('Studio.ProfileColumns', asked, signal);
  }

  /** The document with what its steps learn. */
  fit(asked: Asked<'Studio.FitFlow'>, signal?: AbortSignal): Promise<Output<'Studio.FitFlow'>> {
    return this._ask('Studio.FitFlow', asked, signal);
  }

  runAnalysis(
    asked: Asked<'Studio.RunAnalysis'>,
    signal?: AbortSignal
  ): Promise<Output<'Studio.RunAnalysis'>> {
    return this._ask('Studio.RunAnalysis', asked, signal);
  }

  /** Begin what takes long; follow it with `describeRun`. Fits learn from all rows. */
  startRun(
    asked: Asked<'Studio.StartFlowRun'>,
    signal?: AbortSignal
  ): Promise<Output<'Studio.StartFlowRun'>> {
    const sample = asked.Type === 'FIT' ? {} : this._sample;
    return this._ask('Studio.StartFlowRun', { ...sample, ...asked }, signal);
  }

  /** How far a run is; waits up to `waitSeconds` for its end. */
  describeRun(
    runId: string,
    waitSeconds = 0,
    signal?: AbortSignal
  ): Promise<Output<'Studio.DescribeFlowRun'>> {
    const asked = { RunId: runId, WaitSeconds: waitSeconds };
    return this._send('Studio.DescribeFlowRun', asked, signal);
  }

  async stopRun(runId: string): Promise<void> {
    await this._send('Studio.StopFlowRun', { RunId: runId });
  }

  /** The flow's runs of the last day. */
  listRuns(signal?: AbortSignal): Promise<Output<'Studio.ListFlowRuns'>> {
    return this._send('Studio.ListFlowRuns', { FlowId: this.flowId }, signal);
  }

  /** Every transform with its form; asked for once. */
  async transforms(): Promise<readonly ITransform[]> {
    return (await this._catalogue('Studio.ListTransforms')).Transforms ?? [];
  }

  /** Every analysis with its form; asked for once. */
  async analyses(): Promise<readonly IAnalysis[]> {
    return (await this._catalogue('Studio.ListAnalyses')).Analyses ?? [];
  }

  /** End the flow's process; the next request starts another. */
  async close(): Promise<void> {
    await this._send('Studio.CloseFlow', { FlowId: this.flowId });
  }

  private _catalogue<T extends 'Studio.ListTransforms' | 'Studio.ListAnalyses'>(
    target: T
  ): Promise<Output<T>> {
    const known = CATALOGUES.get(this.client) ?? new Map<Target, Promise<unknown>>();
    CATALOGUES.set(this.client, known);
    let found = known.get(target) as Promise<Output<T>> | undefined;
    if (!found) {
      found = this._send(target, {} as Input<T>);
      known.set(target, found);
      // Who asks after the server is back gets an answer.
      found.catch(() => known.delete(target));
    }
    return found;
  }

  /** A request about this flow. */
  private async _ask<T extends Target>(
    target: T,
    asked: object,
    signal?: AbortSignal
  ): Promise<Output<T>> {
    const request = UUID.uuid4();
    const given = Object.entries(asked).filter(([, value]) => value !== undefined);
    const input = {
      Document: this.document,
      FlowId: this.flowId,
      RequestId: request,
      ...(SAMPLED.has(target) ? this._sample : {}),
      ...Object.fromEntries(given)
    } as unknown as Input<T>;
    // A proxy need not pass on that the connection was closed.
    const cancel = () => {
      this.client
        .call('Studio.CancelFlowRequest', { RequestId: request })
        .catch(error => console.debug('A request cannot be canceled.', error));
    };
    signal?.addEventListener('abort', cancel);
    try {
      return await this._send(target, input, signal);
    } catch (error) {
      if (!(error instanceof FlowError && error.code === 'ServiceUnavailable')) {
        throw error;
      }
      // The flow's process was killed; this starts a fresh one.
      return await this._send(target, input, signal);
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  private async _send<T extends Target>(
    target: T,
    input: Input<T>,
    signal?: AbortSignal
  ): Promise<Output<T>> {
    try {
      return await this.client.call(target, input, signal);
    } catch (error) {
      throw error instanceof ApiError ? new FlowError(error) : error;
    }
  }

  /** What asks for a sample of the rows, where one is worked on. */
  private get _sample(): { SampleRows?: number } {
    return this._sampleRows === null ? {} : { SampleRows: this._sampleRows };
  }

  private _sampleRows: number | null;
  private _sampleRowsChanged = new Signal<this, number | null>(this);
}

/** Operations that always read the sample that is worked on. */
const SAMPLED = new Set<Target>([
  'Studio.ValidateFlow',
  'Studio.DescribeNode',
  'Studio.PreviewFlow',
  'Studio.TryStep',
  'Studio.ProfileColumns',
  'Studio.RunAnalysis'
]);
