import React, { useMemo } from 'react';
import { IDescribeTrainingJobResponse } from '../../api/types';
import { jobCharts, thin } from '../../charts/series';
import { EmptyState, ErrorBanner, Loading } from '../../components/Messages';
import { MetricChart } from '../../components/MetricChart';
import { IResource, useResource } from '../../hooks/useResource';
import { IMetricSeries } from '../../api/studio';
import { isRunning } from './job';

/** No more points of a line are drawn than this. */
const MAX_POINTS = 1000;

/** The metric curves of a job, current. */
export function useJobMetrics(name: string): IResource<IMetricSeries[]> {
  return useResource(
    name,
    async (studio, signal) => {
      const input = { ResourceType: 'training-job' as const, ResourceName: name };
      return (await studio.client.call('Studio.GetMetricSeries', input, signal)).Series;
    },
    { kinds: ['training-job'], name }
  );
}

/** One chart for each quantity that the job reported. */
export function TrainingMetrics(props: { job: IDescribeTrainingJobResponse }): JSX.Element {
  const metrics = useJobMetrics(props.job.TrainingJobName);
  const charts = useMemo(
    () =>
      jobCharts(
        (metrics.data ?? []).map(series => ({
          ...series,
          Points: thin(series.Points, MAX_POINTS)
        }))
      ),
    [metrics.data]
  );
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
