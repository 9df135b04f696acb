/** A cell; row -1 is the header. */
export interface ICell {
  readonly row: number;
  readonly column: number;
}

/** A rectangle of cells, from `anchor` to the cell that has the focus. */
export interface ISelection {
  readonly anchor: ICell;
  readonly focus: ICell;
}

export interface IRange {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

export interface IGridSize {
  readonly rows: number;
  readonly columns: number;
  /** Rows that fit into the window. */
  readonly page: number;
}

export interface IKey {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly shiftKey: boolean;
  readonly altKey: boolean;
}

export const HEADER_ROW = -1;

export function select(cell: ICell): ISelection {
  return { anchor: cell, focus: cell };
}

/** Whether nothing but headers is selected. */
export function isInHeader({ anchor, focus }: ISelection): boolean {
  return anchor.row === HEADER_ROW && focus.row === HEADER_ROW;
}

/** The rows and columns of a selection, all inclusive. */
export function rangeOf(selection: ISelection): IRange {
  const { anchor, focus } = selection;
  return {
    top: Math.max(0, Math.min(anchor.row, focus.row)),
    bottom: Math.max(0, anchor.row, focus.row),
    left: Math.min(anchor.column, focus.column),
    right: Math.max(anchor.column, focus.column)
  };
}

/** What a key makes of a selection, as in the ARIA pattern of grids; null where it moves nothing. */
export function moved(selection: ISelection, key: IKey, size: IGridSize): ISelection | null {
  const target = destination(selection.focus, key, size);
  if (!target || key.altKey) {
    return null;
  }
  const focus: ICell = {
    row: clamp(target.row, HEADER_ROW, size.rows - 1),
    column: clamp(target.column, 0, size.columns - 1)
  };
  const inRows = selection.anchor.row >= 0 && focus.row >= 0;
  return key.shiftKey && inRows ? { anchor: selection.anchor, focus } : select(focus);
}

/** The nearest selection that a table of this size has. */
export function within(selection: ISelection, size: IGridSize): ISelection {
  const fit = (cell: ICell) => ({
    row: clamp(cell.row, HEADER_ROW, size.rows - 1),
    column: clamp(cell.column, 0, Math.max(0, size.columns - 1))
  });
  return { anchor: fit(selection.anchor), focus: fit(selection.focus) };
}

function destination(from: ICell, key: IKey, size: IGridSize): ICell | null {
  const { row, column } = from;
  const [lastRow, lastColumn] = [size.rows - 1, size.columns - 1];
  const jump = key.ctrlKey || key.metaKey;
  switch (key.key) {
    case 'ArrowUp':
      return { row: jump ? Math.min(row, 0) : row - 1, column };
    case 'ArrowDown':
      return { row: jump ? lastRow : row + 1, column };
    case 'ArrowLeft':
      return { row, column: jump ? 0 : column - 1 };
    case 'ArrowRight':
      return { row, column: jump ? lastColumn : column + 1 };
    case 'PageUp':
      return { row: row < 0 ? row : Math.max(0, row - size.page), column };
    case 'PageDown':
      return { row: row + size.page, column };
    case 'Home':
      return { row: jump ? 0 : row, column: 0 };
    case 'End':
      return { row: jump ? lastRow : row, column: lastColumn };
    default:
      return null;
  }
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(value, high));
}
