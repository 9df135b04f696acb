import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, inject, it } from 'vitest';
import { findProblems } from './problems';
import { readForm } from './schema';
import { StepForm } from './StepForm';
import { initialValues, shownFields, Values } from './values';

const FORMS = [...inject('transforms'), ...inject('analyses')];
const COLUMNS = [
  [
    { name: 'age', kind: 'long' },
    { name: 'job', kind: 'string' }
  ],
  [{ name: 'id', kind: 'long' }]
];

function rendered(schema: unknown, given: Values = {}): string {
  const fields = readForm(schema);
  const values = { ...initialValues(fields), ...given };
  return renderToStaticMarkup(
    createElement(StepForm, {
      label: 'Settings',
      fields,
      columns: COLUMNS,
      values,
      problems: findProblems(fields, values, COLUMNS),
      showAll: true,
      onChange: () => undefined
    })
  );
}

function all(html: string, pattern: RegExp): string[] {
  return [...html.matchAll(pattern)].map(match => match[1]);
}

describe.each(FORMS.map(each => [each.Key, each.Schema] as const))('%s', (_, schema) => {
  const html = rendered(schema);
  const fields = readForm(schema);

  it('shows every field that matters', () => {
    const names = shownFields(fields, initialValues(fields)).map(each => each.name);
    expect(all(html, /data-field="([^".]+)"/g)).toEqual(expect.arrayContaining(names));
  });

  it('names every element for screen readers', () => {
    const ids = new Set(all(html, / id="([^"]+)"/g));
    const referred = [
      ...all(html, / for="([^"]+)"/g),
      ...all(html, / aria-(?:labelledby|describedby)="([^"]+)"/g).flatMap(each => each.split(' '))
    ];
    expect(referred.filter(id => !ids.has(id))).toEqual([]);
    const labelled = new Set(all(html, / for="([^"]+)"/g));
    const unnamed = [...html.matchAll(/(<label[^>]*>)?<(input|select|textarea)([^>]*)>/g)].filter(
      ([, wrapped, , attributes]) =>
        !wrapped &&
        !/aria-label/.test(attributes) &&
        !labelled.has(/ id="([^"]+)"/.exec(attributes)?.[1] ?? '')
    );
    expect(unnamed.map(match => match[0])).toEqual([]);
    expect(all(html, / id="([^"]+)"/g)).toHaveLength(ids.size);
  });

  it('speaks to people, not to programs', () => {
    const text = html
      .replace(/<code>.*?<\/code>/g, '')
      // Choices that are ways to write names.
      .replace(/<option [^>]*>(?:kebab-case|snake_case|camelCase|PascalCase)/g, '')
      .replace(/<[^>]*>/g, ' ');
    expect(text.match(/[a-z]+_[a-z_]+|[a-z]+[A-Z][a-z]+/g) ?? []).toEqual([]);
  });
});

it('says what is amiss at its field, and that the field is', () => {
  const scaler = FORMS.find(each => each.Key === 'process_numeric/scale_values/standard_scaler');
  const html = rendered(scaler?.Schema, { input_column: ['job'] });
  expect(html).toContain('job does not fit: it is text.');
  expect(html).toMatch(/<input[^>]*aria-invalid="true"[^>]*>/);
});
