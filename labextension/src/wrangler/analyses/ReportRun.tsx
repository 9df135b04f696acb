import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import React, { useEffect } from 'react';
import { ErrorBanner } from '../../components/Messages';
import { FlowClient } from '../api';
import { ITable } from '../steps/tables';
import { Values } from '../steps/values';
import { Busy } from './Busy';
import { IFix, IReport } from './report';
import { ReportPage } from './ReportPage';
import { useRun } from './useRun';

/** The insights report, made whenever `asked` is counted up. */
export function ReportRun(props: {
  flow: FlowClient;
  table: ITable;
  /** The target column and the problem, as the form has them. */
  values: Values;
  asked: number;
  rendermime?: IRenderMimeRegistry;
  onFix?: (fix: IFix) => void;
}): JSX.Element {
  const { flow, table, values, asked } = props;
  const { run, running, error, start, stop } = useRun(flow);

  const begin = () =>
    start({
      Type: 'REPORT',
      NodeId: table.node,
      OutputName: table.output,
      TargetColumn: (values.target_column as string) || undefined,
      ProblemType: values.problem_type as 'auto'
    });
  useEffect(() => {
    if (asked) {
      begin();
    }
    // Each asking is one run of what the form says then.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [asked]);

  const progress = run?.Progress;
  const report = run?.Status === 'Completed' ? (run.Data as IReport) : null;
  return (
    <>
      {running && (
        <Busy
          label="The table is being looked at"
          fraction={progress?.Total ? progress.Done / progress.Total : undefined}
          onStop={stop}
        />
      )}
      <ErrorBanner error={error} title="The report could not be made" onRetry={begin} />
      {!running && !error && !report && (
        <p className="jp-studio-Muted">
          {run || asked
            ? 'Stopped.'
            : 'Looks at every column, and, with a target, at what predicts it. This can take a minute.'}
        </p>
      )}
      {report && (
        <ReportPage
          key={run?.RunId}
          report={report}
          html={run?.Html}
          rendermime={props.rendermime}
          onFix={props.onFix}
        />
      )}
    </>
  );
}
