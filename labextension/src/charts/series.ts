import { IMetricSeries, MetricPoint } from '../api/studio';

/** One point of a chart; `x` is a step, or a time in milliseconds. */
export interface IChartPoint {
  x: number;
  value: number;
  line: string;
}

export interface IChart {
  title: string;
  points: IChartPoint[];
  /** Whether `x` is a step rather than a time. */
  bySteps: boolean;
  /** Unit of the value, for the axis. */
  unit?: string;
}

const SPLITS = /^(train|training|validation|valid|val|test|eval)[:_/ -](.+)$/;

/**
 * Charts of a job's metrics: one for each quantity, so that "train:auc" and "validation:auc"
 * are two lines of the chart "auc".
 */
export function jobCharts(series: IMetricSeries[]): IChart[] {
  const charts = new Map<string, IChart>();
  for (const { Name, Points } of series) {
    const [, split, quantity] = SPLITS.exec(Name) ?? [null, Name, Name];
    const bySteps = Points.some(([, step]) => step !== null);
    const chart = charts.get(quantity) ?? { title: quantity, points: [], bySteps };
    charts.set(quantity, chart);
    chart.bySteps = chart.bySteps && bySteps;
    for (const [time, step, value] of Points) {
      chart.points.push({ x: bySteps ? (step ?? 0) : time * 1000, value, line: split });
    }
  }
  return [...charts.values()].sort((a, b) => a.title.localeCompare(b.title));
}

/** Thins a long line to about `limit` points: a screen has no more, and drawing is not free. */
export function thin(points: MetricPoint[], limit: number): MetricPoint[] {
  if (points.length <= limit) {
    return points;
  }
  const step = (points.length - 1) / (limit - 1);
  return Array.from({ length: limit }, (_, i) => points[Math.round(i * step)]);
}
