import { describe, expect, it } from 'vitest';
import { NODE_HEIGHT, NODE_WIDTH, positions } from './layout';

function overlaps(places: Map<string, { x: number; y: number }>): boolean {
  const all = [...places.values()];
  return all.some((one, index) =>
    all
      .slice(index + 1)
      .some(
        other => Math.abs(one.x - other.x) < NODE_WIDTH && Math.abs(one.y - other.y) < NODE_HEIGHT
      )
  );
}

describe('a graph', () => {
  it('goes from left to right', () => {
    const places = positions([
      { id: 'join', reads: ['a', 'b'] },
      { id: 'a', reads: [] },
      { id: 'b', reads: [] }
    ]);
    const x = (id: string) => places.get(id)?.x ?? NaN;
    expect(x('a')).toBe(x('b'));
    expect(x('join')).toBeGreaterThan(x('a') + NODE_WIDTH);
    expect(overlaps(places)).toBe(false);
  });

  it('that is long is folded, and each row goes on where the one before ends', () => {
    const chain = Array.from({ length: 40 }, (_, index) => ({
      id: `${index}`,
      reads: index ? [`${index - 1}`] : []
    }));
    const places = positions([...chain, { id: 'beside', reads: ['7'] }]);
    const width = Math.max(...[...places.values()].map(({ x }) => x)) + NODE_WIDTH;
    const height = Math.max(...[...places.values()].map(({ y }) => y)) + NODE_HEIGHT;
    expect(width / height).toBeGreaterThan(1);
    expect(width / height).toBeLessThan(8);
    expect(overlaps(places)).toBe(false);
    for (let index = 1; index < 40; index++) {
      const [before, after] = [places.get(`${index - 1}`), places.get(`${index}`)];
      expect(after && before && (after.x > before.x || after.y > before.y)).toBe(true);
    }
  });

  it('may be empty', () => {
    expect(positions([]).size).toBe(0);
  });
});
