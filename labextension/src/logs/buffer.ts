/** One line of a log; its time is in milliseconds since the epoch. */
export interface ILogLine {
  /** Grows by one with each line, also over dropped ones. */
  index: number;
  time: number;
  text: string;
  stream: string;
}

/** Colour codes of terminals, which a page cannot use. */
// eslint-disable-next-line no-control-regex
const ANSI = /\u001b\[[0-9;?]*[A-Za-z]/g;

type NewLine = Omit<ILogLine, 'index'>;

/** The newest lines of a log, bounded, so that a chatty job cannot fill the browser. */
export class LogBuffer {
  constructor(private _limit = 20_000) {}

  /** The lines that are held, oldest first; a new array after each change. */
  get lines(): readonly ILogLine[] {
    return this._lines;
  }

  /** Whether older lines were dropped to stay in bounds. */
  get isTruncated(): boolean {
    return this._isTruncated;
  }

  append(lines: NewLine[]): void {
    if (!lines.length) {
      return;
    }
    const all = this._lines.concat(this._clean(lines, this._next));
    this._next += lines.length;
    this._isTruncated = this._isTruncated || all.length > this._limit;
    this._lines = all.slice(-this._limit);
  }

  /** Put lines that are older than all others in front; the bound grows by as many. */
  prepend(lines: NewLine[]): void {
    const first = this._lines.length ? this._lines[0].index : this._next;
    this._limit += lines.length;
    this._lines = this._clean(lines, first - lines.length).concat(this._lines);
  }

  private _clean(lines: NewLine[], first: number): ILogLine[] {
    return lines.map((line, offset) => ({
      ...line,
      index: first + offset,
      text: line.text.replace(ANSI, '').replace(/[\r\n]+$/, '')
    }));
  }

  private _lines: ILogLine[] = [];
  private _next = 0;
  private _isTruncated = false;
}
