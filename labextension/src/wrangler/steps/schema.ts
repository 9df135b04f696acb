/** The forms of steps: a declaration's JSON Schema as the fields that a person sees. */

/** The part of JSON Schema that declarations use, and what they say to forms beside it. */
export interface IJsonSchema {
  type?: string;
  title?: string;
  description?: string;
  default?: unknown;
  enum?: (string | number)[];
  /** What the values of `enum` are called, one by one. */
  labels?: string[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  minProperties?: number;
  items?: IJsonSchema;
  properties?: Record<string, IJsonSchema>;
  additionalProperties?: IJsonSchema | boolean;
  required?: string[];
  anyOf?: IJsonSchema[];
  $ref?: string;
  $defs?: Record<string, IJsonSchema>;
  /** The text names columns: of these kinds (none: of any) of that input. */
  column?: { kinds: string[]; input: number };
  when?: IWhen[];
  language?: Language;
  rarely?: boolean;
}

/** A field matters where another one has one of `values`, or says something (`given`) or not. */
export interface IWhen {
  field: string;
  values?: (string | boolean)[];
  given?: boolean;
}

export type Language = 'python' | 'sql' | 'expression';

export interface IOption {
  value: string;
  label: string;
}

export interface INumberControl {
  kind: 'number';
  whole: boolean;
  /** It may be left empty. */
  optional: boolean;
  minimum?: number;
  maximum?: number;
  /** It has to be above this. */
  above?: number;
  /** It has to be below this. */
  below?: number;
}

export interface IColumnControl {
  kind: 'column';
  kinds: string[];
  /** Which table: 0 is the first (left), 1 the second. */
  input: number;
  many: boolean;
  /** How many columns have to be named. */
  least: number;
}

export interface IRecordsControl {
  kind: 'records';
  fields: IField[];
  least: number;
  most: number;
}

/** How a field is asked for. */
export type Control =
  | INumberControl
  | IColumnControl
  | IRecordsControl
  | { kind: 'text'; least: number; most: number }
  | { kind: 'code'; language: Language; least: number }
  | { kind: 'switch' }
  | { kind: 'choice'; options: IOption[] }
  | { kind: 'choices'; options: IOption[]; least: number }
  | { kind: 'texts'; least: number }
  | { kind: 'pairs'; least: number }
  | { kind: 'group'; fields: IField[] };

export interface IField {
  /** As flow files have it. */
  name: string;
  title: string;
  help: string;
  /** What it is before anybody says anything. */
  initial: unknown;
  required: boolean;
  /** It matters where one of these holds; always, where there are none. */
  when: IWhen[];
  /** Forms show it at their end. */
  rarely: boolean;
  control: Control;
}

/** The fields of a form, in their order. */
export function readForm(schema: unknown): IField[] {
  const root = schema as IJsonSchema;
  return fieldsOf(root, root);
}

function fieldsOf(schema: IJsonSchema, root: IJsonSchema): IField[] {
  const required = new Set(schema.required);
  const fields = Object.entries(schema.properties ?? {}).map(([name, property]) =>
    fieldOf(name, property, root, required.has(name))
  );
  return schema === root ? [...fields].sort((a, b) => rank(a) - rank(b)) : fields;
}

/** A form begins with the columns it is about, and ends with the names of new ones. */
function rank({ name, required, control }: IField): number {
  if (/(?:^|_)output_(?:col|prefix)/.test(name)) {
    return 2;
  }
  return control.kind === 'column' && required ? 0 : 1;
}

function fieldOf(
  name: string,
  property: IJsonSchema,
  root: IJsonSchema,
  required: boolean
): IField {
  const { schema, optional } = resolved(property, root);
  const control = controlOf(schema, root, optional);
  return {
    name,
    title: schema.title ?? name,
    help: schema.description ?? '',
    initial: schema.default ?? blank(control),
    required: required && !optional,
    when: schema.when ?? [],
    rarely: schema.rarely ?? false,
    control
  };
}

/** The schema itself, where it stands for another, and whether it may be null. */
function resolved(
  property: IJsonSchema,
  root: IJsonSchema
): { schema: IJsonSchema; optional: boolean } {
  const parts = property.anyOf ?? [];
  const optional = parts.some(part => part.type === 'null');
  const inner = parts.find(part => part.type !== 'null');
  const flat = inner ? { ...inner, ...property, anyOf: undefined } : property;
  const target = flat.$ref ? root.$defs?.[flat.$ref.replace('#/$defs/', '')] : undefined;
  return {
    schema: target ? { ...target, ...flat, description: flat.description } : flat,
    optional
  };
}

function controlOf(schema: IJsonSchema, root: IJsonSchema, optional: boolean): Control {
  if (schema.column) {
    const many = schema.type === 'array';
    const least = (many ? schema.minItems : schema.minLength) ?? 0;
    return { kind: 'column', many, least, ...schema.column };
  }
  if (schema.enum) {
    return { kind: 'choice', options: optionsOf(schema) };
  }
  switch (schema.type) {
    case 'boolean':
      return { kind: 'switch' };
    case 'integer':
    case 'number':
      return numberOf(schema, optional);
    case 'array':
      return listOf(schema, root);
    case 'object':
      return schema.properties
        ? { kind: 'group', fields: fieldsOf(schema, root) }
        : { kind: 'pairs', least: schema.minProperties ?? 0 };
    case 'string':
      return textOf(schema);
    default:
      throw new Error(`No form is known for ${JSON.stringify(schema)}`);
  }
}

function textOf(schema: IJsonSchema): Control {
  const least = schema.minLength ?? 0;
  return schema.language
    ? { kind: 'code', language: schema.language, least }
    : { kind: 'text', least, most: schema.maxLength ?? Infinity };
}

function numberOf(schema: IJsonSchema, optional: boolean): INumberControl {
  return {
    kind: 'number',
    whole: schema.type === 'integer',
    optional,
    minimum: schema.minimum,
    maximum: schema.maximum,
    above: schema.exclusiveMinimum,
    below: schema.exclusiveMaximum
  };
}

function listOf(schema: IJsonSchema, root: IJsonSchema): Control {
  const items = resolved(schema.items ?? {}, root).schema;
  const least = schema.minItems ?? 0;
  if (items.properties) {
    const most = schema.maxItems ?? Infinity;
    return { kind: 'records', fields: fieldsOf(items, root), least, most };
  }
  return items.enum
    ? { kind: 'choices', options: optionsOf(items), least }
    : { kind: 'texts', least };
}

function optionsOf(schema: IJsonSchema): IOption[] {
  return (schema.enum ?? []).map((value, index) => ({
    value: String(value),
    label: schema.labels?.[index] ?? String(value)
  }));
}

/** A value that says nothing. */
function blank(control: Control): unknown {
  switch (control.kind) {
    case 'switch':
      return false;
    case 'number':
      return null;
    case 'column':
      return control.many ? [] : '';
    case 'choices':
    case 'texts':
    case 'records':
      return [];
    case 'pairs':
      return {};
    case 'group':
      return {};
    default:
      return '';
  }
}
