import { describe, expect, it } from 'vitest';
import { ColumnLayout, fitting } from './layout';
import { TILE_COLUMNS, TILE_ROWS, TileCache } from './tiles';

const values = (columns: number, rows: number, first = 0) =>
  Array.from({ length: columns }, (_, column) =>
    Array.from({ length: rows }, (__, row) => `${first + row}/${column}`)
  );

describe('TileCache', () => {
  it('finds each value of an area that was read, and none of others', () => {
    const cache = new TileCache(100);
    const area = cache.area({ first: 130, end: 400 }, { first: 30, end: 60 });
    const { offset, limit, columns } = cache.extent(area);
    expect([offset, limit, columns]).toEqual([
      TILE_ROWS,
      3 * TILE_ROWS,
      { first: TILE_COLUMNS, end: 3 * TILE_COLUMNS }
    ]);
    cache.put(area, values(columns.end - columns.first, limit, offset));
    expect(cache.value(399, 59)).toBe(`399/${59 - TILE_COLUMNS}`);
    expect(cache.value(TILE_ROWS, TILE_COLUMNS)).toBe(`${TILE_ROWS}/0`);
    expect(cache.value(TILE_ROWS - 1, TILE_COLUMNS)).toBeUndefined();
    expect(cache.value(200, 0)).toBeUndefined();
  });

  it('reads narrow tables whole rows at a time', () => {
    const cache = new TileCache(20);
    const area = cache.area({ first: 0, end: 10 }, { first: 3, end: 5 });
    expect(cache.extent(area).columns).toEqual({ first: 0, end: 20 });
  });

  it('ends with the last column, and with rows that are there', () => {
    const cache = new TileCache(50);
    const area = cache.area({ first: 0, end: 1 }, { first: 49, end: 50 });
    expect(cache.extent(area).columns).toEqual({ first: 48, end: 50 });
    cache.put(area, values(2, 5));
    expect(cache.value(4, 49)).toBe('4/1');
    expect(cache.value(5, 49)).toBeUndefined();
  });

  it('stays below its bound, and forgets what was not used for longest', () => {
    const cache = new TileCache(10, 4 * 10 * TILE_ROWS);
    for (let tile = 0; tile < 50; tile++) {
      const rows = { first: tile * TILE_ROWS, end: (tile + 1) * TILE_ROWS };
      cache.put(cache.area(rows, { first: 0, end: 10 }), values(10, TILE_ROWS));
      cache.touch([0]);
      expect(cache.cells).toBeLessThanOrEqual(4 * 10 * TILE_ROWS);
    }
    expect(cache.has(0)).toBe(true);
    expect(cache.has(49)).toBe(true);
    expect(cache.has(40)).toBe(false);
  });

  it('names the least area around tiles', () => {
    const cache = new TileCache(100);
    const keys = cache.keys(cache.area({ first: 0, end: 300 }, { first: 0, end: 50 }));
    expect(keys).toHaveLength(9);
    expect(cache.keys(cache.around([keys[0], keys[8]]))).toEqual(keys);
  });
});

describe('ColumnLayout', () => {
  const layout = new ColumnLayout([100, 50, 200, 80]);

  it('knows the columns in a window', () => {
    expect(layout.total).toBe(430);
    expect(layout.visible(0, 100)).toEqual({ first: 0, end: 1 });
    expect(layout.visible(99, 52)).toEqual({ first: 0, end: 3 });
    expect(layout.visible(150, 1000)).toEqual({ first: 2, end: 4 });
    expect(new ColumnLayout([]).visible(0, 100)).toEqual({ first: 0, end: 0 });
  });

  it('scrolls no further than a column needs', () => {
    expect(layout.reveal(1, 0, 300)).toBe(0);
    expect(layout.reveal(3, 0, 300)).toBe(130);
    expect(layout.reveal(0, 120, 300)).toBe(0);
    expect(layout.reveal(2, 0, 120)).toBe(150);
  });

  it('fits widths to texts within bounds', () => {
    expect(fitting('a', ['1'])).toBe(104);
    expect(fitting('a', ['x'.repeat(500)])).toBe(300);
    expect(fitting('a', ['x'.repeat(25)])).toBe(228);
  });
});
