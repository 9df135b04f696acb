import { describe, expect, it, vi } from 'vitest';
import { suggestForValue } from '../steps/suggest';
import { actionsFor, comparable, WHOLE_TEXT } from './copying';
import { CELL_TEXT } from './format';
import { Pages } from './pages';
import { CellValue, ITableQuery } from './types';

// The clipboard needs a page.
vi.mock('@jupyterlab/apputils', () => ({}));

const WHOLE = 'x'.repeat(CELL_TEXT + 50);
const CUT = `${WHOLE.slice(0, CELL_TEXT)}\u2026`;
const { signal } = new AbortController();

/** Pages of a table that has one value. */
function pagesOf(value: CellValue, asked: ITableQuery[] = []): Pages {
  const fetch = async (query: ITableQuery) => {
    asked.push(query);
    return { data: [[value]] };
  };
  return { state: { columns: [{ name: 'a' }] }, view: {}, source: { fetch } } as unknown as Pages;
}

describe('actionsFor', () => {
  const chosen: CellValue[] = [];
  const actions = (value: CellValue) =>
    suggestForValue({ name: 'a', kind: 'string' }, value).map(({ label, values }) => ({
      label,
      run: () =>
        chosen.push(
          JSON.stringify(values).includes(`"${String(value)}"`) ? value : JSON.stringify(values)
        )
    }));

  it('works with the whole text where a cell has its beginning', () => {
    const read = vi.fn((then: (whole: CellValue) => void) => then(WHOLE));
    const offered = actionsFor(CUT, actions, read);
    expect(offered.map(each => each.label)).toEqual(actions(WHOLE).map(each => each.label));
    expect(read).not.toHaveBeenCalled();
    chosen.length = 0;
    offered.forEach(each => each.run());
    expect(chosen).toEqual([WHOLE, WHOLE, WHOLE]);
  });

  it('reads nothing where the text is there', () => {
    const read = vi.fn();
    chosen.length = 0;
    actionsFor('short', actions, read)[0].run();
    expect(chosen).toEqual(['short']);
    expect(read).not.toHaveBeenCalled();
  });
});

describe('comparable', () => {
  const cell = { row: 7, column: 0 };

  it('is the whole value', async () => {
    const asked: ITableQuery[] = [];
    expect(await comparable(pagesOf(WHOLE, asked), cell, signal)).toBe(WHOLE);
    expect(asked).toEqual([{ offset: 7, limit: 1, columns: ['a'], maxTextLength: WHOLE_TEXT }]);
  });

  it('is never a part of one', async () => {
    const long = `${'x'.repeat(WHOLE_TEXT)}\u2026`;
    await expect(comparable(pagesOf(long), cell, signal)).rejects.toThrow('too long');
    await expect(comparable(pagesOf(null), cell, signal)).rejects.toThrow('not there');
  });
});
