import { JSONObject } from '@lumino/coreutils';
import { IChart } from './series';

export interface IChartTheme {
  text: string;
  grid: string;
  font: string;
  /** Colours of the lines, in order. */
  lines: string[];
}

/** A chart as Vega-Lite 5, the version that Lab draws. Sizes in pixels. */
export function chartSpec(chart: IChart, theme: IChartTheme, width: number): JSONObject {
  const lines = [...new Set(chart.points.map(point => point.line))];
  const x: JSONObject = chart.bySteps
    ? {
        field: 'x',
        type: 'quantitative',
        title: 'step',
        axis: { tickMinStep: 1, tickCount: 6, format: 'd' }
      }
    : { field: 'x', type: 'temporal', title: null, axis: { tickCount: 5, labelFlush: true } };
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
        scale: { zero: chart.unit !== undefined }
      },
      color: {
        field: 'line',
        type: 'nominal',
        scale: { domain: lines, range: lines.map((_, i) => theme.lines[i % theme.lines.length]) },
        legend: lines.length > 1 ? { title: null, orient: 'top' } : null
      }
    },
    config: {
      font: theme.font,
      view: { stroke: 'transparent' },
      axis: { ...axis, domainColor: theme.grid, tickColor: theme.grid, labelFontSize: 11 },
      legend: { labelColor: theme.text, labelFontSize: 11 }
    }
  };
}
