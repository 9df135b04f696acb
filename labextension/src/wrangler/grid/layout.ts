/** Columns from `first` up to `end`. */
export interface ISpan {
  readonly first: number;
  readonly end: number;
}

/** Where each column of a table lies, in pixels from the left of the first. */
export class ColumnLayout {
  constructor(readonly widths: readonly number[]) {
    this._starts = new Float64Array(widths.length + 1);
    widths.forEach((width, index) => {
      this._starts[index + 1] = this._starts[index] + width;
    });
  }

  /** Width of all columns. */
  get total(): number {
    return this._starts[this.widths.length];
  }

  start(column: number): number {
    return this._starts[column];
  }

  /** The columns of which something can be seen through a window of this width. */
  visible(left: number, width: number): ISpan {
    if (!this.widths.length) {
      return { first: 0, end: 0 };
    }
    return { first: this._at(left), end: this._at(left + Math.max(1, width) - 1) + 1 };
  }

  /** How far to scroll so that a column can be seen whole, or its beginning. */
  reveal(column: number, left: number, width: number): number {
    const [start, end] = [this._starts[column], this._starts[column + 1]];
    if (start < left || end - start > width) {
      return start;
    }
    return end > left + width ? end - width : left;
  }

  /** The column at a place; the first or the last where the place is outside. */
  private _at(place: number): number {
    let [low, high] = [0, this.widths.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this._starts[middle] <= place) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  private readonly _starts: Float64Array;
}

export const MIN_WIDTH = 56;
const [NARROWEST, WIDEST] = [104, 300];
/** Pixels of a character, and of what stands around a cell's and a header's text. */
const [CHARACTER, PADDING, HEADER] = [8.3, 20, 62];

/** A width that fits a column's name and the texts of some of its cells. */
export function fitting(name: string, texts: readonly string[], widest = WIDEST): number {
  const longest = texts.reduce((most, text) => Math.max(most, text.length), 0);
  const wanted = Math.max(name.length * CHARACTER + HEADER, longest * CHARACTER + PADDING);
  return Math.round(Math.max(NARROWEST, Math.min(wanted, widest)));
}
