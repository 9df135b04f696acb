import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Pages } from './pages';
import { Profiles } from './profiles';
import { MOST_CELLS, TILE_ROWS } from './tiles';
import { ITablePage, ITableProfile, ITableQuery, ITableSource } from './types';

/** A request that waits for the test to answer it. */
interface IAsked {
  query: ITableQuery;
  signal: AbortSignal;
  answer: () => void;
  fail: (error: Error) => void;
}

/** A table whose every answer the test gives. */
class Table implements ITableSource {
  constructor(
    readonly rows: number,
    readonly width = 4,
    readonly told = true
  ) {}

  readonly key = 'table';
  readonly asked: IAsked[] = [];

  fetch = (query: ITableQuery, signal: AbortSignal): Promise<ITablePage> =>
    new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(new DOMException('', 'AbortError')));
      this.asked.push({
        query,
        signal,
        answer: () => resolve(this.page(query)),
        fail: reject
      });
    });

  get last(): IAsked {
    return this.asked[this.asked.length - 1];
  }

  private page({ offset, limit, columns }: ITableQuery): ITablePage {
    const all = Array.from({ length: this.width }, (_, index) => `c${index}`);
    const names = columns ?? all;
    const rowCount = Math.max(0, Math.min(limit, this.rows - offset));
    return {
      offset,
      rowCount,
      columns: names.map(name => ({ name, type: 'VARCHAR', kind: 'string' })),
      data: names.map(name =>
        Array.from({ length: rowCount }, (_, row) => `${offset + row}${name}`)
      ),
      hasMore: offset + rowCount < this.rows,
      totalRows: this.told ? this.rows : undefined
    };
  }
}

const settle = () => vi.advanceTimersByTimeAsync(0);
const pause = () => vi.advanceTimersByTimeAsync(100);

async function opened(table: ITableSource & { last: IAsked }): Promise<Pages> {
  const pages = new Pages(table, {});
  pages.open();
  table.last.answer();
  await settle();
  return pages;
}

