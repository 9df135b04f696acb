/** What is wrong with a form, and where: found here, or told by the server. */
import { lineOf } from './code';
import { Control, IField, INumberControl } from './schema';
import { isBlank, isFresh, matters, Values } from './values';

/** A field, a row of it, a field of the row...; of nothing: the form itself. */
export type Path = (string | number)[];

export interface IProblem {
  path: Path;
  message: string;
}

/** A column of a table that a step reads. */
export interface IFormColumn {
  name: string;
  kind: string;
  type?: string;
}

/** The columns of each table; those of a table that is not known yet are missing. */
export type Columns = readonly (readonly IFormColumn[] | undefined)[];

/** What keeps the form from being sent, in words for people. */
export function findProblems(
  fields: IField[],
  values: Values,
  columns: Columns = [],
  path: Path = []
): IProblem[] {
  return fields
    .filter(field => matters(field, values))
    .flatMap(field => problemsOf(field, values[field.name], columns, [...path, field.name]));
}

function problemsOf(field: IField, value: unknown, columns: Columns, path: Path): IProblem[] {
  const { control } = field;
  if (control.kind === 'group') {
    return findProblems(control.fields, value as Values, columns, path);
  }
  if (control.kind === 'records') {
    const rows = value as Values[];
    const filled = rows.filter(row => !isFresh(control.fields, row)).length;
    const least = Math.max(control.least, field.required ? 1 : 0);
    const own = filled < least && !rows.length ? [{ path, message: atLeast(least) }] : [];
    return [
      ...own,
      ...rows.flatMap((row, index) =>
        // A row that was just added is asked for only where there has to be one.
        isFresh(control.fields, row) && index >= least
          ? []
          : findProblems(control.fields, row, columns, [...path, index])
      )
    ];
  }
  const message = wrongWith(field, control, value) ?? missingColumn(control, value, columns);
  return message ? [{ path, message }] : [];
}

function atLeast(count: number): string {
  return count === 1 ? 'Add one at least.' : `Add ${count} at least.`;
}

function wrongWith(field: IField, control: Control, value: unknown): string | undefined {
  switch (control.kind) {
    case 'number':
      return wrongNumber(control, value);
    case 'column': {
      const count = Array.isArray(value) ? value.length : isBlank(value) ? 0 : 1;
      const wanted = control.many ? 'Choose columns.' : 'Choose a column.';
      return count < control.least || (field.required && !count) ? wanted : undefined;
    }
    case 'choice':
      if (isBlank(value)) {
        return 'Choose one.';
      }
      return control.options.some(option => option.value === value)
        ? undefined
        : `${String(value)} is none of the choices.`;
    case 'text':
    case 'code': {
      const text = (value as string | undefined) ?? '';
      if (text.length < control.least || (field.required && control.kind === 'code' && !text)) {
        return control.kind === 'code' ? 'Write some code.' : 'This is needed.';
      }
      const most = control.kind === 'text' ? control.most : Infinity;
      return text.length > most
        ? `Write ${most} character${most > 1 ? 's' : ''} at most.`
        : undefined;
    }
    case 'choices':
    case 'texts':
      return (value as unknown[]).length < control.least ? 'Choose one at least.' : undefined;
    case 'pairs':
      return Object.keys(value as object).length < control.least ? 'Add one at least.' : undefined;
    default:
      return undefined;
  }
}

function wrongNumber(control: INumberControl, value: unknown): string | undefined {
  if (value === null || value === undefined) {
    return control.optional ? undefined : 'Give a number.';
  }
  const number = value as number;
  const { minimum, maximum, above, below } = control;
  if (!Number.isFinite(number)) {
    return 'This is no number.';
  }
  if (control.whole && !Number.isInteger(number)) {
    return 'Give a whole number.';
  }
  // Beyond, the number that is told is another one than the one that was typed.
  if (control.whole && !Number.isSafeInteger(number)) {
    const most = Number.MAX_SAFE_INTEGER;
    return `Give a number ${limits(number < 0 ? { minimum: -most } : { maximum: most })}.`;
  }
  const fits =
    number >= (minimum ?? -Infinity) &&
    number <= (maximum ?? Infinity) &&
    number > (above ?? -Infinity) &&
    number < (below ?? Infinity);
  return fits ? undefined : `Give a number ${limits(control)}.`;
}

