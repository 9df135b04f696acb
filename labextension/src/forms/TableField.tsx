import { addIcon, closeIcon } from '@jupyterlab/ui-components';
import { ErrorSchema, FieldProps, RJSFSchema } from '@rjsf/utils';
import React from 'react';

type Row = { [column: string]: string | number | undefined };

/**
 * A list of flat records as a table with one row each; the columns are the properties of the
 * schema's items. Use it in a form by `'ui:field': 'table'`; the option `wide` names the column
 * that gets the most room.
 */
export function TableField(props: FieldProps): JSX.Element {
  const items = props.schema.items as RJSFSchema;
  const columns = Object.entries(items.properties ?? {}) as [string, RJSFSchema][];
  const rows = (props.formData ?? []) as Row[];
  const change = (index: number, column: string, value: string | number | undefined) =>
    props.onChange(rows.map((row, place) => (place === index ? { ...row, [column]: value } : row)));
  const initial = Object.fromEntries(
    columns.map(([name, schema]) => [name, schema.default])
  ) as Row;
  const wide = props.uiSchema?.['ui:options']?.wide;
  const title = props.schema.title ?? props.name;
  return (
    <fieldset className="jp-studio-TableField" data-testid={`field-${props.name}`}>
      <legend>{title}</legend>
      {props.schema.description && <p className="jp-studio-Muted">{props.schema.description}</p>}
      {rows.length > 0 && (
        <table aria-label={title}>
          <thead>
            <tr>
              {columns.map(([name, schema]) => (
                <th key={name} scope="col" className={widthOf(schema, name === wide)}>
                  {schema.title ?? name}
                </th>
              ))}
              <th>
                <span className="jp-studio-Hidden">Remove</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row, index) => (
              <tr key={index}>
                {columns.map(([name, schema]) => (
                  <td key={name}>
                    <Cell
                      label={`${schema.title ?? name}, row ${index + 1}`}
                      schema={schema}
                      value={row[name]}
                      errors={errorsOf(props.errorSchema, index, name)}
                      onChange={value => change(index, name, value)}
                    />
                  </td>
                ))}
                <td>
                  <button
                    type="button"
                    className="jp-studio-IconButton"
                    aria-label={`Remove row ${index + 1}`}
                    title="Remove"
                    disabled={rows.length <= (props.schema.minItems ?? 0)}
                    onClick={() => props.onChange(rows.filter((_, place) => place !== index))}
                  >
                    <closeIcon.react tag="span" height="14px" width="14px" />
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <button
        type="button"
        className="jp-studio-Button"
        onClick={() => props.onChange([...rows, { ...initial }])}
      >
        <addIcon.react tag="span" height="14px" width="14px" />
        Add
      </button>
    </fieldset>
  );
}

/** How much room a column gets, as a class name. */
function widthOf(schema: RJSFSchema, isWide: boolean): string {
  if (isWide) {
    return 'jp-mod-wide';
  }
  return isNumeric(schema) ? 'jp-mod-narrow' : '';
}

function isNumeric({ type }: RJSFSchema): boolean {
  return type === 'number' || type === 'integer';
}

/** What is wrong with one cell; what is wrong with the whole list is shown by the form. */
function errorsOf(schema: ErrorSchema | undefined, index: number, column: string): string[] {
  return (schema as ErrorSchema<Row[]> | undefined)?.[index]?.[column]?.__errors ?? [];
}

function Cell(props: ICellProps): JSX.Element {
  return (
    <>
      <Control {...props} />
      {props.errors.map(error => (
        <div key={error} className="validationErrors" role="alert">
          {error}
        </div>
      ))}
    </>
  );
}

interface ICellProps {
  label: string;
  schema: RJSFSchema;
  value: string | number | undefined;
  errors: string[];
  onChange: (value: string | number | undefined) => void;
}

function Control(props: ICellProps): JSX.Element {
  const { schema } = props;
  const invalid = props.errors.length > 0;
  if (schema.enum) {
    return (
      <select
        className="jp-studio-Input"
        aria-label={props.label}
        aria-invalid={invalid}
        value={props.value ?? ''}
        onChange={event => props.onChange(event.target.value)}
      >
        {schema.enum.map(value => (
          <option key={String(value)} value={String(value)}>
            {String(value)}
          </option>
        ))}
      </select>
    );
  }
  const numeric = isNumeric(schema);
  const read = (text: string) => (text === '' ? undefined : Number(text));
  return (
    <input
      className="jp-studio-Input"
      aria-label={props.label}
      aria-invalid={invalid}
      type={numeric ? 'number' : 'text'}
      min={schema.minimum}
      step={schema.type === 'integer' ? 1 : 'any'}
      placeholder={schema.examples ? String((schema.examples as unknown[])[0]) : undefined}
      value={props.value ?? ''}
      onChange={event => props.onChange(numeric ? read(event.target.value) : event.target.value)}
    />
  );
}
