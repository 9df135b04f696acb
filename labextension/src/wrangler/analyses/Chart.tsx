import { IRenderMimeRegistry, MimeModel } from '@jupyterlab/rendermime';
import { JSONObject } from '@lumino/coreutils';
import React, { useEffect, useMemo, useRef, useState } from 'react';
import { ErrorBanner } from '../../components/Messages';
import { cssVariable, useTheme } from '../../hooks/useTheme';
import { described, IFigure, IFigureTheme, isBundled, themed } from './figure';
import { download, downloadText, fileName } from './download';
import { IPlotly, loadPlotly } from './plotly';

const PLOTLY = 'application/vnd.plotly.v1+json';
const CONFIG = { displaylogo: false, modeBarButtonsToRemove: ['toImage'], responsive: false };

function currentTheme(): IFigureTheme {
  return {
    text: cssVariable('--jp-ui-font-color1'),
    grid: cssVariable('--jp-border-color2'),
    background: cssVariable('--jp-layout-color1'),
    font: cssVariable('--jp-ui-font-family'),
    colors: ['brand', 'warn', 'success', 'error', 'info'].map(name =>
      cssVariable(`--jp-${name}-color1`)
    )
  };
}

/** A figure of an analysis, as high as its corner is dragged, which can be saved. */
export function Chart(props: {
  title: string;
  figure: IFigure;
  /** Draws what the panel's own plotly does not, where a renderer is installed. */
  rendermime?: IRenderMimeRegistry;
}): JSX.Element {
  const { title, figure } = props;
  return isBundled(figure) ? (
    <PlotlyChart title={title} figure={figure} />
  ) : (
    <RenderedChart
      title={title}
      mimeType={PLOTLY}
      content={figure as unknown as JSONObject}
      rendermime={props.rendermime}
    />
  );
}

function PlotlyChart(props: { title: string; figure: IFigure }): JSX.Element {
  const { title, figure } = props;
  const host = useRef<HTMLDivElement>(null);
  const [plotly, setPlotly] = useState<IPlotly | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const [saveError, setSaveError] = useState<Error | null>(null);
  const themeName = useTheme();
  // The theme's name stands for its colours, which only the page knows.
  const theme = useMemo(currentTheme, [themeName]);
  const drawn = useMemo(() => themed(figure, theme), [figure, theme]);

  useEffect(() => {
    loadPlotly().then(setPlotly, setError);
  }, []);
  useEffect(() => {
    const target = host.current;
    if (plotly && target) {
      plotly.react(target, drawn.data, drawn.layout, CONFIG).catch(setError);
    }
  }, [plotly, drawn]);
  useEffect(() => {
    const target = host.current;
    if (!plotly || !target) {
      return;
    }
    const observer = new ResizeObserver(() => {
      if (target.offsetWidth && target.offsetHeight) {
        plotly.Plots.resize(target);
      }
    });
    observer.observe(target);
    return () => {
      observer.disconnect();
      plotly.purge(target);
    };
  }, [plotly]);

  const save = async (format: 'png' | 'svg') => {
    const target = host.current;
    if (!plotly || !target) {
      return;
    }
    const { offsetWidth: width, offsetHeight: height } = target;
    // Outside the page a chart has no background to stand on.
    const layout = { ...drawn.layout, paper_bgcolor: currentTheme().background };
    setSaveError(null);
    try {
      const url = await plotly.toImage(
        { data: drawn.data, layout },
        { format, width, height, scale: 2 }
      );
      download(fileName(title, format), url);
    } catch (reason) {
      // Plotly rejects with what is no Error, too.
      setSaveError(reason instanceof Error ? reason : new Error(String(reason)));
    }
  };
  return (
    <figure className="jp-studio-Figure" data-testid="figure" data-ready={plotly !== null}>
      <ErrorBanner error={error} title="The chart cannot be drawn" />
      <div
        ref={host}
        className="jp-studio-Figure-host"
        role="img"
        aria-label={`${title}. ${described(figure)}`}
      />
      <ErrorBanner error={saveError} title="The chart cannot be saved" />
      <Tools
        save={[
          ['PNG', () => void save('png')],
          ['SVG', () => void save('svg')],
          [
            'JSON',
            () => downloadText(fileName(title, 'json'), JSON.stringify(figure), 'application/json')
          ]
        ]}
      />
    </figure>
  );
}

/** A chart that one of Lab's own renderers draws. */
export function RenderedChart(props: {
  title: string;
  mimeType: string;
  content: JSONObject;
  rendermime?: IRenderMimeRegistry;
}): JSX.Element {
  const { title, mimeType, content, rendermime } = props;
  const host = useRef<HTMLDivElement>(null);
  const [error, setError] = useState<Error | null>(null);
  const theme = useTheme();
  const isKnown = rendermime?.mimeTypes.includes(mimeType) ?? false;

  useEffect(() => {
    if (!rendermime || !isKnown || !host.current) {
      return;
    }
    const target = host.current;
    const renderer = rendermime.createRenderer(mimeType);
    const model = new MimeModel({ trusted: true, data: { [mimeType]: content } });
    let isGone = false;
    renderer.renderModel(model).then(
      () => !isGone && target.replaceChildren(renderer.node),
      reason => setError(reason as Error)
    );
    return () => {
      isGone = true;
      renderer.dispose();
    };
  }, [rendermime, isKnown, mimeType, content, theme]);

  return (
    <figure className="jp-studio-Figure" data-testid="figure" data-ready={isKnown}>
      <ErrorBanner error={error} title="The chart cannot be drawn" />
      {!isKnown && (
        <p className="jp-studio-Muted">
          JupyterLab has no renderer for this kind of chart. The Python package plotly brings one
          for figures of plotly.
        </p>
      )}
      <div
        ref={host}
        className="jp-studio-Figure-host jp-mod-rendered"
        role="img"
        aria-label={title}
      />
      <Tools
        save={[
          [
            'JSON',
            () => downloadText(fileName(title, 'json'), JSON.stringify(content), 'application/json')
          ]
        ]}
      />
    </figure>
  );
}

function Tools(props: { save: [string, () => void][] }): JSX.Element {
  return (
    <figcaption className="jp-studio-Figure-tools">
      Save as
      {props.save.map(([label, run]) => (
        <button key={label} type="button" className="jp-studio-Link" onClick={run}>
          {label}
        </button>
      ))}
    </figcaption>
  );
}
