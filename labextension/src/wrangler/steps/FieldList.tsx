import React, { useState } from 'react';
import { ColumnPicker } from './fields/ColumnPicker';
import { CodeField } from './fields/CodeField';
import { Choice, Choices, NumberInput, Switch, TextInput, Texts } from './fields/Inputs';
import { Pairs } from './fields/Pairs';
import { Records } from './fields/Records';
import { IControlProps, idOf, IFormContext } from './fields/common';
import { messagesAt, Path } from './problems';
import { IField } from './schema';
import { isRareSet, shownFields, Values } from './values';

interface IFieldListProps {
  fields: IField[];
  values: Values;
  path: Path;
  form: IFormContext;
  onChange: (values: Values) => void;
}

/** The fields that matter, and below them, folded, those that are rarely set. */
export function FieldList(props: IFieldListProps): JSX.Element {
  const { fields, values, path } = props;
  const shown = shownFields(fields, values);
  const rare = shown.filter(field => field.rarely);
  const [isOpen, setOpen] = useState(() => isRareSet(fields, values));
  const show = (field: IField) => (
    <Field
      key={field.name}
      field={field}
      path={[...path, field.name]}
      value={values[field.name]}
      form={props.form}
      onChange={value => props.onChange({ ...values, [field.name]: value })}
    />
  );
  return (
    <>
      {shown.filter(field => !field.rarely).map(show)}
      {rare.length > 0 && (
        <details
          className="jp-studio-Step-more"
          open={isOpen}
          onToggle={event => setOpen(event.currentTarget.open)}
        >
          <summary>More</summary>
          {rare.map(show)}
        </details>
      )}
    </>
  );
}

// The kind of a field says what its value is.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type AnyControlProps = IControlProps<any>;

interface IFieldProps {
  field: IField;
  path: Path;
  value: unknown;
  form: IFormContext;
  onChange: (value: unknown) => void;
}

/** A field with its label, what a person should know about it, and what is wrong with it. */
function Field(props: IFieldProps): JSX.Element {
  const { field, path, form } = props;
  const id = idOf(form.prefix, path);
  const messages = form.isShown(path) ? messagesAt([...form.problems], path) : [];
  const { kind } = field.control;
  const describedBy = [messages.length && `${id}-problem`, field.help && `${id}-help`];
  const control: AnyControlProps = {
    ...props,
    id,
    value: props.value,
    describedBy: describedBy.filter(Boolean).join(' ') || undefined,
    invalid: messages.length > 0
  };
  return (
    <div
      className={`jp-studio-Step-field jp-mod-${kind}`}
      data-field={path.join('.')}
      onBlur={event => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) {
          form.onTouch(path);
        }
      }}
    >
      {kind !== 'switch' && <Label id={id} field={field} />}
      <ControlOf {...control} />
      {field.help && (
        <div id={`${id}-help`} className="jp-studio-Step-help">
          <Help text={field.help} />
        </div>
      )}
      {messages.length > 0 && (
        <div id={`${id}-problem`} className="jp-studio-Step-problem" role="alert">
          {messages.map(message => (
            <div key={message}>{message}</div>
          ))}
        </div>
      )}
    </div>
  );
}

/** What several elements make up is named, not labelled. */
const GROUPS = ['group', 'records', 'choices', 'pairs', 'code'];

function Label({ id, field }: { id: string; field: IField }): JSX.Element {
  const note = field.required && <span className="jp-studio-Step-required"> needed</span>;
  return GROUPS.includes(field.control.kind) ? (
    <div id={`${id}-label`} className="jp-studio-Step-label">
      {field.title}
      {note}
    </div>
  ) : (
    <label id={`${id}-label`} htmlFor={id} className="jp-studio-Step-label">
      {field.title}
      {note}
    </label>
  );
}

function ControlOf(props: AnyControlProps): JSX.Element {
  const { control } = props.field;
  switch (control.kind) {
    case 'column':
      return <ColumnPicker {...props} control={control} />;
    case 'number':
      return <NumberInput {...props} />;
    case 'switch':
      return <Switch {...props} />;
    case 'choice':
      return <Choice {...props} options={control.options} />;
    case 'choices':
      return <Choices {...props} options={control.options} />;
    case 'texts':
      return <Texts {...props} />;
    case 'pairs':
      return <Pairs {...props} />;
    case 'code':
      return <CodeField {...props} language={control.language} />;
    case 'records':
      return <Records {...props} control={control} />;
    case 'group':
      return (
        <div className="jp-studio-Step-group" role="group" aria-labelledby={`${props.id}-label`}>
          <FieldList
            fields={control.fields}
            values={props.value as Values}
            path={props.path}
            form={props.form}
            onChange={props.onChange as (values: Values) => void}
          />
        </div>
      );
    default:
      return <TextInput {...props} />;
  }
}

/** Text with `code` and ``code`` in it, as declarations write it. */
export function Help({ text }: { text: string }): JSX.Element {
  const parts = text.split(/``?([^`]+)``?/);
  return <>{parts.map((part, index) => (index % 2 ? <code key={index}>{part}</code> : part))}</>;
}
