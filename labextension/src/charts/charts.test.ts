import { describe, expect, it } from 'vitest';
import { MetricPoint } from '../api/studio';
import { endpointCharts, invocationsPerMinute, lastWindow } from './endpoint';
import { jobCharts, thin } from './series';
import { chartSpec } from './spec';

describe('jobCharts', () => {
  it('draws train and validation of a quantity in one chart', () => {
    const charts = jobCharts([
      { Name: 'train:auc', Points: [[1, 0, 0.5]] },
      { Name: 'validation:auc', Points: [[1, 0, 0.4]] },
      { Name: 'loss', Points: [[2, null, 3]] }
    ]);
    expect(charts.map(({ title }) => title)).toEqual(['auc', 'loss']);
    expect(charts[0].points.map(({ line }) => line)).toEqual(['train', 'validation']);
    expect(charts[0].bySteps).toBe(true);
    expect(charts[1].points).toEqual([{ x: 2000, value: 3, line: 'loss' }]);
  });
});

describe('thin', () => {
  const points = Array.from({ length: 100 }, (_, i): MetricPoint => [i, i, i]);

  it('keeps both ends', () => {
    const few = thin(points, 10);
    expect(few).toHaveLength(10);
    expect([few[0], few[9]]).toEqual([points[0], points[99]]);
  });

  it('leaves short lines alone', () => expect(thin(points, 100)).toBe(points));
});

describe('endpointCharts', () => {
  const window = { start: 100, bucket: 10, count: 3, now: 125 };
  const [rate, latency, errors] = endpointCharts(
    [
      {
        Name: 'Invocations',
        Dimension: 'A',
        Points: [
          [101, null, 5],
          [109, null, 15],
          [125, null, 1]
        ]
      },
      {
        Name: 'ModelLatency',
        Dimension: 'A',
        Points: [
          [101, null, 2000],
          [109, null, 4000]
        ]
      },
      { Name: 'Invocation5XXErrors', Dimension: 'A', Points: [[111, null, 10]] }
    ],
    window
  );

  it('adds counts up to rates, of the last bucket over what has passed of it', () => {
    expect(rate.points.map(({ value }) => value)).toEqual([2, 0, 0.2]);
  });

  it('averages latencies over requests, in milliseconds', () => {
    expect(latency.points).toEqual([{ x: 100_000, value: 3.5, line: 'A' }]);
  });

  it('names the kind of error', () => {
    expect(errors.points[1]).toEqual({ x: 110_000, value: 1, line: 'A 5xx' });
  });
});

it('counts the invocations of the last minute', () => {
  const Points: MetricPoint[] = [
    [30, null, 7],
    [50, null, 2],
    [99, null, 3]
  ];
  expect(invocationsPerMinute([{ Name: 'Invocations', Points }], 100)).toBe(5);
});

it('cuts a window that ends after now', () => {
  const { start, bucket, count } = lastWindow(1003, 900);
  expect(start + bucket * count).toBeGreaterThanOrEqual(1003);
  expect(bucket * count).toBeGreaterThanOrEqual(900);
});

it('colours every line, also beyond the palette', () => {
  const points = ['a', 'b', 'c'].map(line => ({ x: 1, value: 1, line }));
  const theme = { text: '#000', grid: '#ccc', font: 'sans', lines: ['red', 'blue'] };
  const spec = chartSpec({ title: 't', points, bySteps: true }, theme, 300);
  const { color } = spec.encoding as { color: { scale: { range: string[] } } };
  expect(color.scale.range).toEqual(['red', 'blue', 'red']);
});
