import { expect, inject, it } from 'vitest';
import { IColumnProfile } from '../../api/types';
import { findProblems, IFormColumn } from './problems';
import { readForm } from './schema';
import { ISuggestion, suggestFor, suggestForValue } from './suggest';
import { initialValues } from './values';

const KINDS = ['long', 'float', 'string', 'datetime', 'date', 'bool', 'array', 'struct'];

function profile(changes: Partial<IColumnProfile>): IColumnProfile {
  return { Missing: 0, Outliers: 0, Distinct: 9, ...changes } as IColumnProfile;
}

/** What is amiss with a suggested step, but for what a person is still to say. */
function misfit(column: IFormColumn, { key, values }: ISuggestion): string[] {
  const found = inject('transforms').find(each => each.Key === key);
  const fields = readForm(found?.Schema);
  expect(Object.keys(values).filter(name => !fields.some(each => each.name === name))).toEqual([]);
  return findProblems(fields, initialValues(fields, values), [[column]])
    .filter(each => each.path[0] in values)
    .map(each => `${key} ${each.path.join('.')}: ${each.message}`);
}

it.each(KINDS)('what is offered for a column of %s fits it', kind => {
  const column = { name: 'a', kind };
  const offered = suggestFor(column);
  expect(offered.length).toBeGreaterThan(4);
  expect(offered.flatMap(each => misfit(column, each))).toEqual([]);
});

it.each(['long', 'string', 'datetime'])('what is offered for a value of %s fits it', kind => {
  const column = { name: 'a', kind };
  for (const value of ['1', null]) {
    expect(suggestForValue(column, value).flatMap(each => misfit(column, each))).toEqual([]);
  }
});

it('offers what a profile gives reason for', () => {
  const labels = (kind: string, known: Partial<IColumnProfile>) =>
    suggestFor({ name: 'a', kind }, profile(known)).map(each => each.label);
  expect(labels('float', {})).not.toContain('Fill missing…');
  expect(labels('float', { Missing: 3 })[0]).toBe('Fill missing with the median');
  expect(labels('float', { Outliers: 1 })).toContain('Handle outliers…');
  expect(labels('string', { Distinct: 4 })).toContain('One-hot encode…');
  expect(labels('string', { Distinct: 4000 })).toContain('Count terms…');
});
