import { IDisposable } from '@lumino/disposable';
import { FlowError, isAbort } from '../api';
import { checksOf } from '../canvas/states';
import { pause } from './pause';
import { FlowSession } from './session';

/** Milliseconds from a change to looking at what it is, and from that to looking at tables. */
const DESCRIBE_AFTER = 100;
const VALIDATE_AFTER = 500;
/** Milliseconds between two tries while the server does not answer. */
const RETRY = [1000, 2000, 4000, 8000, 15000];

/** Keeps what is known of a flow up to date with its text. */
export class Checker implements IDisposable {
  constructor(private readonly _session: FlowSession) {
    this._unsubscribe = _session.subscribe(this._look);
    this._look();
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    this._unsubscribe();
    window.clearTimeout(this._timer);
    this._running?.abort();
  }

  /** Look again, whether or not something has changed. */
  again = (): void => {
    this._known = null;
    this._tries = 0;
    this._look();
  };

  private _look = (): void => {
    const { flow, textError } = this._session.state;
    if (!flow || textError || flow.text === this._known || this._isDisposed) {
      return;
    }
    this._known = flow.text;
    this._start(DESCRIBE_AFTER);
  };

  private _start(after: number): void {
    window.clearTimeout(this._timer);
    this._running?.abort();
    this._running = new AbortController();
    const { signal } = this._running;
    this._timer = window.setTimeout(() => void this._check(signal), after);
  }

  private async _check(signal: AbortSignal): Promise<void> {
    const { client } = this._session;
    const { flow } = this._session.state;
    if (!flow) {
      return;
    }
    try {
      const described = await client.describe(signal, flow.text);
      this._session.update({ described, lost: false, error: null });
      if (!flow.nodes.length || !described.Nodes.length) {
        this._tries = 0;
        this._session.update({ checking: false });
        return;
      }
      this._session.update({ checking: true });
      await pause(VALIDATE_AFTER, signal);
      const { Problems } = await client.validate(signal, flow.text);
      this._tries = 0;
      const checks = checksOf(flow, Problems, id => this._session.nameOf(id));
      this._session.update({ checks, checking: false, lost: false });
    } catch (error) {
      this._fail(error as Error);
    }
  }

  private _fail(error: Error): void {
    if (isAbort(error) || this._isDisposed) {
      return;
    }
    const lost = error instanceof FlowError && error.lost;
    this._session.update({ checking: false, lost, error: lost ? null : error });
    if (lost) {
      this._start(RETRY[Math.min(this._tries++, RETRY.length - 1)]);
    }
  }

  private _unsubscribe: () => void;
  private _known: string | null = null;
  private _timer = 0;
  private _tries = 0;
  private _running: AbortController | null = null;
  private _isDisposed = false;
}
