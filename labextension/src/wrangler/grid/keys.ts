import { HEADER_ROW, ICell, IGridSize, IKey, ISelection, moved, select } from './selection';

/** Pixels by which a key makes a column wider or narrower. */
const STEP = 16;

/** What keys do besides moving. */
export interface IKeyTarget {
  readonly selection: ISelection | null;
  readonly size: IGridSize;
  onSelect(selection: ISelection): void;
  onSort(column: number): void;
  onFilter(column: number): void;
  onMenu(cell: ICell): void;
  onOpen(cell: ICell): void;
  onWiden(column: number, pixels: number): void;
  onSearch(): void;
  /** Give up what is being read for the user. */
  onStop(): void;
}

/** Carry out a key; false where it means nothing to a grid. */
export function press(key: IKey, grid: IKeyTarget): boolean {
  const plain = !key.altKey && !key.ctrlKey && !key.metaKey;
  if (!key.altKey && (key.ctrlKey || key.metaKey) && key.key.toLowerCase() === 'f') {
    grid.onSearch();
    return true;
  }
  const { selection } = grid;
  if (!selection) {
    return false;
  }
  const { focus } = selection;
  const inHeader = focus.row === HEADER_ROW;
  if (key.key === 'ContextMenu' || (key.shiftKey && key.key === 'F10')) {
    grid.onMenu(focus);
  } else if (key.altKey && key.key === 'ArrowDown') {
    grid.onFilter(focus.column);
  } else if (plain && (key.key === 'Enter' || key.key === ' ')) {
    if (inHeader) {
      grid.onSort(focus.column);
    } else {
      grid.onOpen(focus);
    }
  } else if (plain && key.key === 'Escape') {
    grid.onStop();
    grid.onSelect(select(focus));
  } else if (inHeader && plain && key.shiftKey && isSideways(key.key)) {
    grid.onWiden(focus.column, key.key === 'ArrowRight' ? STEP : -STEP);
  } else {
    const next = moved(selection, key, grid.size);
    if (!next) {
      return false;
    }
    grid.onSelect(next);
  }
  return true;
}

function isSideways(key: string): boolean {
  return key === 'ArrowLeft' || key === 'ArrowRight';
}
