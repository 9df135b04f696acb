import { Event } from '@jupyterlab/services';
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

const SCHEMA = 'https://schema.studio-ext.org/changed/v1';

/** Kinds of resource that the panels watch. */
export type Kind = 'training-job' | 'processing-job' | 'endpoint' | 'endpoint-config' | 'model';

/** Something changed on the server; what it is now must be read from the API. */
export interface IChange {
  kind: Kind;
  name: string;
  change: 'created' | 'updated' | 'deleted';
}

/** Studio's part of the server's event stream. */
export class ChangeFeed implements IDisposable {
  constructor(private readonly _events: Event.IManager) {
    this._events.stream.connect(this._onEvent, this);
  }

  /** Emitted for each change, also for those made by this page. */
  get changed(): ISignal<this, IChange> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    Signal.clearData(this);
  }

  private _onEvent(_: Event.IManager, emission: Event.Emission): void {
    if (emission.schema_id === SCHEMA) {
      this._changed.emit(emission as unknown as IChange);
    }
  }

  private _changed = new Signal<this, IChange>(this);
  private _isDisposed = false;
}
