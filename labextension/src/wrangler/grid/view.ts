import { ColumnLayout, ISpan } from './layout';
import { Pages } from './pages';
import { ROW_HEIGHT, RowPainter } from './rows';
import { ScrollMap } from './scroll';
import { HEADER_ROW, ICell, IRange, ISelection, rangeOf } from './selection';
import { ITableColumn } from './types';

/** The scrollbar is put to its place so long after the last movement, in ms. */
const SETTLE = 150;

/** The elements that the view moves. */
export interface IViewElements {
  /** What scrolls. */
  readonly scroller: HTMLElement;
  /** As large as the table, or as large as may be. */
  readonly sizer: HTMLElement;
  /** What is seen of the table; as large as the scroller's inside. */
  readonly window: HTMLElement;
  readonly head: HTMLElement;
  readonly headTrack: HTMLElement;
  readonly rows: HTMLElement;
  readonly gutter: HTMLElement;
  /** Outlines of the selection, and of the cell with the focus. */
  readonly selected: HTMLElement;
  readonly active: HTMLElement;
}

export interface IViewEvents {
  /** Other columns can be seen. */
  onColumns(columns: ISpan): void;
}

/** Draws the part of a table that its window shows, and follows the scrollbars. */
export class GridView {
  constructor(
    private readonly _e: IViewElements,
    private readonly _events: IViewEvents,
    activeId: string
  ) {
    this._painter = new RowPainter(_e.rows, _e.gutter, activeId);
    this._observer = new ResizeObserver(() => this._resized());
    this._observer.observe(_e.scroller);
    this._observer.observe(_e.head);
    _e.scroller.addEventListener('scroll', this._onScroll, { passive: true });
  }

  /** Rows that fit into the window whole. */
  get page(): number {
    return Math.max(1, Math.floor(this._map.viewport / ROW_HEIGHT));
  }

  /** First row in the window. */
  get firstRow(): number {
    return this._map.first;
  }

  /** Show a table; another one begins at its first row, the same one stays where it is. */
  setTable(
    pages: Pages,
    columns: readonly ITableColumn[],
    layout: ColumnLayout,
    rows: number
  ): void {
    if (pages !== this._pages) {
      this._pages = pages;
      this._painter.refresh();
    }
    if (columns !== this._columns || layout !== this._layout) {
      this._columns = columns;
      this._layout = layout;
    }
    const value = (row: number, column: number) => pages.value(row, column);
    this._painter.reset({ columns, layout, value });
    this._rows = rows;
    this._resized();
  }

  /** Values came in. */
  refresh(): void {
    this._painter.refresh();
    this.paint();
  }

  select(selection: ISelection | null): void {
    this._selection = selection;
    this._range = selection && rangeOf(selection);
    this._painter.select(this._range, selection?.focus ?? null);
    this._outline();
  }

  /** Show the table from its first row on. */
  toTop(): void {
    this._map.reveal(0);
    this._settle();
    this.paint();
  }

  focus(): void {
    this._e.scroller.focus({ preventScroll: true });
  }

  /** Bring a cell into the window. */
  reveal(cell: ICell): void {
    const { scroller } = this._e;
    if (cell.row !== HEADER_ROW) {
      this._map.reveal(cell.row);
    }
    const left = this._layout.reveal(cell.column, scroller.scrollLeft, this._width);
    if (left !== scroller.scrollLeft) {
      scroller.scrollLeft = left;
    }
    this._settle();
    this.paint();
  }

  /** The cell at a point of the page, the nearest one where the point is outside. */
  cellAt(x: number, y: number): ICell | null {
    if (!this._rows || !this._columns.length) {
      return null;
    }
    const box = this._e.window.getBoundingClientRect();
    const left = x - box.left - this._gutterWidth + this._e.scroller.scrollLeft;
    const top = y - box.top - this._headHeight + this._map.top;
    return {
      row: Math.max(0, Math.min(Math.floor(top / ROW_HEIGHT), this._rows - 1)),
      column: this._layout.visible(Math.max(0, left), 1).first
    };
  }

