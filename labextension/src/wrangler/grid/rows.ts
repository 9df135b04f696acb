import { cellText, isNumeric } from './format';
import { ColumnLayout, ISpan } from './layout';
import { ICell, IRange } from './selection';
import { CellValue, ITableColumn } from './types';

export const ROW_HEIGHT = 24;
/** Rows are placed from a row nearby: pixels of row ten million would not be exact. */
const REBASE = 10_000;

/** What the rows show. */
export interface IRowsContent {
  readonly columns: readonly ITableColumn[];
  readonly layout: ColumnLayout;
  readonly value: (row: number, column: number) => CellValue | undefined;
}

interface IPooledCell {
  readonly element: HTMLElement;
  readonly text: Text;
  column: number;
  className: string;
}

interface IPooledRow {
  readonly element: HTMLElement;
  readonly number: HTMLElement;
  readonly cells: IPooledCell[];
  index: number;
}

const CELL = 'jp-studio-Grid-cell';
const LOADING = `${CELL} jp-mod-loading`;

/**
 * The rows in the window, drawn with elements that are used again: row `i` is always drawn by
 * element `i` modulo their number, and so are columns, so that scrolling by a row writes one row.
 */
export class RowPainter {
  /**
   * @param _host holds the rows, and is moved as a whole.
   * @param _gutter holds the rows' numbers, which do not move sideways.
   * @param _activeId id of the cell that has the focus, for `aria-activedescendant`.
   */
  constructor(
    private readonly _host: HTMLElement,
    private readonly _gutter: HTMLElement,
    private readonly _activeId: string
  ) {}

  /** Other columns, widths or rows: everything is drawn anew at the next `paint`. */
  reset(content: IRowsContent): void {
    this._content = content;
    this._stale = true;
  }

  /** Values came in: what is shown is drawn anew at the next `paint`. */
  refresh(): void {
    this._stale = true;
  }

  /** Draw these rows and columns, the first row's upper edge at `-hidden`, the left at `-left`. */
  paint(rows: ISpan, columns: ISpan, hidden: number, left: number): void {
    if (!this._content) {
      return;
    }
    this._grow(rows.end - rows.first, columns.end - columns.first);
    if (Math.abs(rows.first - this._base) > REBASE) {
      this._base = rows.first;
      this._stale = true;
    }
    for (let index = rows.first; index < rows.end; index++) {
      this._paintRow(this._pool[index % this._pool.length], index, columns);
    }
    this._hideBeyond(rows);
    this._stale = false;
    const top = this.place(rows.first) + hidden;
    this._host.style.transform = `translate(${-left}px, ${-top}px)`;
    this._gutter.style.transform = `translateY(${-top}px)`;
    this._shown = { rows, columns };
    this._markActive();
  }

  /** Mark cells as selected, and the one that has the focus. */
  select(range: IRange | null, active: ICell | null): void {
    const before = this._range;
    this._range = range;
    this._active = active;
    for (const row of this._pool) {
      for (const cell of row.cells) {
        const [was, is] = [
          inside(before, row.index, cell.column),
          inside(range, row.index, cell.column)
        ];
        if (was !== is) {
          setSelected(cell.element, is);
        }
      }
    }
    this._markActive();
  }

  /** Where a cell lies in the host, in pixels. */
  place(row: number): number {
    return (row - this._base) * ROW_HEIGHT;
  }

  private _paintRow(row: IPooledRow, index: number, columns: ISpan): void {
    const moved = row.index !== index;
    if (moved || this._stale) {
      row.index = index;
      row.element.style.transform = `translateY(${this.place(index)}px)`;
      row.number.style.transform = row.element.style.transform;
      row.element.style.width = `${(this._content as IRowsContent).layout.total}px`;
      row.element.setAttribute('aria-rowindex', String(index + 2));
      (row.number.firstChild as Text).nodeValue = (index + 1).toLocaleString('en');
      row.element.hidden = row.number.hidden = false;
    }
    for (let column = columns.first; column < columns.end; column++) {
      const cell = row.cells[column % row.cells.length];
      if (moved || this._stale || cell.column !== column) {
        this._paintCell(cell, index, column);
      }
    }
    for (const cell of row.cells) {
      if (cell.column >= columns.end || (cell.column >= 0 && cell.column < columns.first)) {
        // What is outside is of a row that this element no longer shows.
        putAway(cell);
      }
    }
  }

