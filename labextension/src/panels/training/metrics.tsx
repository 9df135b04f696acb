import React, { useMemo } from 'react';
import { IDescribeTrainingJobResponse, ISeries } from '../../api/types';
import { jobCharts } from '../../charts/series';
import { EmptyState, ErrorBanner, Loading } from '../../components/Messages';
import { MetricChart } from '../../components/MetricChart';
import { IResource, useResource } from '../../hooks/useResource';
import { isRunning } from './job';

/** A screen shows no more points of a line than this. */
const MAX_POINTS = 1000;

/** The metric curves of a job, current. */
export function useJobMetrics(name: string): IResource<ISeries[]> {
  return useResource(
    name,
    async (studio, signal) => {
      const { Series } = await studio.client.call(
        'Studio.GetMetricSeries',
        { ResourceType: 'training-job', ResourceName: name, MaxPoints: MAX_POINTS },
        signal
      );
      return Series;
    },
    { kinds: ['training-job'], name, pause: 1000 }
  );
}

/** One chart for each quantity that the job reported. */
export function TrainingMetrics(props: { job: IDescribeTrainingJobResponse }): JSX.Element {
  const metrics = useJobMetrics(props.job.TrainingJobName);
  const charts = useMemo(() => jobCharts(metrics.data ?? []), [metrics.data]);
  if (metrics.loading) {
    return <Loading />;
  }
  return (
    <>
      <ErrorBanner
        error={metrics.error}
        title="The metrics cannot be read"
        onRetry={metrics.reload}
      />
      {charts.length === 0 && !metrics.error && (
        <EmptyState
          title={
            isRunning(props.job) ? 'No metric has been reported yet' : 'No metric was reported'
          }
        >
          <p>
            Built-in algorithms report by themselves; a script needs <code>MetricDefinitions</code>,
            a name and a pattern for its log lines.
          </p>
        </EmptyState>
      )}
      <div className="jp-studio-Charts">
        {charts.map(chart => (
          <MetricChart key={chart.title} chart={chart} />
        ))}
      </div>
    </>
  );
}
