import { MimeModel } from '@jupyterlab/rendermime';
import React, { useEffect, useMemo, useRef, useState } from 'react';
import { IChart } from '../charts/series';
import { chartLines, chartSpec, IChartTheme, lineColor } from '../charts/spec';
import { useStudio } from '../context';
import { formatNumber } from '../format';
import { cssVariable, useTheme } from '../hooks/useTheme';

const MIME = 'application/vnd.vegalite.v5+json';

function currentTheme(): IChartTheme {
  return {
    text: cssVariable('--jp-ui-font-color1'),
    grid: cssVariable('--jp-border-color2'),
    font: cssVariable('--jp-ui-font-family'),
    lines: ['brand', 'warn', 'success', 'error', 'info'].map(name =>
      cssVariable(`--jp-${name}-color1`)
    )
  };
}

/** A line chart, drawn by Lab's own Vega renderer, below its lines' last values. */
export function MetricChart(props: { chart: IChart }): JSX.Element {
  const { chart } = props;
  const { rendermime } = useStudio();
  const host = useRef<HTMLDivElement>(null);
  const theme = useTheme();
  const width = useWidth(host);

  useEffect(() => {
    if (!host.current || !width) {
      return;
    }
    const target = host.current;
    const renderer = rendermime.createRenderer(MIME);
    let cancelled = false;
    const model = new MimeModel({
      trusted: true,
      // The renderer paints a PNG beside each chart that has none, which nobody would see.
      data: { [MIME]: chartSpec(chart, currentTheme(), width), 'image/png': '' },
      metadata: { [MIME]: { embed_options: { actions: false, renderer: 'svg' } } }
    });
    // The old chart stays until the new one is drawn, so that live charts do not flicker.
    void renderer.renderModel(model).then(() => {
      if (!cancelled) {
        target.replaceChildren(renderer.node);
      }
    });
    return () => {
      cancelled = true;
      // Let the next chart take this one's place before it goes.
      window.setTimeout(() => renderer.dispose(), 1000);
    };
  }, [rendermime, chart, theme, width]);

  return (
    <figure className="jp-studio-Chart" data-testid="chart" data-metric={chart.title}>
      <figcaption>
        <strong>{chart.title}</strong>
        <Legend chart={chart} />
      </figcaption>
      <div ref={host} className="jp-studio-Chart-host" role="img" aria-label={chart.title} />
    </figure>
  );
}

/** The lines' names and last values, so that the chart can also be read as words. */
function Legend({ chart }: { chart: IChart }): JSX.Element {
  const themeName = useTheme();
  // The theme's name stands for its colours, which only the page knows.
  const theme = useMemo(currentTheme, [themeName]);
  const last = new Map(chart.points.map(({ line, value }) => [line, value]));
  const lines = chartLines(chart);
  return (
    <span className="jp-studio-Legend">
      {lines.map((line, index) => (
        <span key={line}>
          {lines.length > 1 && (
            <>
              <span
                className="jp-studio-Legend-mark"
                style={{ background: lineColor(theme, index) }}
                aria-hidden="true"
              />
              {line}{' '}
            </>
          )}
          <span className="jp-studio-Muted">{withUnit(last.get(line) ?? NaN, chart.unit)}</span>
        </span>
      ))}
    </span>
  );
}

function withUnit(value: number, unit = ''): string {
  return `${formatNumber(value)} ${unit}`.trim().replace(' /', '/');
}

function useWidth(ref: React.RefObject<HTMLElement>): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      // A hidden panel has no width; the chart keeps the last one.
      if (entry.contentRect.width) {
        setWidth(Math.floor(entry.contentRect.width));
      }
    });
    observer.observe(ref.current as HTMLElement);
    return () => observer.disconnect();
  }, [ref]);
  return width;
}
