import { IColumnProfile } from '../../api/types';
import { ITableSource } from './types';

/** The columns in view are asked for once they have stayed so for so long, in ms. */
const REST = 200;
/** Columns of one request: the first of them are drawn while others are worked on. */
const AT_ONCE = 6;

/** One column's figures, and of how many rows they are. */
export interface IProfiled {
  readonly profile: IColumnProfile;
  readonly rows: number;
  /** Only the first rows were looked at. */
  readonly sampled: boolean;
}

/** Figures of the columns of one source, read when they come into view. */
export class Profiles {
  constructor(readonly source: ITableSource) {}

  /** Counts the changes, for whoever draws them. */
  get version(): number {
    return this._version;
  }

  get(column: string): IProfiled | undefined {
    return this._known.get(column);
  }

  /** Why a column has no figures. */
  problem(column: string): Error | undefined {
    return this._failed.get(column);
  }

  subscribe = (listener: () => void): (() => void) => {
    this._listeners.add(listener);
    return () => this._listeners.delete(listener);
  };

  /** These columns can be seen; what is not seen any more is not worked on any further. */
  show(columns: readonly string[]): void {
    this._wanted = columns;
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this._work(), REST);
  }

  /** Read a column's figures from all rows. */
  async readWhole(column: string, signal: AbortSignal): Promise<void> {
    const found = await this.source.profile?.([column], signal, true);
    if (found && !signal.aborted) {
      this._keep(found.profiles, found.rows, found.sampled);
    }
  }

  /** Ask again for a column whose figures could not be read. */
  retry(column: string): void {
    this._failed.delete(column);
    this._changed();
    this._work();
  }

  dispose(): void {
    this._disposed = true;
    clearTimeout(this._timer);
    this._abort?.abort();
  }

  private _work(): void {
    if (this._disposed || !this.source.profile) {
      return;
    }
    const open = (name: string) => !this._known.has(name) && !this._failed.has(name);
    if (this._abort) {
      if (this._reading.some(name => this._wanted.includes(name))) {
        return;
      }
      this._abort.abort();
    }
    const next = this._wanted.filter(open).slice(0, AT_ONCE);
    if (next.length) {
      void this._read(next);
    }
  }

  private async _read(columns: readonly string[]): Promise<void> {
    const abort = (this._abort = new AbortController());
    this._reading = columns;
    try {
      const found = await this.source.profile?.(columns, abort.signal);
      if (found && !abort.signal.aborted) {
        this._keep(found.profiles, found.rows, found.sampled);
      }
    } catch (error) {
      if (!abort.signal.aborted) {
        columns.forEach(name => this._failed.set(name, error as Error));
        this._changed();
      }
    }
    if (this._abort === abort) {
      this._abort = null;
      this._work();
    }
  }

  private _keep(profiles: readonly IColumnProfile[], rows: number, sampled: boolean): void {
    profiles.forEach(profile => this._known.set(profile.Name, { profile, rows, sampled }));
    this._changed();
  }

  private _changed(): void {
    this._version += 1;
    if (!this._disposed) {
      this._listeners.forEach(listener => listener());
    }
  }

  private readonly _known = new Map<string, IProfiled>();
  private readonly _failed = new Map<string, Error>();
  private readonly _listeners = new Set<() => void>();
  private _wanted: readonly string[] = [];
  private _reading: readonly string[] = [];
  private _abort: AbortController | null = null;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _version = 0;
  private _disposed = false;
}