const at = (first: number, columns = 4) => ({
  rows: { first, end: first + 30 },
  columns: { first: 0, end: columns }
});

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('Pages', () => {
  it('learns columns and length from the first page', async () => {
    const table = new Table(10_000_000);
    const pages = await opened(table);
    expect(pages.state.columns?.map(({ name }) => name)).toEqual(['c0', 'c1', 'c2', 'c3']);
    expect(pages.state.rows).toBe(10_000_000);
    expect(pages.value(TILE_ROWS - 1, 3)).toBe(`${TILE_ROWS - 1}c3`);
    expect(pages.value(TILE_ROWS, 0)).toBeUndefined();
  });

  it('reads ahead in the direction of travel, and once', async () => {
    const table = new Table(100_000);
    const pages = await opened(table);
    pages.show(at(0));
    expect(table.last.query.offset).toBe(TILE_ROWS);
    table.last.answer();
    await settle();
    pages.show(at(10));
    expect(table.asked).toHaveLength(2);
    pages.show(at(TILE_ROWS * 50));
    await pause();
    table.last.answer();
    await settle();
    expect(table.last.query.offset).toBe(TILE_ROWS * 51);
    table.last.answer();
    await settle();
    pages.show(at(TILE_ROWS * 50 - 5));
    await pause();
    expect(table.last.query.offset).toBe(TILE_ROWS * 49);
  });

  it('asks at once for where it jumps to, and gives up what it passed', async () => {
    const table = new Table(1_000_000);
    const pages = await opened(table);
    await pause();
    pages.show(at(500_000));
    expect(table.last.query.offset).toBe(Math.floor(500_000 / TILE_ROWS) * TILE_ROWS);
    const passed = table.last;
    for (let row = 510_000; row < 600_000; row += 10_000) {
      pages.show(at(row));
    }
    expect(table.last).toBe(passed);
    await pause();
    expect(passed.signal.aborted).toBe(true);
    expect(table.asked).toHaveLength(3);
    table.last.answer();
    await settle();
    expect(pages.value(590_010, 0)).toBe('590010c0');
    expect(pages.value(500_010, 0)).toBeUndefined();
    expect(pages.state.error).toBeNull();
  });

  it('reads only the columns in view of a wide table', async () => {
    const table = new Table(1000, 500);
    const pages = await opened(table);
    pages.show({ rows: { first: 300, end: 330 }, columns: { first: 100, end: 110 } });
    await pause();
    expect(table.last.query.columns?.length).toBeLessThan(50);
    expect(table.last.query.columns).toContain('c100');
    table.last.answer();
    await settle();
    expect(pages.value(300, 109)).toBe('300c109');
  });

  it('keeps a bounded number of values however far it goes', async () => {
    const table = new Table(10_000_000, 20);
    const pages = await opened(table);
    for (let row = 0; row < 600_000; row += 2000) {
      pages.show(at(row, 20));
      await pause();
      table.last.answer();
      await settle();
    }
    expect(pages.cells).toBeLessThanOrEqual(MOST_CELLS);
    expect(pages.cells).toBeGreaterThan(MOST_CELLS / 2);
  });

  it('grows while the length is not known, and ends where the rows do', async () => {
    const table = new Table(300, 2, false);
    const pages = await opened(table);
    expect([pages.state.totalRows, pages.state.rows]).toEqual([undefined, 2 * TILE_ROWS]);
    for (const first of [TILE_ROWS, 2 * TILE_ROWS]) {
      pages.show(at(first, 2));
      await pause();
      table.last.answer();
      await settle();
    }
    expect(pages.state.totalRows).toBe(300);
    expect(pages.state.rows).toBe(300);
  });

  it('takes the length from the source where it counts', async () => {
    const table = Object.assign(new Table(300, 2, false), { count: async () => 300 });
    const pages = await opened(table);
    await settle();
    expect(pages.state.rows).toBe(300);
  });

  it('tells a failure, and reads on after a retry', async () => {
    const table = new Table(10_000);
    const pages = await opened(table);
    await pause();
    pages.show(at(5000));
    table.last.fail(new Error('no'));
    await settle();
    expect(pages.state.error?.message).toBe('no');
    const asked = table.asked.length;
    pages.show(at(5001));
    await pause();
    expect(table.asked).toHaveLength(asked);
    pages.retry();
    await pause();
    table.last.answer();
    await settle();
    expect(pages.value(5000, 0)).toBe('5000c0');
    expect(pages.state.error).toBeNull();
  });

  it('asks a server that was lost again by itself', async () => {
    const table = new Table(10_000);
    const pages = await opened(table);
    await pause();
    pages.show(at(5000));
    const lost = new Error('gone');
    lost.name = 'NetworkError';
    table.last.fail(lost);
    await settle();
    expect(pages.state.error).toBe(lost);
    await vi.advanceTimersByTimeAsync(1500);
    table.last.answer();
    await settle();
    expect(pages.value(5000, 0)).toBe('5000c0');
    expect(pages.state.error).toBeNull();
  });

  it('ends all requests when it is put away', async () => {
    const table = new Table(10_000);
    const pages = await opened(table);
    pages.show(at(5000));
    await pause();
    pages.dispose();
    expect(table.last.signal.aborted).toBe(true);
  });
});

describe('Profiles', () => {
  it('looks only at columns that stay in view, some at a time', async () => {
    const asked: string[][] = [];
    const source: ITableSource = {
      key: 'table',
      fetch: () => Promise.reject(new Error('not asked for')),
      profile: async (columns): Promise<ITableProfile> => {
        asked.push([...columns]);
        const profiles = columns.map(Name => ({ Name }) as ITableProfile['profiles'][number]);
        return { profiles, rows: 10, sampled: true };
      }
    };
    const profiles = new Profiles(source);
    const names = (first: number) => Array.from({ length: 8 }, (_, index) => `c${first + index}`);
    profiles.show(names(0));
    await pause();
    profiles.show(names(20));
    await vi.advanceTimersByTimeAsync(1000);
    expect(asked.flat()).toEqual(names(20));
    expect(asked.every(each => each.length <= 6)).toBe(true);
    expect(profiles.get('c20')?.sampled).toBe(true);
    expect(profiles.get('c0')).toBeUndefined();
  });
});