/** "from 0 to 1", "above 0", for people. */
export function limits({
  minimum,
  maximum,
  above,
  below
}: Pick<INumberControl, 'minimum' | 'maximum' | 'above' | 'below'>): string {
  if (minimum !== undefined && maximum !== undefined) {
    return `from ${minimum} to ${maximum}`;
  }
  const parts = [
    minimum !== undefined ? `of ${minimum} or more` : '',
    above !== undefined ? `above ${above}` : '',
    maximum !== undefined ? `of ${maximum} or less` : '',
    below !== undefined ? `below ${below}` : ''
  ];
  return parts.filter(Boolean).join(' and ');
}

/** A column that is not there, or does not fit; nothing while the columns are not known. */
function missingColumn(control: Control, value: unknown, columns: Columns): string | undefined {
  const there = control.kind === 'column' ? columns[control.input] : undefined;
  if (control.kind !== 'column' || !there) {
    return undefined;
  }
  for (const name of Array.isArray(value) ? (value as string[]) : value ? [value as string] : []) {
    const column = there.find(each => each.name === name);
    if (!column) {
      return `There is no column ${name}.`;
    }
    if (control.kinds.length && !control.kinds.includes(column.kind)) {
      return `${name} does not fit: it is ${KIND_NAMES[column.kind] ?? column.kind}.`;
    }
  }
  return undefined;
}

/** Kinds of column, as a sentence has them. */
export const KIND_NAMES: Record<string, string> = {
  long: 'a whole number',
  float: 'a decimal number',
  string: 'text',
  datetime: 'a date and time',
  date: 'a date',
  bool: 'a boolean',
  array: 'a list',
  struct: 'structured',
  map: 'a map',
  binary: 'binary'
};

/**
 * What the server says is wrong, at the field of the form that it names.
 *
 * The message loses the names that stand before it for programs; where no field of the form is
 * named the problem is the form's.
 */
export function serverProblem(
  fields: IField[],
  values: Values,
  told: { message: string; field?: string; label?: string }
): IProblem {
  const parts = (told.field ?? '').split('.').filter(part => part && part !== 'parameters');
  const named = pathOf(fields, values, parts);
  const code = fields.find(each => each.control.kind === 'code' && matters(each, values));
  const path = !named.length && code && lineOf(told.message) ? [code.name] : named;
  const { message, label = '' } = told;
  // The form stands below the step's name already.
  const said =
    label && message.startsWith(`${label}: `) ? message.slice(label.length + 2) : message;
  return { path, message: plainMessage(said, told.field, fields) };
}

function pathOf(fields: IField[], values: Values, parts: string[]): Path {
  const [name, ...rest] = parts;
  const field = fields.find(each => each.name === name && matters(each, values));
  if (!field) {
    return [];
  }
  const { control } = field;
  if (control.kind === 'group') {
    return [name, ...pathOf(control.fields, values[name] as Values, rest)];
  }
  const rows = values[name] as Values[];
  const index = Number(rest[0]);
  if (control.kind === 'records' && rest.length && rows[index]) {
    return [name, index, ...pathOf(control.fields, rows[index], rest.slice(1))];
  }
  return [name];
}

/** The message without "Label: field: " before it, and with titles for names of fields. */
function plainMessage(message: string, name: string | undefined, fields: IField[]): string {
  let text = message;
  if (name) {
    const at = text.indexOf(`${name}: `);
    text = at >= 0 ? text.slice(at + name.length + 2) : text;
  }
  // The value stands in the field.
  text = text.replace(/^[\s\S]*? is not right: (?:Value error, )?/, '');
  for (const field of fields.filter(each => each.name.includes('_'))) {
    text = text.split(field.name).join(field.title);
  }
  return text[0] ? text[0].toUpperCase() + text.slice(1) : message;
}

/** The messages at exactly that place. */
export function messagesAt(problems: IProblem[], path: Path): string[] {
  const key = JSON.stringify(path);
  return problems.filter(each => JSON.stringify(each.path) === key).map(each => each.message);
}
