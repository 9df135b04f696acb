import { ISeries } from '../api/types';

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
  /** Ends of the `x` axis, where they are not those of the points. */
  domain?: [number, number];
}

const SPLITS = /^(train|training|validation|valid|val|test|eval)[:_/ -](.+)$/;

/**
 * Charts of a job's metrics: one for each quantity, so that "train:auc" and "validation:auc"
 * are two lines of the chart "auc".
 */
export function jobCharts(series: ISeries[]): IChart[] {
  const charts = new Map<string, IChart>();
  for (const { Name, Points } of series) {
    const [, split, quantity] = SPLITS.exec(Name) ?? [null, Name, Name];
    const bySteps = Points.some(({ Step }) => Step !== undefined);
    const chart = charts.get(quantity) ?? { title: quantity, points: [], bySteps };
    charts.set(quantity, chart);
    chart.bySteps = chart.bySteps && bySteps;
    for (const { Timestamp, Step, Value } of Points) {
      const x = bySteps ? (Step ?? 0) : Timestamp * 1000;
      chart.points.push({ x, value: Value, line: split });
    }
  }
  return [...charts.values()].sort((a, b) => a.title.localeCompare(b.title));
}
