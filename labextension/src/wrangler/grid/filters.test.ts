import { describe, expect, it } from 'vitest';
import {
  conditionsFor,
  filterOf,
  filterText,
  isPlain,
  nextSort,
  problemOf,
  withFilter
} from './filters';

describe('filters', () => {
  it('offers what fits the kind', () => {
    expect(conditionsFor('string')).toContain('contains');
    expect(conditionsFor('long')).not.toContain('contains');
    expect(conditionsFor('struct')).toEqual(['is missing', 'is not missing']);
  });

  it('says what is wrong beside the field', () => {
    expect(problemOf({ Column: 'a', Condition: '=' }, 'string')).toBe('Enter a value.');
    expect(problemOf({ Column: 'a', Condition: 'between', Value: '1' }, 'long')).toBe(
      'Enter both values.'
    );
    expect(problemOf({ Column: 'a', Condition: '<', Value: 'x' }, 'float')).toBe(
      '"x" is no number.'
    );
    expect(problemOf({ Column: 'a', Condition: 'is one of', Values: [] }, 'string')).not.toBeNull();
    expect(problemOf({ Column: 'a', Condition: 'is missing' }, 'long')).toBeNull();
  });

  it('reads as a sentence', () => {
    expect(filterText({ Column: 'age', Condition: 'between', Value: '1', Upper: '9' })).toBe(
      'age is between 1 and 9'
    );
    expect(filterText({ Column: 'c', Condition: 'is one of', Values: ['a', 'b', 'c', 'd'] })).toBe(
      'c is one of a, b, c, \u2026'
    );
  });

  it('has one condition for each column', () => {
    const one = withFilter({}, 'a', filterOf('a', 5));
    const two = withFilter(one, 'b', filterOf('b', null, true));
    const other = withFilter(two, 'a', filterOf('a', 6));
    expect(other.filters).toEqual([
      { Column: 'b', Condition: 'is not missing' },
      { Column: 'a', Condition: '=', Value: '6' }
    ]);
    expect(isPlain(withFilter(withFilter(other, 'a', null), 'b', null))).toBe(true);
  });

  it('sorts up, down, and not', () => {
    const up = nextSort(undefined, 'a');
    expect(up).toEqual([{ Column: 'a', Order: 'Ascending' }]);
    const down = nextSort(up, 'a');
    expect(down).toEqual([{ Column: 'a', Order: 'Descending' }]);
    expect(nextSort(down, 'a')).toBeUndefined();
    expect(nextSort(down, 'b')).toEqual([{ Column: 'b', Order: 'Ascending' }]);
  });
});
