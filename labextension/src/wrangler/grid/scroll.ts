/**
 * Browsers clamp an element's height (Firefox at 17.8 million pixels, Chromium at 33.5), which
 * 10 million rows pass many times over. The scrolled element is therefore no higher than this, and
 * the place in the table is kept apart from the scrollbar's.
 */
export const MAX_HEIGHT = 8_000_000;

/**
 * Where in a table of any length one is, in pixels of the table, followed from a scrollbar that may
 * be shorter than the table.
 *
 * Small movements of the scrollbar (wheel, touch, keys) move the table by as many pixels, large
 * ones (a dragged thumb) to the same share of it. After small ones the bar stands elsewhere than
 * its share until `settled` puts it right.
 */
export class ScrollMap {
  constructor(
    readonly rowHeight: number,
    private _rows = 0,
    private _viewport = 0
  ) {}

  get rows(): number {
    return this._rows;
  }

  /** Height of the rows' part of the window, in pixels. */
  get viewport(): number {
    return this._viewport;
  }

  /** Place of the window's upper edge in the table, in pixels. */
  get top(): number {
    return this._top;
  }

  /** What the scrolled element's height is to be. */
  get height(): number {
    return Math.min(this.full, MAX_HEIGHT);
  }

  /** Where the scrollbar belongs. */
  get settled(): number {
    const [span, barSpan] = [this.full - this._viewport, this.height - this._viewport];
    return span > 0 ? Math.round((this._top / span) * barSpan) : 0;
  }

  /** First row of which something can be seen. */
  get first(): number {
    return Math.floor(this._top / this.rowHeight);
  }

  /** How many pixels of the first row are above the window. */
  get hidden(): number {
    return this._top - this.first * this.rowHeight;
  }

  /** One past the last row of which something can be seen. */
  get end(): number {
    return Math.min(this._rows, Math.ceil((this._top + this._viewport) / this.rowHeight));
  }

  /** The table or the window has another size; the upper edge stays where it can. */
  resize(rows: number, viewport: number): void {
    this._rows = rows;
    this._viewport = Math.max(0, viewport);
    this._place(this._top);
    this._bar = this.settled;
  }

  /** Follow the scrollbar to where it was moved; true where it has to be put to `settled` now. */
  follow(bar: number): boolean {
    const moved = bar - this._bar;
    this._bar = bar;
    const barSpan = this.height - this._viewport;
    const span = this.full - this._viewport;
    if (span === barSpan || Math.abs(moved) > this._viewport) {
      this._place(barSpan > 0 ? (bar / barSpan) * span : 0);
      return false;
    }
    this._place(this._top + moved);
    // At its end the bar could not follow any further, though the table goes on.
    const atEnd = bar <= 0 ? this._top > 0 : bar >= barSpan && this._top < span;
    return atEnd;
  }

  /** The scrollbar was put to where it belongs, which is no movement. */
  settle(): number {
    this._bar = this.settled;
    return this._bar;
  }

  /** Bring a row into the window, at its middle if it is far away. */
  reveal(row: number): void {
    const [start, end] = [row * this.rowHeight, (row + 1) * this.rowHeight];
    if (start >= this._top && end <= this._top + this._viewport) {
      return;
    }
    const above = start < this._top;
    const away = above ? this._top - start : end - this._top - this._viewport;
    if (away > this._viewport) {
      this._place(start - (this._viewport - this.rowHeight) / 2);
    } else {
      this._place(above ? start : end - this._viewport);
    }
  }

  private get full(): number {
    return this._rows * this.rowHeight;
  }

  private _place(top: number): void {
    this._top = Math.max(0, Math.min(top, this.full - this._viewport));
  }

  private _top = 0;
  private _bar = 0;
}
