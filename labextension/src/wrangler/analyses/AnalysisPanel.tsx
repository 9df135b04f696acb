import '../../../style/wrangler/analyses.css';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import React, { useId, useMemo, useState } from 'react';
import { IAnalysis } from '../../api/types';
import { ErrorBanner } from '../../components/Messages';
import { FlowClient, FlowError } from '../api';
import { findProblems, serverProblem } from '../steps/problems';
import { readForm } from '../steps/schema';
import { StepForm, StepHelp } from '../steps/StepForm';
import { IStepNode } from '../steps/StepPanel';
import { ITable } from '../steps/tables';
import { useColumns } from '../steps/useColumns';
import { initialValues, parametersOf, Values } from '../steps/values';
import { Busy } from './Busy';
import { FindingsView } from './FindingsView';
import { isLive, REPORT } from './kinds';
import { IFix } from './report';
import { ReportRun } from './ReportRun';
import { Question, useFindings } from './useFindings';

export interface IAnalysisPanelProps {
  flow: FlowClient;
  analysis: IAnalysis;
  /** What is looked at. */
  table: ITable;
  /** What the form begins with. */
  values?: Values;
  /** The analysis is in the flow already. */
  isKept?: boolean;
  /** Another one means that the flow has changed. */
  version: string;
  rendermime?: IRenderMimeRegistry;
  /** Keep the analysis in the flow, or change the one that is there. */
  onApply: (node: IStepNode) => void | Promise<void>;
  /** Add a step that mends what the report found. */
  onFix?: (fix: IFix) => void;
  onCancel: () => void;
}

/** An analysis: what it looks at, and what it finds. */
export function AnalysisPanel(props: IAnalysisPanelProps): JSX.Element {
  const { flow, analysis, table, version, rendermime } = props;
  const fields = useMemo(() => readForm(analysis.Schema), [analysis]);
  const [values, setValues] = useState<Values>(() => initialValues(fields, props.values));
  const [showAll, setShowAll] = useState(!!props.isKept);
  const [asked, setAsked] = useState(0);
  const formId = useId();
  const [applyError, setApplyError] = useState<Error | null>(null);

  const { columns, error: columnsError } = useColumns(flow, [table], version);
  const own = useMemo(() => findProblems(fields, values, columns), [fields, values, columns]);
  const parameters = useMemo(() => parametersOf(fields, values), [fields, values]);
  const question = useMemo<Question | null>(
    () =>
      own.length
        ? null
        : {
            Key: analysis.Key,
            StepParameters: parameters,
            NodeId: table.node,
            OutputName: table.output
          },
    [own.length, analysis, parameters, table.node, table.output]
  );
  const isReport = analysis.Key === REPORT;
  const [wanted, setWanted] = useState<Question | null>(null);
  const live = isLive(analysis.Key);
  const found = useFindings(
    flow,
    isReport ? null : live ? question : wanted,
    `${version}/${live ? asked : ''}${live ? '' : asked}`
  );
  const told =
    found.error instanceof FlowError && !own.length
      ? [
          serverProblem(fields, values, {
            message: found.error.message,
            field: found.error.field,
            label: analysis.Label
          })
        ]
      : [];
  const placed = told.filter(each => each.path.length);
  const isStale = !live && wanted !== null && wanted !== question;

  const run = () => {
    setShowAll(true);
    setWanted(question);
    setAsked(count => count + 1);
  };
  const apply = async () => {
    setShowAll(true);
    if (own.length) {
      return;
    }
    setApplyError(null);
    try {
      const node = await flow.describeStep({ Key: analysis.Key, StepParameters: parameters });
      await props.onApply({
        label: analysis.Label,
        operator: node.NodeOperator,
        parameters: node.NodeParameters as Record<string, unknown>,
        outputs: [],
        further: []
      });
    } catch (error) {
      setApplyError(error as Error);
    }
  };

  return (
    <section
      className={`jp-studio-Step jp-studio-Analysis${fields.length ? '' : ' jp-mod-plain'}`}
      aria-label={analysis.Label}
      data-testid="analysis-panel"
      data-key={analysis.Key}
    >
      <header>
        <h3>
          {analysis.Label} <span className="jp-studio-Analysis-table">of {table.label}</span>
        </h3>
        <StepHelp text={analysis.Help} />
      </header>
      <div className="jp-studio-Step-body">
        <div className="jp-studio-Analysis-form">
          <ErrorBanner error={columnsError} title="The columns cannot be read" />
          {fields.length > 0 && (
            <StepForm
              id={formId}
              label={`Settings of ${analysis.Label}`}
              fields={fields}
              columns={columns}
              values={values}
              problems={[...own, ...placed]}
              showAll={showAll || placed.length > 0}
              onChange={setValues}
              onSubmit={run}
            />
          )}
        </div>
        <div className="jp-studio-Analysis-found" aria-busy={found.running}>
          {isReport ? (
            <ReportRun
              flow={flow}
              table={table}
              values={values.insights_report_parameters as Values}
              asked={asked}
              rendermime={rendermime}
              onFix={props.onFix}
            />
          ) : (
            <>
              {found.running && <Busy label={`${analysis.Label} is being made`} />}
              {found.error && placed.length === 0 && (
                <ErrorBanner
                  error={new Error(told[0]?.message ?? found.error.message)}
                  title="It could not be made"
                  onRetry={run}
                />
              )}
              {isStale && !found.running && (
                <p className="jp-studio-Muted">The settings have changed since.</p>
              )}
              {found.findings && (
                <FindingsView
                  analysisKey={analysis.Key}
                  title={analysis.Label}
                  findings={found.findings}
                  rendermime={rendermime}
                />
              )}
            </>
          )}
          <ErrorBanner error={applyError} title="The analysis could not be written" />
        </div>
      </div>
      <footer className="jp-studio-Form-actions">
        <button
          className={`jp-studio-Button${live ? '' : ' jp-mod-primary'}`}
          data-testid="run-analysis"
          // Enter in the form presses it, where there is a form.
          {...(fields.length ? { type: 'submit', form: formId } : { type: 'button', onClick: run })}
        >
          {live || asked ? 'Refresh' : 'Run'}
        </button>
        <button
          className={`jp-studio-Button${live ? ' jp-mod-primary' : ''}`}
          data-testid="keep-analysis"
          onClick={() => void apply()}
        >
          {props.isKept ? 'Change' : 'Keep in the flow'}
        </button>
        <button className="jp-studio-Button" data-testid="cancel-analysis" onClick={props.onCancel}>
          Close
        </button>
      </footer>
    </section>
  );
}
