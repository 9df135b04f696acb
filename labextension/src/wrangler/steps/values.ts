/** What a form holds, which of its fields matter, and what of it the server is told. */
import { IField, IWhen } from './schema';

export type Values = Record<string, unknown>;

/** What a form begins with: what was given, else what declarations say. */
export function initialValues(fields: IField[], given: Values = {}): Values {
  return Object.fromEntries(
    fields.map((field, index) => [field.name, initialValue(field, given[field.name], index === 0)])
  );
}

function initialValue(field: IField, given: unknown, isFirst: boolean): unknown {
  const value = given ?? field.initial;
  const { control } = field;
  switch (control.kind) {
    case 'group':
      return initialValues(control.fields, value as Values);
    case 'records': {
      const rows = (value as Values[]).map(row => initialValues(control.fields, row));
      // A form that is a list of things is asked for the first of them.
      const wanted = given === undefined && (isFirst || control.least > 0);
      return wanted && rows.length === 0 ? [initialValues(control.fields)] : rows;
    }
    case 'column':
    case 'texts':
    case 'choices': {
      const isList = control.kind !== 'column' || control.many;
      return isList && !Array.isArray(value) ? (value ? [value] : []) : value;
    }
    default:
      return value;
  }
}

/** Whether a value says nothing. */
export function isBlank(value: unknown): boolean {
  if (value === undefined || value === null || value === '') {
    return true;
  }
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function holds(when: IWhen, values: Values): boolean {
  const value = values[when.field];
  if (when.values) {
    return when.values.includes(value as string | boolean);
  }
  return isBlank(value) !== (when.given ?? true);
}

/** Whether a field matters for what the form says. */
export function matters(field: IField, values: Values): boolean {
  return field.when.length === 0 || field.when.some(when => holds(when, values));
}

/** The fields that matter for what the form says; what hides a field is asked for before it. */
export function shownFields(fields: IField[], values: Values): IField[] {
  const shown = fields.filter(field => matters(field, values));
  const names = shown.map(field => field.name);
  const waits = (field: IField) =>
    Math.max(-1, ...field.when.map(when => names.indexOf(when.field)));
  // Stable: only a field that stands before all that it waits for moves, behind the last of it.
  return shown
    .map((field, place) => ({ field, place: Math.max(place, waits(field) + 0.5) }))
    .sort((a, b) => a.place - b.place)
    .map(({ field }) => field);
}

/** Whether the form's end holds something that a person has set. */
export function isRareSet(fields: IField[], values: Values): boolean {
  return fields.some(
    field => field.rarely && JSON.stringify(values[field.name]) !== JSON.stringify(field.initial)
  );
}

/** What the server is told: what matters, without numbers and rows that say nothing. */
export function parametersOf(fields: IField[], values: Values): Values {
  const told: Values = {};
  for (const field of fields.filter(each => matters(each, values))) {
    const value = values[field.name];
    const { control } = field;
    if (control.kind === 'group') {
      told[field.name] = parametersOf(control.fields, value as Values);
    } else if (control.kind === 'records') {
      told[field.name] = filledRows(control.fields, value as Values[]).map(row =>
        parametersOf(control.fields, row)
      );
    } else if (value !== null && value !== undefined && !isUnchosen(field, value)) {
      told[field.name] = value;
    }
  }
  return told;
}

/** A choice that nobody made is not an empty text. */
function isUnchosen(field: IField, value: unknown): boolean {
  return field.control.kind === 'choice' && value === '';
}

/** Rows that are other than a new one. */
function filledRows(fields: IField[], rows: Values[]): Values[] {
  const fresh = JSON.stringify(initialValues(fields));
  return rows.filter(row => JSON.stringify(row) !== fresh);
}

/** Whether a row says what a new one does. */
export function isFresh(fields: IField[], row: Values): boolean {
  return JSON.stringify(row) === JSON.stringify(initialValues(fields));
}
