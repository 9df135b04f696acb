import React, { useEffect, useId, useMemo, useRef, useState } from 'react';
import { ITransform } from '../../api/types';
import { ErrorBanner } from '../../components/Messages';
import { FlowClient, FlowError } from '../api';
import { findProblems, IProblem, serverProblem } from './problems';
import { readForm } from './schema';
import { StepForm, StepHelp } from './StepForm';
import { ITable } from './tables';
import { Tables } from './Tables';
import { TrialView } from './TrialView';
import { useColumns } from './useColumns';
import { Attempt, Tried, useTry } from './useTry';
import { initialValues, parametersOf, Values } from './values';

/** A step as a node of the file has it. */
export interface IStepNode {
  label: string;
  operator: string;
  parameters: Record<string, unknown>;
  /** The names of what it gives; none where the step could not be tried. */
  outputs: string[];
  /** What it reads beside its first table. */
  further: ITable[];
}

/** A step that works, to be shown before it is added. */
export interface IPreview {
  attempt: Attempt;
  tried: Tried;
}

export interface IStepPanelProps {
  flow: FlowClient;
  transform: ITransform;
  /** What the step reads: of a new one the table it is added to; of one that is there, all. */
  inputs: ITable[];
  /** What else a new step may read, where it joins tables. */
  tables?: ITable[];
  /** The node that is changed; a new one is made unless given. */
  replaceNodeId?: string;
  /** What the form begins with: an existing step's parameters, or a suggestion's. */
  values?: Values;
  /** Another one means that the flow has changed. */
  version: string;
  /** The step has been tried, or there is nothing to show of it (null). */
  onPreview?: (preview: IPreview | null) => void;
  onApply: (step: IStepNode) => void | Promise<void>;
  onCancel: () => void;
}

