import { CELL_TEXT } from './format';
import { ISpan } from './layout';
import { TILE_ROWS, TileCache } from './tiles';
import { CellValue, ITableColumn, ITablePage, ITableSource, ITableView } from './types';

/** Least time between two requests of which the later makes the earlier superfluous, in ms. */
const PAUSE = 60;
/** First and longest wait before a server that cannot be reached is asked again, in ms. */
const [RETRY, LONGEST_RETRY] = [1000, 15_000];

/** A part of the table that the window shows. */
export interface IWindow {
  readonly rows: ISpan;
  readonly columns: ISpan;
}

interface IRequest {
  readonly keys: Set<number>;
  readonly abort: AbortController;
  /** Nothing of it can be seen yet. */
  readonly ahead: boolean;
  readonly started: number;
}

export interface IPagesState {
  /** Undefined until the first page is there. */
  readonly columns: readonly ITableColumn[] | undefined;
  /** Rows that can be scrolled to; grows while the number is not known. */
  readonly rows: number;
  readonly totalRows: number | undefined;
  readonly error: Error | null;
  /** When the oldest request for something that can be seen was sent; null where none is open. */
  readonly waitingSince: number | null;
  readonly notes: readonly string[];
}

/**
 * The rows of one view of a source: fetches what the window shows, then what it will show next, and
 * gives up what it does not show any more.
 */
export class Pages {
  constructor(
    readonly source: ITableSource,
    readonly view: ITableView
  ) {}

  /** Called when values came in. */
  onData: (() => void) | null = null;

  get state(): IPagesState {
    return this._state;
  }

  /** Have `listener` called on every change of `state`, until the returned function is called. */
  subscribe = (listener: () => void): (() => void) => {
    this._listeners.add(listener);
    return () => this._listeners.delete(listener);
  };

  /** A value; undefined where it is still to come. */
  value(row: number, column: number): CellValue | undefined {
    return this._cache?.value(row, column);
  }

  /** Values that are kept now. */
  get cells(): number {
    return this._cache?.cells ?? 0;
  }

  /** Read the first page, which tells the columns too. */
  open(): void {
    void this._first();
  }

  /** The window shows this part. */
  show(window: IWindow): void {
    const cache = this._cache;
    if (!cache || this._disposed) {
      return;
    }
    this._forward = this._window ? window.rows.first >= this._window.rows.first : true;
    this._rightward = this._window ? window.columns.first >= this._window.columns.first : true;
    this._window = window;
    const visible = cache.keys(cache.area(window.rows, window.columns));
    cache.touch(visible);
    this._visible = new Set(visible);
    this._work();
  }

  /** Ask again for what failed. */
  retry(): void {
    this._failed.clear();
    this._set({ error: null });
    if (this._cache) {
      this._work();
    } else {
      this.open();
    }
  }

  /** Give up what is being read; `retry` goes on. */
  stop(): void {
    const stopped = new Error('Reading was stopped.');
    stopped.name = 'Stopped';
    for (const request of this._requests.values()) {
      request.keys.forEach(key => this._failed.add(key));
      request.abort.abort();
    }
    this._requests.clear();
    this._set({ error: stopped, waitingSince: null });
  }

  dispose(): void {
    this._disposed = true;
    clearTimeout(this._timer);
    clearTimeout(this._retryTimer);
    this._requests.forEach(request => request.abort.abort());
    this._requests.clear();
    this._counting.abort();
  }

  private async _first(): Promise<void> {
    const request = this._begin([], false);
    try {
      const page = await this.source.fetch(
        { ...this.view, offset: 0, limit: TILE_ROWS, maxTextLength: CELL_TEXT },
        request.abort.signal
      );
      if (!this._end(request)) {
        return;
      }
      this._retries = 0;
      this._cache = new TileCache(page.columns.length);
      this._cache.put(
        this._cache.area(span(0, TILE_ROWS), span(0, page.columns.length)),
        page.data
      );
      this._set({ columns: page.columns, notes: page.notes ?? [] });
      this._learn(page);
      this.onData?.();
      void this._count();
    } catch (error) {
      this._failedWith(request, error as Error);
    }
  }

  /** Start what has to be read next; nothing where enough is under way. */
  private _work(): void {
    const cache = this._cache as TileCache;
    const open = new Set<number>();
    this._requests.forEach(({ keys }) => keys.forEach(key => open.add(key)));
    const missing = [...this._visible].filter(
      key => !cache.has(key) && !open.has(key) && !this._failed.has(key)
    );
    const failing = [...this._visible].some(key => this._failed.has(key) && !cache.has(key));
    if (this._state.error && !failing) {
      this._set({ error: null });
    }
    if (missing.length) {
      this._soon(missing);
    } else if (!this._requests.size && !failing) {
      this._ahead(cache);
    }
    this._waiting();
  }

  /** Read what can be seen, now or after a pause where another request has only just begun. */
  private _soon(missing: number[]): void {
    clearTimeout(this._timer);
    const wait = this._lastStart + PAUSE - performance.now();
    if (wait > 0) {
      this._timer = setTimeout(() => this._work(), wait);
      return;
    }
    for (const [id, request] of this._requests) {
      const wanted = [...request.keys].some(key => this._visible.has(key));
      if (!wanted) {
        request.abort.abort();
        this._requests.delete(id);
      }
    }
    void this._read(missing, false);
  }

