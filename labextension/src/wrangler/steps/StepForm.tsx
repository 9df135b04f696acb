import '../../../style/wrangler/steps.css';
import React, { useCallback, useId, useMemo, useState } from 'react';
import { FieldList, Help } from './FieldList';
import { Columns, IProblem, Path } from './problems';
import { IField } from './schema';
import { Values } from './values';

export interface IStepFormProps {
  /** What a button that submits the form names. */
  id?: string;
  label: string;
  fields: IField[];
  /** Of each table that the step reads. */
  columns: Columns;
  values: Values;
  problems: IProblem[];
  /** Show what is wrong with fields that nobody has touched yet, too. */
  showAll?: boolean;
  onChange: (values: Values) => void;
  /** Enter in a field, or the button that submits the form. */
  onSubmit?: () => void;
}

/** A form generated from a declaration. */
export function StepForm(props: IStepFormProps): JSX.Element {
  const prefix = useId();
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const onTouch = useCallback(
    (path: Path) => setTouched(old => new Set(old).add(path.join('\n'))),
    []
  );
  const { columns, problems, showAll } = props;
  const form = useMemo(
    () => ({
      prefix,
      columns,
      problems,
      onTouch,
      isShown: (path: Path) => showAll || touched.has(path.join('\n'))
    }),
    [prefix, columns, problems, showAll, touched, onTouch]
  );
  const general = problems.filter(each => !each.path.length);
  return (
    <form
      id={props.id}
      className="jp-studio-Step-form"
      aria-label={props.label}
      noValidate
      onSubmit={event => {
        event.preventDefault();
        props.onSubmit?.();
      }}
    >
      {props.fields.length === 0 && <p className="jp-studio-Muted">There is nothing to set.</p>}
      <FieldList
        fields={props.fields}
        values={props.values}
        path={[]}
        form={form}
        onChange={props.onChange}
      />
      {general.length > 0 && (
        <div className="jp-studio-Step-problem" role="alert" data-testid="step-problem">
          {general.map(each => (
            <pre key={each.message}>{each.message}</pre>
          ))}
        </div>
      )}
    </form>
  );
}

/** What a step is, in its own words. */
export function StepHelp({ text }: { text: string }): JSX.Element {
  return (
    <p className="jp-studio-Muted">
      <Help text={text} />
    </p>
  );
}
