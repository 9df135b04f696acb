import { RJSFValidationError } from '@rjsf/utils';
import validator from '@rjsf/validator-ajv8';
import { describe, expect, inject, it } from 'vitest';
import { findProblems, IFormColumn, messagesAt, serverProblem } from './problems';
import { IField, readForm } from './schema';
import { initialValues, isRareSet, matters, parametersOf, shownFields, Values } from './values';

const FORMS = [...inject('transforms'), ...inject('analyses')];

function form(key: string): IField[] {
  const found = FORMS.find(each => each.Key === key);
  if (!found) {
    throw new Error(`There is no form ${key}`);
  }
  return readForm(found.Schema);
}

function filled(key: string, given: Values): { fields: IField[]; values: Values } {
  const fields = form(key);
  return { fields, values: { ...initialValues(fields), ...given } };
}

/** Every field set to something that it may be, so that the form has nothing amiss. */
function sensible(fields: IField[]): Values {
  const values = initialValues(fields);
  for (const field of fields) {
    values[field.name] = sensibleValue(field, values[field.name]);
  }
  return values;
}

function sensibleValue({ control }: IField, value: unknown): unknown {
  switch (control.kind) {
    case 'column':
      return control.many ? ['a'] : 'a';
    case 'text':
    case 'code':
      return value || 'x';
    case 'choice':
      return value || control.options[0].value;
    case 'choices':
      return [control.options[0].value];
    case 'texts':
      return ['x'];
    case 'pairs':
      return { x: 'y' };
    case 'number':
      return (
        value ?? Math.max(control.minimum ?? 0, ((control.above ?? 0) + (control.below ?? 2)) / 2)
      );
    case 'group':
      return sensible(control.fields);
    case 'records': {
      const rows = value as Values[];
      return rows.length ? rows.map(() => sensible(control.fields)) : [sensible(control.fields)];
    }
    default:
      return value;
  }
}

