import { FormComponent, IFormComponentProps } from '@jupyterlab/ui-components';
import { ErrorSchema, RJSFSchema, UiSchema } from '@rjsf/utils';
import validator from '@rjsf/validator-ajv8';
import React, { useRef, useState } from 'react';
import { ErrorBanner } from '../components/Messages';
import { fieldErrors, FieldNames, fieldOf } from './errors';
import { explain } from './patterns';
import { TableField } from './TableField';

// Lab types its form for JSON objects only; the data of ours has types of its own.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
const Form = FormComponent as React.ComponentType<IFormComponentProps<any>>;

const FIELDS = { table: TableField };

export interface IRequestFormProps<T> {
  schema: RJSFSchema;
  uiSchema: UiSchema;
  initial: T;
  /** Which field to blame for an error that names a member of the request. */
  fieldNames: FieldNames;
  submitLabel: string;
  submit: (data: T) => Promise<void>;
  onCancel: () => void;
}

/** A form whose request may be refused: the refusal is shown at the field it is about. */
export function RequestForm<T extends object>(props: IRequestFormProps<T>): JSX.Element {
  const [data, setData] = useState(props.initial);
  const [extra, setExtra] = useState<ErrorSchema>({});
  const [error, setError] = useState<Error | null>(null);
  const [busy, setBusy] = useState(false);
  const host = useRef<HTMLDivElement>(null);

  const submit = async () => {
    setBusy(true);
    setError(null);
    setExtra({});
    try {
      await props.submit(data);
    } catch (reason) {
      const refusal = reason as Error;
      const field = fieldOf(refusal.message, props.fieldNames);
      setError(field ? null : refusal);
      setExtra(field ? fieldErrors(field, refusal.message) : {});
    } finally {
      setBusy(false);
    }
  };
  const press = () => host.current?.querySelector('form')?.requestSubmit();

  return (
    <div className="jp-studio-Form" ref={host}>
      <Form
        schema={props.schema}
        uiSchema={props.uiSchema}
        validator={validator}
        fields={FIELDS}
        formData={data}
        transformErrors={explain}
        extraErrors={extra}
        onChange={event => {
          setData(event.formData as T);
          // A refusal was about the data of before.
          setExtra({});
        }}
        onSubmit={() => void submit()}
        showErrorList={false}
        showModifiedFromDefault={false}
        compact={true}
        noHtml5Validate={true}
        focusOnFirstError={true}
      />
      <ErrorBanner error={error} />
      <div className="jp-studio-Form-actions">
        <button
          className="jp-studio-Button jp-mod-primary"
          data-testid="submit"
          disabled={busy}
          onClick={press}
        >
          {busy ? 'Sending…' : props.submitLabel}
        </button>
        <button className="jp-studio-Button" onClick={props.onCancel}>
          Cancel
        </button>
      </div>
    </div>
  );
}