  private _paintCell(cell: IPooledCell, row: number, column: number): void {
    const { layout, columns, value } = this._content as IRowsContent;
    const { element } = cell;
    if (cell.column !== column || this._stale) {
      cell.column = column;
      element.style.left = `${layout.start(column)}px`;
      element.style.width = `${layout.widths[column]}px`;
      element.setAttribute('aria-colindex', String(column + 1));
      element.hidden = false;
    }
    const found = value(row, column);
    let [text, className] = ['', LOADING];
    if (found !== undefined) {
      const { kind, changed } = columns[column];
      const shown = cellText(found, kind);
      text = shown.text;
      className = classOf(isNumeric(kind), shown.mark, changed);
    }
    if (cell.text.nodeValue !== text) {
      cell.text.nodeValue = text;
    }
    if (cell.className !== className) {
      element.className = cell.className = className;
    }
    setSelected(element, inside(this._range, row, column));
  }

  private _hideBeyond(rows: ISpan): void {
    for (const row of this._pool) {
      if ((row.index < rows.first || row.index >= rows.end) && !row.element.hidden) {
        row.element.hidden = row.number.hidden = true;
        row.index = -1;
      }
    }
  }

  /** Have elements for so many rows and columns. */
  private _grow(rows: number, columns: number): void {
    if (rows <= this._pool.length && columns <= this._width) {
      return;
    }
    this._width = Math.max(this._width, columns);
    const height = Math.max(this._pool.length, rows);
    while (this._pool.length < height) {
      this._pool.push(this._addRow());
    }
    for (const row of this._pool) {
      row.index = -1;
      while (row.cells.length < this._width) {
        row.cells.push(addCell(row.element));
      }
      row.cells.forEach(putAway);
    }
    this._stale = true;
  }

  private _addRow(): IPooledRow {
    const element = document.createElement('div');
    element.className = 'jp-studio-Grid-row';
    element.setAttribute('role', 'row');
    this._host.appendChild(element);
    const number = document.createElement('div');
    number.className = 'jp-studio-Grid-number';
    number.appendChild(document.createTextNode(''));
    this._gutter.appendChild(number);
    return { element, number, cells: [], index: -1 };
  }

  private _markActive(): void {
    const { row, column } = this._active ?? { row: -1, column: -1 };
    const pooled = row < 0 ? undefined : this._pool[row % Math.max(1, this._pool.length)];
    const cell = pooled?.index === row ? pooled.cells[column % pooled.cells.length] : undefined;
    const element = cell?.column === column ? cell.element : undefined;
    if (this._marked !== element) {
      this._marked?.removeAttribute('id');
      element?.setAttribute('id', this._activeId);
      this._marked = element;
    }
  }

  /** What is drawn now. */
  get shown(): { rows: ISpan; columns: ISpan } {
    return this._shown;
  }

  private _content: IRowsContent | null = null;
  private readonly _pool: IPooledRow[] = [];
  private _width = 0;
  private _base = 0;
  private _stale = true;
  private _range: IRange | null = null;
  private _active: ICell | null = null;
  private _marked: HTMLElement | undefined;
  private _shown = { rows: { first: 0, end: 0 }, columns: { first: 0, end: 0 } };
}

/** Take a cell out of sight until it is painted again. */
function putAway(cell: IPooledCell): void {
  cell.column = -1;
  cell.element.hidden = true;
}

function addCell(row: HTMLElement): IPooledCell {
  const element = document.createElement('div');
  element.setAttribute('role', 'gridcell');
  const text = document.createTextNode('');
  element.appendChild(text);
  row.appendChild(element);
  return { element, text, column: -1, className: '' };
}

function classOf(numeric: boolean, mark: string, changed: string | undefined): string {
  return (
    CELL +
    (numeric ? ' jp-mod-number' : '') +
    (mark ? ` jp-mod-${mark}` : '') +
    (changed ? ` jp-mod-${changed}` : '')
  );
}

function inside(range: IRange | null, row: number, column: number): boolean {
  return (
    range !== null &&
    row >= range.top &&
    row <= range.bottom &&
    column >= range.left &&
    column <= range.right
  );
}

function setSelected(element: HTMLElement, selected: boolean): void {
  if (selected) {
    element.setAttribute('aria-selected', 'true');
  } else if (element.hasAttribute('aria-selected')) {
    element.removeAttribute('aria-selected');
  }
}