  /** Read the neighbour in the direction of travel. */
  private _ahead(cache: TileCache): void {
    const shown = this._window as IWindow;
    const area = cache.area(shown.rows, shown.columns);
    const lastDown = Math.ceil(this._state.rows / TILE_ROWS);
    const lastAlong = Math.ceil(cache.columns / cache.width);
    const below = beside(area.rows, this._forward, lastDown);
    const right = beside(area.columns, this._rightward, lastAlong);
    for (const next of [
      { rows: below, columns: area.columns },
      { rows: area.rows, columns: right }
    ]) {
      const missing = cache.keys(next).filter(key => !cache.has(key) && !this._failed.has(key));
      if (missing.length) {
        void this._read(missing, true);
        return;
      }
    }
  }

  private async _read(keys: number[], ahead: boolean): Promise<void> {
    const cache = this._cache as TileCache;
    const area = cache.around(keys);
    const { offset, limit, columns } = cache.extent(area);
    const all = columns.first === 0 && columns.end === cache.columns;
    const names = this._state.columns?.slice(columns.first, columns.end).map(each => each.name);
    const request = this._begin(cache.keys(area), ahead);
    try {
      const page = await this.source.fetch(
        {
          ...this.view,
          offset,
          limit,
          columns: all ? undefined : names,
          maxTextLength: CELL_TEXT
        },
        request.abort.signal
      );
      if (!this._end(request)) {
        return;
      }
      cache.put(area, page.data);
      this._retries = 0;
      this._learn(page);
      this.onData?.();
      this._work();
    } catch (error) {
      this._failedWith(request, error as Error);
    }
  }

  private _begin(keys: number[], ahead: boolean): IRequest {
    const started = performance.now();
    const request = { keys: new Set(keys), abort: new AbortController(), ahead, started };
    this._requests.set(request.abort, request);
    this._lastStart = started;
    this._waiting();
    return request;
  }

  /** A request is over; false where its answer is not wanted any more. */
  private _end(request: IRequest): boolean {
    const wanted = this._requests.delete(request.abort) && !this._disposed;
    if (wanted) {
      this._waiting();
    }
    return wanted;
  }

  private _failedWith(request: IRequest, error: Error): void {
    if (!this._end(request)) {
      return;
    }
    if (request.ahead && error.name !== 'NetworkError') {
      // It is asked for again, and then told, when it comes into view.
      return;
    }
    request.keys.forEach(key => this._failed.add(key));
    this._set({ error });
    if (error.name === 'NetworkError') {
      clearTimeout(this._retryTimer);
      const wait = Math.min(RETRY * 2 ** this._retries++, LONGEST_RETRY);
      this._retryTimer = setTimeout(() => this.retry(), wait);
    }
  }

  /** What a page tells of the table's length. */
  private _learn(page: ITablePage): void {
    const end = page.offset + page.rowCount;
    const ended = !page.hasMore && (page.rowCount > 0 || page.offset === 0);
    const totalRows = page.totalRows ?? (ended ? end : this._state.totalRows);
    this._seen = Math.max(this._seen, end);
    if (!page.hasMore && !page.rowCount && totalRows === undefined) {
      // Nothing is there: the table ends before.
      this._bound = Math.min(this._bound, page.offset);
    }
    const guess = Math.min(this._bound, this._seen + (page.hasMore ? TILE_ROWS : 0));
    this._set({ totalRows, rows: totalRows ?? Math.max(this._state.rows, guess) });
  }

  private async _count(): Promise<void> {
    if (this._state.totalRows !== undefined || !this.source.count) {
      return;
    }
    try {
      const totalRows = await this.source.count(this.view, this._counting.signal);
      if (!this._disposed) {
        this._set({ totalRows, rows: totalRows });
        this.onData?.();
      }
    } catch (error) {
      // The table can be read without it, and grows as it is scrolled.
      console.debug('Studio: the rows could not be counted.', error);
    }
  }

  private _waiting(): void {
    let since: number | null = null;
    for (const { ahead, keys, started } of this._requests.values()) {
      const seen = !ahead || [...keys].some(key => this._visible.has(key));
      if (seen && (since === null || started < since)) {
        since = started;
      }
    }
    if (since !== this._state.waitingSince) {
      this._set({ waitingSince: since });
    }
  }

  private _set(change: Partial<IPagesState>): void {
    this._state = { ...this._state, ...change };
    if (!this._disposed) {
      this._listeners.forEach(listener => listener());
    }
  }

  private _state: IPagesState = {
    columns: undefined,
    rows: 0,
    totalRows: undefined,
    error: null,
    waitingSince: null,
    notes: []
  };
  private readonly _listeners = new Set<() => void>();
  private _cache: TileCache | null = null;
  private _window: IWindow | null = null;
  private _visible = new Set<number>();
  private readonly _requests = new Map<AbortController, IRequest>();
  private readonly _failed = new Set<number>();
  private readonly _counting = new AbortController();
  private _seen = 0;
  private _bound = Infinity;
  private _forward = true;
  private _rightward = true;
  private _lastStart = -Infinity;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _retryTimer: ReturnType<typeof setTimeout> | undefined;
  private _retries = 0;
  private _disposed = false;
}

function span(first: number, end: number): ISpan {
  return { first, end };
}

/** The part beside a span, before or behind it; empty at the table's edge. */
function beside(shown: ISpan, behind: boolean, end: number): ISpan {
  return behind
    ? span(shown.end, Math.min(end, shown.end + 1))
    : span(Math.max(0, shown.first - 1), shown.first);
}
