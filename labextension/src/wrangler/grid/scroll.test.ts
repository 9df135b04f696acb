import { describe, expect, it } from 'vitest';
import { MAX_HEIGHT, ScrollMap } from './scroll';

const ROW = 24;
const MANY = 10_000_000;

function sized(rows: number, viewport = 600): ScrollMap {
  const map = new ScrollMap(ROW);
  map.resize(rows, viewport);
  return map;
}

describe('ScrollMap', () => {
  it('follows the bar pixel by pixel while the table is no higher than an element may be', () => {
    const map = sized(1000);
    expect(map.height).toBe(24_000);
    map.follow(130);
    expect([map.first, map.hidden, map.top]).toEqual([5, 10, 130]);
    expect(map.end).toBe(31);
  });

  it('reaches every part of ten million rows with a bar of allowed height', () => {
    const map = sized(MANY);
    expect(map.height).toBe(MAX_HEIGHT);
    map.follow(map.height - 600);
    expect(map.end).toBe(MANY);
    expect(map.top).toBe(MANY * ROW - 600);
    map.follow(0);
    expect(map.first).toBe(0);
    map.follow((map.height - 600) / 2);
    expect(Math.abs(map.first - MANY / 2)).toBeLessThan(20);
  });

  it('moves by as many pixels as the wheel did, wherever it is', () => {
    const map = sized(MANY);
    map.follow(4_000_000);
    const before = map.top;
    const bar = map.settle();
    map.follow(bar + 100);
    expect(map.top).toBe(before + 100);
    map.follow(bar + 40);
    expect(map.top).toBe(before + 40);
  });

  it('puts the bar right where it ended before the table did', () => {
    const map = sized(MANY);
    map.reveal(500);
    const bar = map.settle();
    expect(bar).toBeGreaterThan(0);
    expect(bar).toBeLessThan(600);
    const before = map.top;
    expect(map.follow(0)).toBe(true);
    expect(map.top).toBe(before - bar);
    expect(map.settle()).toBeGreaterThan(0);
  });

  it('reveals each single row, and stays where the row is seen already', () => {
    const map = sized(MANY);
    for (const row of [0, 1, 4_999_999, MANY - 1]) {
      map.reveal(row);
      expect(row * ROW).toBeGreaterThanOrEqual(map.top);
      expect((row + 1) * ROW).toBeLessThanOrEqual(map.top + 600);
    }
    const { top } = map;
    map.reveal(MANY - 3);
    expect(map.top).toBe(top);
  });

  it('stays within a table that became shorter', () => {
    const map = sized(MANY);
    map.reveal(MANY - 1);
    map.resize(10, 600);
    expect([map.top, map.first, map.end]).toEqual([0, 0, 10]);
  });
});
