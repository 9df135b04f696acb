/** plotly.js, loaded when the first chart is shown. */
import { IFigure } from './figure';

export interface IPlotly {
  react(
    host: HTMLElement,
    data: IFigure['data'],
    layout: IFigure['layout'],
    config: object
  ): Promise<unknown>;
  purge(host: HTMLElement): void;
  toImage(
    figure: HTMLElement | IFigure,
    options: { format: 'png' | 'svg'; width: number; height: number; scale?: number }
  ): Promise<string>;
  Plots: { resize(host: HTMLElement): void };
}

let loading: Promise<IPlotly> | null = null;

export function loadPlotly(): Promise<IPlotly> {
  loading ??= import('plotly.js-cartesian-dist-min').then(module => module.default as IPlotly);
  // Who asks after the network is back gets an answer.
  loading.catch(() => (loading = null));
  return loading;
}