/** Fields at the top that JSON Schema finds amiss. */
function amiss(schema: unknown, told: Values): string[] {
  const { errors } = validator.validateFormData(told, schema as object);
  const name = (error: RJSFValidationError) => error.property?.match(/[^.[\]']+/)?.[0] ?? '';
  return [...new Set(errors.map(name))].sort();
}

describe.each(FORMS.map(each => [each.Key, each.Schema] as const))('%s', (_, schema) => {
  const fields = readForm(schema);

  it('has words for each of its fields', () => {
    for (const field of fields) {
      expect(field.title).not.toBe('');
      expect(field.title).not.toBe(field.name);
    }
  });

  it('finds amiss at its beginning what the schema does', () => {
    const values = initialValues(fields);
    const own = [...new Set(findProblems(fields, values).map(each => String(each.path[0])))];
    const told = parametersOf(fields, values);
    const shown = new Set(shownFields(fields, values).map(each => each.name));
    // A custom step without code is refused where it runs.
    const stricter = fields.filter(({ control }) => control.kind === 'code').map(each => each.name);
    const theirs = amiss(schema, told).filter(name => shown.has(name));
    expect(own.filter(name => !stricter.includes(name)).sort()).toEqual(
      theirs.filter(name => !stricter.includes(name))
    );
  });

  it('has nothing amiss once it is filled in', () => {
    const values = sensible(fields);
    expect(findProblems(fields, values)).toEqual([]);
    expect(amiss(schema, parametersOf(fields, values))).toEqual([]);
  });

  it('shows what a field waits for before it', () => {
    const values = sensible(fields);
    const names = shownFields(fields, values).map(each => each.name);
    for (const field of fields.filter(each => matters(each, values))) {
      for (const when of field.when.filter(each => names.includes(each.field))) {
        expect(names.indexOf(when.field)).toBeLessThan(names.indexOf(field.name));
      }
    }
  });
});

describe('fields that wait for others', () => {
  it('come with their choice and are told only then', () => {
    const { fields, values } = filled('featurize_text/vectorize', { input_column: 'a' });
    const names = (given: Values) => shownFields(fields, given).map(each => each.name);
    expect(names(values)).not.toContain('pattern');
    const custom = { ...values, tokenizer: 'Custom' };
    expect(names(custom)).toContain('pattern');
    expect(parametersOf(fields, values)).not.toHaveProperty('pattern');
    expect(parametersOf(fields, custom)).toHaveProperty('pattern', '\\s+');
  });

  it('come where something was given, or nothing', () => {
    const { fields, values } = filled('dimensionality_reduction/pca', {});
    const has = (given: Values) =>
      shownFields(fields, given).some(f => f.name === 'variance_threshold');
    expect(has(values)).toBe(true);
    expect(has({ ...values, number_of_components: 2 })).toBe(false);
  });

  it('come for either of two reasons', () => {
    const { fields, values } = filled('time_series/handle_missing/along_column', {});
    const constant = 'hmac_strategy_Constant Value_parameters';
    const has = (given: Values) => shownFields(fields, given).some(f => f.name === constant);
    const forward = { ...values, hmac_strategy: 'Forward Fill' };
    expect(has(forward)).toBe(false);
    expect(has({ ...forward, hmac_leftovernans: 'Fill with Constant Value' })).toBe(true);
    expect(has({ ...values, hmac_strategy: 'Constant Value' })).toBe(true);
  });
});

it.each([
  ['9007199254740991', []],
  ['9007199254740993', ['Give a number of 9007199254740991 or less.']],
  ['-9007199254740993', ['Give a number of -9007199254740991 or more.']]
])('the whole number %s is kept as it is, or not taken', (typed, messages) => {
  const fields = readForm({ properties: { count: { type: 'integer' } } });
  const found = findProblems(fields, { count: Number(typed) });
  expect(found.map(each => each.message)).toEqual(messages);
});

describe('rows', () => {
  it('begin with one to be filled in, which is not told while it is new', () => {
    const { fields, values } = filled('join_multi_keys', { join_type: 'inner' });
    expect(values.join_keys).toHaveLength(1);
    expect(parametersOf(fields, values).join_keys).toEqual([]);
  });

  it('say where what is amiss', () => {
    const conditions = [
      { column: 'a', condition: '=', value: '1', upper: '', values: [], standard_deviations: 3 },
      {
        column: '',
        condition: 'is outlier',
        value: '',
        upper: '',
        values: [],
        standard_deviations: 0
      }
    ];
    const { fields, values } = filled('filter_rows', { conditions });
    expect(findProblems(fields, values).map(each => each.path)).toEqual([
      ['conditions', 1, 'column'],
      ['conditions', 1, 'standard_deviations']
    ]);
  });
});

describe('columns', () => {
  const columns: IFormColumn[][] = [
    [
      { name: 'age', kind: 'long' },
      { name: 'job', kind: 'string' }
    ]
  ];

  it.each([
    [['age'], []],
    [['job'], ['job does not fit: it is text.']],
    [['sex'], ['There is no column sex.']],
    [[], ['Choose columns.']]
  ])('%j', (names, messages) => {
    const { fields, values } = filled('process_numeric/scale_values/standard_scaler', {
      input_column: names
    });
    const found = findProblems(fields, values, columns);
    expect(messagesAt(found, ['input_column'])).toEqual(messages);
  });

  it('of the second table are those of the second table', () => {
    const { fields, values } = filled('join_tables', {
      left_column: 'age',
      right_column: 'age',
      join_type: 'inner'
    });
    const found = findProblems(fields, values, [columns[0], [{ name: 'id', kind: 'long' }]]);
    expect(found.map(each => each.path)).toEqual([['right_column']]);
  });
});

describe('what the server says', () => {
  it.each([
    [
      'split/randomized_split',
      'Randomized split: splits.0.percentage: 2 is not right: less than 1',
      'splits.0.percentage',
      ['splits', 0, 'percentage'],
      'Less than 1'
    ],
    [
      'balance_data/smote',
      'SMOTE: smote_params.num_neighbors: 0 is not right',
      'smote_params.num_neighbors',
      ['smote_params', 'num_neighbors'],
      '0 is not right'
    ],
    [
      'custom_code/python_pandas',
      "Randomized split: line 2: KeyError: 'x'",
      undefined,
      ['code'],
      "Line 2: KeyError: 'x'"
    ],
    ['join_tables', 'The tables have no rows', undefined, [], 'The tables have no rows'],
    ['join_tables', 'x: is gone', 'x', [], 'Is gone']
  ])('%s: %s', (key, message, field, path, text) => {
    const fields = form(key);
    const label = 'Randomized split';
    const found = serverProblem(fields, initialValues(fields), { message, field, label });
    expect(found.path).toEqual(path);
    expect(found.message).toBe(text);
  });
});

it('an existing step is shown as it is', () => {
  const fields = form('manage_columns/rename_column');
  const given = { columns_to_rename: [], input_column: 'a', new_name: 'b' };
  const values = initialValues(fields, given);
  expect(values).toEqual(given);
  expect(isRareSet(fields, values)).toBe(true);
  expect(findProblems(fields, values)).toEqual([]);
});
