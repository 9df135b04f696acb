import { describe, expect, it } from 'vitest';
import {
  HEADER_ROW,
  IKey,
  ISelection,
  isInHeader,
  moved,
  rangeOf,
  select,
  within
} from './selection';

const size = { rows: 1000, columns: 10, page: 20 };
const key = (name: string, held: Partial<IKey> = {}): IKey => ({
  key: name,
  ctrlKey: false,
  metaKey: false,
  shiftKey: false,
  altKey: false,
  ...held
});
const at = (row: number, column: number) => select({ row, column });

describe('moved', () => {
  const cases: [string, IKey, [number, number], [number, number]][] = [
    ['down', key('ArrowDown'), [5, 5], [6, 5]],
    ['down at the end', key('ArrowDown'), [999, 5], [999, 5]],
    ['up into the header', key('ArrowUp'), [0, 5], [HEADER_ROW, 5]],
    ['left at the edge', key('ArrowLeft'), [3, 0], [3, 0]],
    ['a page down', key('PageDown'), [5, 5], [25, 5]],
    ['a page up at the top', key('PageUp'), [5, 5], [0, 5]],
    ['home', key('Home'), [5, 5], [5, 0]],
    ['end', key('End'), [5, 5], [5, 9]],
    ['to the first cell', key('Home', { ctrlKey: true }), [5, 5], [0, 0]],
    ['to the last cell', key('End', { metaKey: true }), [5, 5], [999, 9]],
    ['to the last row', key('ArrowDown', { ctrlKey: true }), [5, 5], [999, 5]]
  ];
  it.each(cases)('%s', (_, pressed, from, to) => {
    expect(moved(at(...from), pressed, size)?.focus).toEqual({ row: to[0], column: to[1] });
  });

  it('extends with Shift, and not into the header', () => {
    const wider = moved(at(5, 5), key('ArrowRight', { shiftKey: true }), size) as ISelection;
    expect(wider.anchor).toEqual({ row: 5, column: 5 });
    expect(rangeOf(wider)).toEqual({ top: 5, bottom: 5, left: 5, right: 6 });
    const header = moved(at(0, 5), key('ArrowUp', { shiftKey: true }), size) as ISelection;
    expect(header.anchor.row).toBe(HEADER_ROW);
  });

  it('tells headers from cells', () => {
    expect(isInHeader(at(HEADER_ROW, 2))).toBe(true);
    expect(isInHeader(at(0, 2))).toBe(false);
    const both = { anchor: { row: HEADER_ROW, column: 0 }, focus: { row: 3, column: 0 } };
    expect(isInHeader(both)).toBe(false);
  });

  it('leaves other keys alone', () => {
    expect(moved(at(5, 5), key('x'), size)).toBeNull();
    expect(moved(at(5, 5), key('ArrowDown', { altKey: true }), size)).toBeNull();
  });

  it('stays within a table that became smaller', () => {
    expect(within(at(500, 9), { rows: 3, columns: 2, page: 1 }).focus).toEqual({
      row: 2,
      column: 1
    });
  });
});
