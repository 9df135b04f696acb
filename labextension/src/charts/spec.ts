import { JSONObject } from '@lumino/coreutils';
import { IChart } from './series';

export interface IChartTheme {
  text: string;
  grid: string;
  font: string;
  /** Colours of the lines, in order. */
  lines: string[];
}

/** The names of a chart's lines, in the order of their colours. */
export function chartLines(chart: IChart): string[] {
  return [...new Set(chart.points.map(point => point.line))];
}

/** The colour of a chart's line of that index. */
export function lineColor(theme: IChartTheme, index: number): string {
  return theme.lines[index % theme.lines.length];
}

/** How times are written on an axis, by the length of it; a format of D3. */
function timeFormat(chart: IChart): string {
  const times = chart.domain ?? chart.points.map(({ x }) => x);
  const first = times.reduce((a, b) => Math.min(a, b), Infinity);
  const last = times.reduce((a, b) => Math.max(a, b), -Infinity);
  const minutes = (last - first) / 60_000;
  if (minutes > 36 * 60) {
    return '%d %b %H:%M';
  }
  return minutes > 5 ? '%H:%M' : '%H:%M:%S';
}

/** A chart as Vega-Lite 5, the version that Lab draws. Sizes in pixels. */
export function chartSpec(chart: IChart, theme: IChartTheme, width: number): JSONObject {
  const lines = chartLines(chart);
  const x: JSONObject = chart.bySteps
    ? {
        field: 'x',
        type: 'quantitative',
        title: 'step',
        axis: { tickMinStep: 1, tickCount: 6, format: 'd', labelFlush: false }
      }
    : {
        field: 'x',
        type: 'temporal',
        title: null,
        axis: { tickCount: 5, labelFlush: true, format: timeFormat(chart) }
      };
  if (chart.domain) {
    x.scale = { domain: chart.domain };
  }
  const isFlat = chart.unit !== undefined && chart.points.every(({ value }) => value === 0);
  const axis = { labelColor: theme.text, titleColor: theme.text, gridColor: theme.grid };
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v5.json',
    width,
    height: 180,
    autosize: { type: 'fit', contains: 'padding' },
    // Room for the half of the last label that stands out.
    padding: { left: 4, top: 4, bottom: 4, right: 14 },
    background: 'transparent',
    data: { values: chart.points as unknown as JSONObject[] },
    // A lone point draws no line, so a short series shows its points.
    mark: { type: 'line', point: chart.points.length <= 30 * lines.length, tooltip: true },
    encoding: {
      x,
      y: {
        field: 'value',
        type: 'quantitative',
        title: chart.unit ?? null,
        // A line at zero lies on the axis.
        scale: isFlat ? { domain: [0, 1] } : { zero: chart.unit !== undefined }
      },
      color: {
        field: 'line',
        type: 'nominal',
        scale: { domain: lines, range: lines.map((_, index) => lineColor(theme, index)) },
        // The page names the lines itself, in text that wraps and can be read aloud.
        legend: null
      }
    },
    config: {
      font: theme.font,
      view: { stroke: 'transparent' },
      axis: { ...axis, domainColor: theme.grid, tickColor: theme.grid, labelFontSize: 11 }
    }
  };
}
