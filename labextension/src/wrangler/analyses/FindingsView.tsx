import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { JSONObject } from '@lumino/coreutils';
import React from 'react';
import { Output } from '../../api/client';
import { Chart, RenderedChart } from './Chart';
import { IFigure } from './figure';
import { DataView } from './numbers';

export type Findings = Output<'Studio.RunAnalysis'>;

/** Findings whose numbers say nothing that their chart does not. */
const SEEN_IN_CHART = new Set([
  'histogram',
  'scatter_plot',
  'feature_correlation',
  'time_series/seasonality_trend_decomposition'
]);

/** What an analysis found: its chart, what a person should read, its numbers. */
export function FindingsView(props: {
  analysisKey: string;
  title: string;
  findings: Findings;
  rendermime?: IRenderMimeRegistry;
}): JSX.Element {
  const { findings, title, rendermime } = props;
  const data = findings.Data as Record<string, unknown>;
  const mimeType = data.mime_type as string | undefined;
  return (
    <div className="jp-studio-Findings" data-testid="findings">
      {findings.Notes.length > 0 && (
        <ul className="jp-studio-Findings-notes">
          {findings.Notes.map(note => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
      {findings.Figure ? (
        <Chart title={title} figure={findings.Figure as IFigure} rendermime={rendermime} />
      ) : (
        mimeType && (
          <RenderedChart
            title={title}
            mimeType={mimeType}
            content={data.chart as JSONObject}
            rendermime={rendermime}
          />
        )
      )}
      {!mimeType && !SEEN_IN_CHART.has(props.analysisKey) && <DataView data={data} />}
    </div>
  );
}