/** The form of a step, which is tried on real rows as it is filled in. */
export function StepPanel(props: IStepPanelProps): JSX.Element {
  const { flow, transform, inputs, replaceNodeId, version } = props;
  const fields = useMemo(() => readForm(transform.Schema), [transform]);
  const [values, setValues] = useState<Values>(() => initialValues(fields, props.values));
  const wanted = replaceNodeId ? 0 : Math.max(0, transform.Inputs - inputs.length);
  const [others, setOthers] = useState<(ITable | undefined)[]>(() =>
    Array.from({ length: wanted }, (_, index) => props.tables?.[index])
  );
  const [showAll, setShowAll] = useState(!!replaceNodeId);
  const [applyError, setApplyError] = useState<Error | null>(null);
  const [busy, setBusy] = useState(false);
  /** What is to be applied once it has been tried; a change of the form takes that back. */
  const [wish, setWish] = useState<Attempt | null>(null);
  const formId = useId();

  const chosen = [...inputs, ...others.flatMap(each => each ?? [])];
  const { columns, error: columnsError } = useColumns(flow, chosen, version);
  const own = useMemo(() => findProblems(fields, values, columns), [fields, values, columns]);
  const isWhole = others.every(each => each !== undefined);
  const parameters = useMemo(() => parametersOf(fields, values), [fields, values]);
  const attempt = useMemo<Attempt | null>(
    () => (own.length || !isWhole ? null : attemptOf(transform, parameters, chosen, replaceNodeId)),
    // The tables are told by their names.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [own.length, isWhole, transform, parameters, JSON.stringify(chosen), replaceNodeId]
  );
  const trial = useTry(flow, attempt, version);
  const told = useMemo(
    () => placed(transform.Label, trial.error, own, fields, values),
    [transform, trial.error, own, fields, values]
  );
  const problems = [...own, ...told];

  const report = useRef(props.onPreview);
  report.current = props.onPreview;
  const { tried, attempt: triedAttempt } = trial;
  useEffect(() => {
    report.current?.(tried && triedAttempt ? { tried, attempt: triedAttempt } : null);
  }, [tried, triedAttempt]);
  useEffect(() => () => report.current?.(null), []);

  const write = async () => {
    setBusy(true);
    setApplyError(null);
    try {
      const node =
        tried ?? (await flow.describeStep({ Key: transform.Key, StepParameters: parameters }));
      await props.onApply({
        label: transform.Label,
        operator: node.NodeOperator,
        parameters: node.NodeParameters as Record<string, unknown>,
        outputs: tried?.NodeOutputs ?? [],
        further: chosen.slice(inputs.length)
      });
    } catch (error) {
      setApplyError(error as Error);
    } finally {
      setBusy(false);
    }
  };
  const apply = () => {
    setShowAll(true);
    if (!attempt || busy) {
      return;
    }
    if (trial.isCurrent) {
      void write();
    } else {
      // Only a try says what the step gives.
      setWish(attempt);
    }
  };
  const isWaiting = wish !== null && wish === attempt;
  const writeNow = useRef(write);
  writeNow.current = write;
  useEffect(() => {
    if (!isWaiting) {
      setWish(null);
    } else if (trial.isCurrent) {
      setWish(null);
      // A failure is shown first: adding the step anyway is asked for again.
      if (!trial.error) {
        void writeNow.current();
      }
    }
  }, [isWaiting, trial.isCurrent, trial.error]);

  return (
    <section
      className="jp-studio-Step"
      aria-label={transform.Label}
      data-testid="step-panel"
      data-key={transform.Key}
    >
      <header>
        <h3>{transform.Label}</h3>
        <StepHelp text={transform.Help} />
      </header>
      <div className="jp-studio-Step-body">
        {(others.length > 0 || (transform.Many && !replaceNodeId)) && (
          <Tables
            count={transform.Inputs}
            many={transform.Many}
            first={inputs[0]}
            others={others}
            choices={props.tables ?? []}
            onChange={setOthers}
          />
        )}
        <ErrorBanner error={columnsError} title="The columns cannot be read" />
        <StepForm
          id={formId}
          label={`Settings of ${transform.Label}`}
          fields={fields}
          columns={columns}
          values={values}
          problems={problems}
          showAll={showAll || told.length > 0}
          onChange={setValues}
          onSubmit={apply}
        />
        <TrialView trial={trial} isPlaced={told.length > 0} onRetry={trial.again} />
        <ErrorBanner error={applyError} title="The step could not be written" />
      </div>
      <footer className="jp-studio-Form-actions">
        <button
          type="submit"
          form={formId}
          className="jp-studio-Button jp-mod-primary"
          data-testid="apply-step"
          disabled={busy || isWaiting}
        >
          {isWaiting ? 'Trying…' : verbOf(replaceNodeId, trial.error)}
        </button>
        <button className="jp-studio-Button" data-testid="cancel-step" onClick={props.onCancel}>
          Cancel
        </button>
      </footer>
    </section>
  );
}

function attemptOf(
  transform: ITransform,
  parameters: Values,
  tables: ITable[],
  replaceNodeId: string | undefined
): Attempt {
  const attempt = { Key: transform.Key, StepParameters: parameters };
  return replaceNodeId
    ? { ...attempt, ReplaceNodeId: replaceNodeId }
    : {
        ...attempt,
        Inputs: tables.map(({ node, output }) => ({ NodeId: node, OutputName: output }))
      };
}

/** The failure of a try at its field, where it is this form's and names one. */
function placed(
  label: string,
  error: Error | null,
  own: IProblem[],
  fields: ReturnType<typeof readForm>,
  values: Values
): IProblem[] {
  if (!(error instanceof FlowError) || error.lost || own.length) {
    return [];
  }
  const problem = serverProblem(fields, values, {
    message: error.message,
    field: error.field,
    label
  });
  return problem.path.length ? [problem] : [];
}

function verbOf(replaceNodeId: string | undefined, error: Error | null): string {
  const verb = replaceNodeId ? 'Change' : 'Add';
  return error ? `${verb} anyway` : `${verb} step`;
}