  /** Where a cell stands on the page. */
  boxOf(cell: ICell): DOMRect {
    const box = this._e.window.getBoundingClientRect();
    const x = this._layout.start(cell.column) - this._e.scroller.scrollLeft;
    const y = cell.row * ROW_HEIGHT - this._map.top;
    const inHead = cell.row === HEADER_ROW;
    return new DOMRect(
      box.left + this._gutterWidth + x,
      box.top + (inHead ? 0 : this._headHeight + y),
      this._layout.widths[cell.column],
      inHead ? this._headHeight : ROW_HEIGHT
    );
  }

  dispose(): void {
    window.clearTimeout(this._timer);
    this._observer.disconnect();
    this._e.scroller.removeEventListener('scroll', this._onScroll);
  }

  /** Draw what the window shows, and have what is missing fetched. */
  paint(): void {
    if (!this._pages) {
      return;
    }
    const left = this._e.scroller.scrollLeft;
    const rows = { first: this._map.first, end: this._map.end };
    const columns = this._layout.visible(left, this._width);
    this._painter.paint(rows, columns, this._map.hidden, left);
    this._e.headTrack.style.transform = `translateX(${-left}px)`;
    this._outline();
    if (columns.first !== this._seen.first || columns.end !== this._seen.end) {
      this._seen = columns;
      this._events.onColumns(columns);
    }
    this._pages.show({ rows, columns });
  }

  private _outline(): void {
    const range = this._range;
    const active = this._selection?.focus ?? null;
    const { selected, active: outline } = this._e;
    const inRows = range !== null && active !== null && active.row >= 0;
    outline.hidden = !inRows;
    selected.hidden = !inRows || (range.top === range.bottom && range.left === range.right);
    if (inRows) {
      this._place(outline, {
        top: active.row,
        bottom: active.row,
        left: active.column,
        right: active.column
      });
      this._place(selected, range);
    }
  }

  private _place(element: HTMLElement, range: IRange): void {
    // A selection may be as high as the table: only what is near the window is drawn.
    const { rows } = this._painter.shown;
    const top = Math.max(range.top, rows.first - 2);
    const bottom = Math.min(range.bottom, rows.end + 2);
    if (bottom < top) {
      element.hidden = true;
      return;
    }
    const [start, end] = [this._layout.start(range.left), this._layout.start(range.right + 1)];
    element.style.transform = `translate(${start}px, ${this._painter.place(top)}px)`;
    element.style.width = `${end - start}px`;
    element.style.height = `${(bottom - top + 1) * ROW_HEIGHT}px`;
  }

  private _onScroll = (): void => {
    const mustSettle = this._map.follow(this._e.scroller.scrollTop);
    if (mustSettle) {
      this._settle();
    } else {
      window.clearTimeout(this._timer);
      this._timer = window.setTimeout(() => this._settle(), SETTLE);
    }
    this.paint();
  };

  /** Put the scrollbar to where the window is in the table. */
  private _settle(): void {
    const bar = this._map.settle();
    if (Math.abs(this._e.scroller.scrollTop - bar) >= 1) {
      this._e.scroller.scrollTop = bar;
    }
  }

  private _resized(): void {
    const { scroller, sizer, window: shown, head, gutter } = this._e;
    this._headHeight = head.offsetHeight;
    this._gutterWidth = gutter.offsetWidth;
    this._map.resize(this._rows, scroller.clientHeight - this._headHeight);
    this._width = Math.max(0, scroller.clientWidth - this._gutterWidth);
    sizer.style.height = `${this._map.height + this._headHeight}px`;
    sizer.style.width = `${this._layout.total + this._gutterWidth}px`;
    shown.style.height = `${scroller.clientHeight}px`;
    shown.style.width = `${scroller.clientWidth}px`;
    this._settle();
    this.paint();
  }

  private readonly _painter: RowPainter;
  private readonly _observer: ResizeObserver;
  private readonly _map = new ScrollMap(ROW_HEIGHT);
  private _pages: Pages | null = null;
  private _columns: readonly ITableColumn[] = [];
  private _layout = new ColumnLayout([]);
  private _rows = 0;
  private _width = 0;
  private _headHeight = 0;
  private _gutterWidth = 0;
  private _seen: ISpan = { first: -1, end: -1 };
  private _selection: ISelection | null = null;
  private _range: IRange | null = null;
  private _timer = 0;
}
