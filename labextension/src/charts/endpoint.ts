import { IPoint, ISeries } from '../api/types';
import { IChart, IChartPoint } from './series';

/** A stretch of time cut into equal buckets; in epoch seconds. */
export interface IWindow {
  start: number;
  bucket: number;
  count: number;
  /** Where the last bucket, which is still filling, ends for now. */
  now: number;
}

/** The last `length` seconds in about 90 buckets. */
export function lastWindow(now: number, length: number): IWindow {
  const bucket = Math.max(5, Math.round(length / 90));
  const end = Math.ceil(now / bucket) * bucket;
  const count = Math.ceil(length / bucket);
  return { start: end - count * bucket, bucket, count, now };
}

/** A value that stands for `weight` requests. */
interface IWeighted {
  value: number;
  weight: number;
}

/** Values of each line (variant) in each bucket. */
type Buckets = Map<string, IWeighted[][]>;

/**
 * What an endpoint did, as CloudWatch names it, with one point for each period that had
 * requests (a second, or longer in a long time): `Invocations` and `Invocation4XXErrors` are counts, `ModelLatency` is the mean of
 * the period's requests in microseconds.
 */
export function endpointCharts(series: ISeries[], window: IWindow): IChart[] {
  const counts = byVariant(series, 'Invocations');
  const buckets = (name: string) => inBuckets(byVariant(series, name), counts, window);
  const errors = ['4XX', '5XX'].flatMap(kind =>
    [...buckets(`Invocation${kind}Errors`)].map(
      ([variant, values]) => [`${variant} ${kind.toLowerCase()}`.trim(), values] as const
    )
  );
  const faulty = errors.filter(([, values]) => values.flat().some(({ value }) => value > 0));
  return [
    chart('Invocations per second', '/s', buckets('Invocations'), window, rate),
    chart('Model latency, average', 'ms', buckets('ModelLatency'), window, milliseconds),
    // Where nothing failed, one line at zero says so.
    chart('Errors per second', '/s', faulty.length ? faulty : errors.slice(0, 1), window, rate)
  ];
}

type Reduce = (values: IWeighted[], seconds: number) => number | undefined;

const rate: Reduce = (values, seconds) => sum(values.map(({ value }) => value)) / seconds;

const milliseconds: Reduce = values => {
  const total = sum(values.map(({ value, weight }) => value * weight));
  const count = sum(values.map(({ weight }) => weight));
  return count ? total / count / 1000 : undefined;
};

/** Invocations of all variants in the minute before `now`. */
export function invocationsPerMinute(series: ISeries[], now: number): number {
  return sum(
    series
      .filter(({ Name }) => Name === 'Invocations')
      .flatMap(({ Points }) => Points)
      .filter(({ Timestamp }) => Timestamp > now - 60)
      .map(({ Value }) => Value)
  );
}

function byVariant(series: ISeries[], name: string): Map<string, IPoint[]> {
  const found = series.filter(({ Name }) => Name === name);
  return new Map(found.map(({ Dimension, Points }) => [Dimension ?? '', Points]));
}

function inBuckets(
  lines: Map<string, IPoint[]>,
  counts: Map<string, IPoint[]>,
  window: IWindow
): Buckets {
  const result: Buckets = new Map();
  for (const [line, points] of lines) {
    const weights = new Map(
      (counts.get(line) ?? []).map(({ Timestamp, Value }) => [Timestamp, Value])
    );
    const buckets = Array.from({ length: window.count }, (): IWeighted[] => []);
    for (const { Timestamp, Value } of points) {
      const bucket = buckets[Math.floor((Timestamp - window.start) / window.bucket)];
      bucket?.push({ value: Value, weight: weights.get(Timestamp) ?? 1 });
    }
    result.set(line, buckets);
  }
  return result;
}

function chart(
  title: string,
  unit: string,
  lines: Iterable<readonly [string, IWeighted[][]]>,
  window: IWindow,
  reduce: Reduce
): IChart {
  const points: IChartPoint[] = [];
  for (const [line, buckets] of lines) {
    buckets.forEach((values, index) => {
      const start = window.start + index * window.bucket;
      const seconds = Math.max(1, Math.min(window.bucket, window.now - start));
      const value = reduce(values, seconds);
      if (value !== undefined) {
        points.push({ x: start * 1000, value, line });
      }
    });
  }
  const domain: [number, number] = [window.start * 1000, window.now * 1000];
  return { title, unit, points, domain, bySteps: false };
}

function sum(values: number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
