import { describe, expect, it } from 'vitest';
import { IPoint } from '../api/types';
import { endpointCharts, invocationsPerMinute, lastWindow } from './endpoint';
import { jobCharts } from './series';
import { chartSpec } from './spec';

const point = (Timestamp: number, Value: number): IPoint => ({ Timestamp, Value });

describe('jobCharts', () => {
  it('draws train and validation of a quantity in one chart', () => {
    const charts = jobCharts([
      { Name: 'train:auc', Points: [{ Timestamp: 1, Step: 0, Value: 0.5 }] },
      { Name: 'validation:auc', Points: [{ Timestamp: 1, Step: 0, Value: 0.4 }] },
      { Name: 'loss', Points: [point(2, 3)] }
    ]);
    expect(charts.map(({ title }) => title)).toEqual(['auc', 'loss']);
    expect(charts[0].points.map(({ line }) => line)).toEqual(['train', 'validation']);
    expect(charts[0].bySteps).toBe(true);
    expect(charts[1].points).toEqual([{ x: 2000, value: 3, line: 'loss' }]);
  });
});

describe('endpointCharts', () => {
  const window = { start: 100, bucket: 10, count: 3, now: 125 };
  const [rate, latency, errors] = endpointCharts(
    [
      {
        Name: 'Invocations',
        Dimension: 'A',
        Points: [point(101, 5), point(109, 15), point(125, 1)]
      },
      {
        Name: 'ModelLatency',
        Dimension: 'A',
        Points: [point(101, 2000), point(109, 4000)]
      },
      { Name: 'Invocation5XXErrors', Dimension: 'A', Points: [point(111, 10)] }
    ],
    window
  );

  it('adds counts up to rates, of the last bucket over what has passed of it', () => {
    expect(rate.points.map(({ value }) => value)).toEqual([2, 0, 0.2]);
  });

  it('averages latencies over requests, in milliseconds', () => {
    expect(latency.points).toEqual([{ x: 100_000, value: 3.5, line: 'A' }]);
  });

  it('shows the whole window, also where nothing was', () => {
    const theme = { text: '#000', grid: '#ccc', font: 'sans', lines: ['red'] };
    const { x } = chartSpec(latency, theme, 300).encoding as { x: { scale: object } };
    expect(x.scale).toEqual({ domain: [100_000, 125_000] });
  });

  it('names the kind of error', () => {
    expect(errors.points[1]).toEqual({ x: 110_000, value: 1, line: 'A 5xx' });
  });
});

it('counts the invocations of the last minute', () => {
  const Points = [point(30, 7), point(50, 2), point(99, 3)];
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
