/** The insights report as the server tells it. */

/** A step that would mend what a remark is about, as a node has it. */
export interface IFix {
  label: string;
  operator: string;
  parameters: Record<string, unknown>;
}

export type Severity = 'high' | 'medium' | 'low';

export interface IRemark {
  severity: Severity;
  code: string;
  message: string;
  column: string | null;
  fix: IFix | null;
}

export interface IReportColumn {
  name: string;
  type: string;
  kind: string;
  rows: number;
  missing: number;
  missing_ratio: number;
  distinct: number;
  outliers: number;
  figures: Record<string, number | null>;
  values: Record<string, number>;
  /** Where the bins begin, how wide they are, and what is in each. */
  histogram: [number, number, number[]] | null;
}

export interface IModel {
  problem_type: string;
  rows: { train: number; test: number };
  metrics: Record<string, unknown> & { confusion_matrix?: number[][]; classes?: string[] };
  importances: Record<string, number>;
}

export interface IReport {
  rows: number;
  columns: IReportColumn[];
  duplicates: number;
  target: string | null;
  problem: string | null;
  power: Record<string, number>;
  model: IModel | null;
  remarks: IRemark[];
  anomalous: { score: number; row: Record<string, unknown> }[];
  repeated: { count: number; row: Record<string, unknown> }[];
}

/** What a remark says, for people: names of columns without quotes of programs. */
export function wording({ message, column }: IRemark): string {
  return column ? message.replace(`'${column}'`, column) : message;
}

/** Bars of what is most important, the longest first. */
export function barChart(
  values: Record<string, number>,
  label: string,
  most = 20
): {
  data: Record<string, unknown>[];
  layout: Record<string, unknown>;
} {
  const shown = Object.entries(values)
    .sort((a, b) => b[1] - a[1])
    .slice(0, most)
    .reverse();
  return {
    data: [
      {
        type: 'bar',
        orientation: 'h',
        x: shown.map(([, value]) => value),
        y: shown.map(([name]) => name)
      }
    ],
    layout: {
      margin: { l: 16, r: 16, t: 8, b: 40 },
      xaxis: { title: { text: label }, automargin: true },
      yaxis: { automargin: true }
    }
  };
}

/** How often each class was taken for each. */
export function confusionChart(model: IModel): {
  data: Record<string, unknown>[];
  layout: Record<string, unknown>;
} | null {
  const { confusion_matrix: cells, classes } = model.metrics;
  if (!cells || !classes) {
    return null;
  }
  return {
    data: [
      {
        type: 'heatmap',
        x: classes.map(String),
        y: classes.map(String),
        z: cells,
        zmin: 0,
        texttemplate: '%{z}',
        showscale: false
      }
    ],
    layout: {
      margin: { l: 48, r: 16, t: 8, b: 48 },
      xaxis: { title: { text: 'Predicted' }, type: 'category', automargin: true },
      yaxis: { title: { text: 'Actual' }, type: 'category', automargin: true }
    }
  };
}

/** The metrics of a model that are one number each. */
export function metricsOf(model: IModel): Record<string, number> {
  return Object.fromEntries(
    Object.entries(model.metrics).filter(
      (each): each is [string, number] => typeof each[1] === 'number'
    )
  );
}
