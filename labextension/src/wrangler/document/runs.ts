import { IDisposable } from '@lumino/disposable';
import { Output } from '../../api/client';
import { FlowError, isAbort } from '../api';
import { FlowText } from '../flow/text';
import { pause } from './pause';
import { FlowSession } from './session';

type FlowRun = Output<'Studio.DescribeFlowRun'>;

/** Seconds that a question about a run waits for news. */
const WAIT_S = 2;
/** Milliseconds to the next question where the server does not answer. */
const RETRY = 2000;

/** Lets all steps learn from all rows, on the server, and puts what they learned into the flow. */
export class Fitting implements IDisposable {
  constructor(private readonly _session: FlowSession) {}

  get isDisposed(): boolean {
    return this._gone.signal.aborted;
  }

  /** The page goes; the run itself goes on. */
  dispose(): void {
    this._gone.abort();
  }

  /** Rejects where the run fails, with the reason. */
  async fit(refit: boolean): Promise<void> {
    const { client, state } = this._session;
    if (!state.flow || state.run) {
      return;
    }
    const asked = state.flow.text;
    const begun = { done: 0, total: state.flow.nodes.length };
    // Said before it is asked for: a second click begins no other one.
    this._session.update({ run: begun });
    try {
      const { RunId } = await client.startRun({ Type: 'FIT', Refit: refit, Document: asked });
      this._session.update({ run: { ...begun, id: RunId } });
      const fitted = await this._follow(RunId);
      if (fitted !== null) {
        this._take(asked, fitted);
      }
    } catch (error) {
      if (!isAbort(error)) {
        throw error;
      }
    } finally {
      this._session.update({ run: null });
    }
  }

  async stop(): Promise<void> {
    const { run } = this._session.state;
    if (run?.id) {
      await this._session.client.stopRun(run.id);
    }
  }

  /** The document that comes of a run; null of one that was stopped. */
  private async _follow(id: string): Promise<string | null> {
    for (;;) {
      const told = await this._ask(id);
      if (!told) {
        continue;
      }
      if (told.Status === 'Failed') {
        throw new Error(told.FailureReason ?? 'The reason is not known.');
      }
      if (told.Status !== 'InProgress') {
        return told.Status === 'Completed' ? (told.Document ?? null) : null;
      }
      const { NodeId, Done = 0, Total = 0 } = told.Progress ?? {};
      this._session.update({ run: { id, nodeId: NodeId, done: Done, total: Total } });
    }
  }

  /** How far a run is; null where the server does not answer: the run goes on without it. */
  private async _ask(id: string): Promise<FlowRun | null> {
    const { signal } = this._gone;
    try {
      return await this._session.client.describeRun(id, WAIT_S, signal);
    } catch (error) {
      if (!(error instanceof FlowError && error.lost)) {
        throw error;
      }
      await pause(RETRY, signal);
      return null;
    }
  }

  /** Put what was learned into the flow as it is now: nodes that changed meanwhile keep theirs. */
  private _take(asked: string, fitted: string): void {
    const [before, after] = [FlowText.parse(asked), FlowText.parse(fitted)];
    this._session.change(flow =>
      flow.nodes.reduce((changed, { node_id }) => {
        const learned = there(after, node_id) && after.member(node_id, 'trained_parameters');
        const same = there(before, node_id) && before.raw(node_id) === flow.raw(node_id);
        return learned && same ? changed.set(node_id, 'trained_parameters', learned) : changed;
      }, flow)
    );
  }

  private _gone = new AbortController();
}

function there(flow: FlowText, id: string): boolean {
  return flow.nodes.some(node => node.node_id === id);
}
