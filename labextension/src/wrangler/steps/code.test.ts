import { expect, it } from 'vitest';
import { completions, lineOf } from './code';
import { Language } from './schema';

const COLUMNS = [
  { name: 'age', kind: 'long' },
  { name: 'emp.var rate', kind: 'float' }
];

function offered(language: Language, before: string): Record<string, string> {
  const found = completions(language, before, COLUMNS);
  return Object.fromEntries(
    (found?.options ?? []).map(each => [each.label, each.apply ?? each.label])
  );
}

it.each([
  ['python', 'df["', 'emp.var rate', 'emp.var rate'],
  ['python', "df['x'] = df['", 'age', 'age'],
  ['python', 'x = a', 'age', 'df["age"]'],
  ['python', '# it\'s\ny = df["a', 'age', 'age'],
  ['sql', 'SELECT em', 'emp.var rate', '`emp.var rate`'],
  ['sql', 'SELECT ', 'age', 'age'],
  ['expression', 'ro', 'round', 'round(']
] as [Language, string, string, string][])('%s after %s: %s', (language, before, label, text) => {
  expect(offered(language, before)[label]).toBe(text);
});

it('shows names of columns as soon as a quote is open', () => {
  expect(completions('python', 'df["', COLUMNS)?.isExpected).toBe(true);
  expect(completions('python', 'df = ', COLUMNS)?.isExpected).toBe(false);
});

it('replaces what is written already', () => {
  expect(completions('python', 'df["emp.v', COLUMNS)?.from).toBe(4);
  expect(completions('sql', 'SELECT `em', COLUMNS)?.from).toBe(7);
  expect(completions('python', 'df.a', COLUMNS)).toBeNull();
});

it.each([
  ["line 3: NameError: name 'x' is not defined", 3],
  ['Expecting ). Line 2, Col: 7.', 2],
  ['The column has no line', null]
])('%s', (message, line) => expect(lineOf(message)).toBe(line));
