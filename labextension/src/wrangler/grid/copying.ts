import { Clipboard } from '@jupyterlab/apputils';
import { CELL_TEXT, isCut, tsv } from './format';
import { Pages } from './pages';
import { ICell, IRange } from './selection';
import { CellValue, IGridAction } from './types';

/** Most rows and cells that are copied at once. */
export const MOST_COPIED_ROWS = 10_000;
const MOST_COPIED_CELLS = 500_000;
/** The longest text that is asked for whole. */
export const WHOLE_TEXT = 1_048_576;

/** Put text on the clipboard; throws an Error where the browser does not allow it. */
export function copyText(text: string): void {
  let isAllowed = false;
  // A browser that refuses sends no event, and says nothing else.
  const onCopy = () => (isAllowed = true);
  document.addEventListener('copy', onCopy, true);
  Clipboard.copyToSystem(text);
  document.removeEventListener('copy', onCopy, true);
  if (!isAllowed) {
    throw new Error('The browser does not allow it any more; copy again.');
  }
}

/** Cells as tab separated text, where all of them are there and none was cut; else null. */
export function textOf(pages: Pages, range: IRange): string | null {
  if (range.bottom - range.top >= MOST_COPIED_ROWS) {
    return null;
  }
  const rows: CellValue[][] = [];
  for (let row = range.top; row <= range.bottom; row++) {
    const values: CellValue[] = [];
    for (let column = range.left; column <= range.right; column++) {
      const value = pages.value(row, column);
      if (value === undefined || isCut(value, CELL_TEXT)) {
        return null;
      }
      values.push(value);
    }
    rows.push(values);
  }
  return tsv(rows);
}

/** Read cells whole and put them on the clipboard; rejects with an Error that says why not. */
export async function copyWhole(pages: Pages, range: IRange, signal: AbortSignal): Promise<void> {
  const limit = range.bottom - range.top + 1;
  const width = range.right - range.left + 1;
  if (limit > MOST_COPIED_ROWS || limit * width > MOST_COPIED_CELLS) {
    throw new Error(
      `Up to ${MOST_COPIED_ROWS.toLocaleString('en')} rows and ` +
        `${MOST_COPIED_CELLS.toLocaleString('en')} cells can be copied at once.`
    );
  }
  const columns = (pages.state.columns ?? []).slice(range.left, range.right + 1);
  const page = await pages.source.fetch(
    {
      ...pages.view,
      offset: range.top,
      limit,
      columns: columns.map(({ name }) => name),
      maxTextLength: WHOLE_TEXT
    },
    signal
  );
  const rows = Array.from({ length: page.rowCount }, (_, row) => page.data.map(list => list[row]));
  signal.throwIfAborted();
  copyText(tsv(rows));
}

/** One value, of which a cell may show the beginning only. */
export async function wholeValue(
  pages: Pages,
  { row, column }: ICell,
  signal: AbortSignal
): Promise<CellValue> {
  const name = (pages.state.columns ?? [])[column].name;
  const query = { ...pages.view, offset: row, limit: 1, columns: [name] };
  const page = await pages.source.fetch({ ...query, maxTextLength: WHOLE_TEXT }, signal);
  return page.data[0]?.[0] ?? null;
}

/** What a menu offers for a value. */
export type ValueActions = (value: CellValue) => IGridAction[];

/**
 * The entries for a value. Where only its beginning is there, an entry reads it whole before it
 * runs: a condition on the beginning would fit no row.
 */
export function actionsFor(
  shown: CellValue,
  actions: ValueActions,
  read: (then: (whole: CellValue) => void) => void
): IGridAction[] {
  const offered = actions(shown);
  if (!isCut(shown, CELL_TEXT)) {
    return offered;
  }
  return offered.map((action, place) => ({
    label: action.label,
    // The same entries are offered for every text; only what they do differs.
    run: () => read(whole => actions(whole)[place].run())
  }));
}

/** A value to compare with; rejects with an Error where it is too long to be read whole. */
export async function comparable(
  pages: Pages,
  cell: ICell,
  signal: AbortSignal
): Promise<CellValue> {
  const value = await wholeValue(pages, cell, signal);
  if (value === null) {
    throw new Error('The row is not there any more.');
  }
  if (isCut(value, WHOLE_TEXT)) {
    throw new Error('It is too long.');
  }
  return value;
}
