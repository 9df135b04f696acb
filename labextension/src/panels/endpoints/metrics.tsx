import React, { useMemo, useState } from 'react';
import { endpointCharts, lastWindow } from '../../charts/endpoint';
import { EmptyState, ErrorBanner, Loading } from '../../components/Messages';
import { MetricChart } from '../../components/MetricChart';
import { useResource } from '../../hooks/useResource';

const WINDOWS: [seconds: number, label: string][] = [
  [15 * 60, 'Last 15 minutes'],
  [60 * 60, 'Last hour'],
  [24 * 3600, 'Last day']
];

/** Traffic, latency and errors of an endpoint; `compact` is its one-line form. */
export function EndpointMetrics(props: { name: string; compact?: boolean }): JSX.Element {
  const [length, setLength] = useState(WINDOWS[0][0]);
  const metrics = useResource(
    `${props.name}/${length}`,
    async (studio, signal) => {
      const now = Date.now() / 1000;
      const { Series } = await studio.client.call(
        'Studio.GetMetricSeries',
        { ResourceType: 'endpoint', ResourceName: props.name, Since: now - length },
        signal
      );
      return { series: Series, window: lastWindow(now, length) };
    },
    { kinds: ['endpoint'], name: props.name }
  );
  const charts = useMemo(
    () => (metrics.data ? endpointCharts(metrics.data.series, metrics.data.window) : []),
    [metrics.data]
  );
  const used = charts.filter(chart => chart.points.length > 0);
  return (
    <section className="jp-studio-Section">
      <header>
        <h3>Traffic</h3>
        <select
          className="jp-studio-Input"
          aria-label="Time shown"
          value={length}
          onChange={event => setLength(Number(event.target.value))}
        >
          {WINDOWS.map(([seconds, label]) => (
            <option key={seconds} value={seconds}>
              {label}
            </option>
          ))}
        </select>
      </header>
      <ErrorBanner
        error={metrics.error}
        title="The metrics cannot be read"
        onRetry={metrics.reload}
      />
      {metrics.loading && <Loading />}
      {metrics.data && !used.length && (
        <EmptyState title="No request in this time">
          <p>Send one from the Test tab.</p>
        </EmptyState>
      )}
      <div className={`jp-studio-Charts${props.compact ? ' jp-mod-compact' : ''}`}>
        {used.map(chart => (
          <MetricChart key={chart.title} chart={chart} />
        ))}
      </div>
    </section>
  );
}
