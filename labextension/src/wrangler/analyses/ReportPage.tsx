import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import React, { useState } from 'react';
import { Chart } from './Chart';
import { RowTable, shown, titleOf } from './numbers';
import { downloadText, fileName } from './download';
import {
  barChart,
  confusionChart,
  IFix,
  IModel,
  IRemark,
  IReport,
  IReportColumn,
  metricsOf,
  wording
} from './report';

const SEVERITIES: Record<IRemark['severity'], string> = {
  high: 'High',
  medium: 'Medium',
  low: 'Low'
};
/** Columns beyond these are shown when they are asked for. */
const FIRST_COLUMNS = 40;

/** The insights report as a page: what deserves attention first, each with its mending step. */
export function ReportPage(props: {
  report: IReport;
  /** The report as a page of its own, to be sent to others. */
  html?: string;
  rendermime?: IRenderMimeRegistry;
  /** Add the step that mends what a remark is about. */
  onFix?: (fix: IFix) => void;
}): JSX.Element {
  const { report, html, onFix } = props;
  const [all, setAll] = useState(false);
  const missing = report.columns.reduce((sum, each) => sum + each.missing, 0);
  const cells = report.rows * report.columns.length;
  const columns = all ? report.columns : report.columns.slice(0, FIRST_COLUMNS);
  return (
    <article className="jp-studio-Report" data-testid="report">
      <dl className="jp-studio-Findings-figures">
        <Figure name="Rows" value={shown(report.rows)} />
        <Figure name="Columns" value={shown(report.columns.length)} />
        <Figure name="Missing values" value={percent(missing, cells)} />
        <Figure name="Repeated rows" value={percent(report.duplicates, report.rows)} />
        {report.target && <Figure name="Target" value={report.target} />}
      </dl>
      <section>
        <h4>
          {report.remarks.length
            ? `${report.remarks.length} things to look at`
            : 'Nothing stands out'}
        </h4>
        <ul className="jp-studio-Report-remarks">
          {report.remarks.map((remark, index) => (
            <Remark key={index} remark={remark} onFix={onFix} />
          ))}
        </ul>
      </section>
      {report.model && <ModelPart model={report.model} rendermime={props.rendermime} />}
      {Object.keys(report.power).length > 0 && (
        <section>
          <h4>How well each column alone predicts {report.target}</h4>
          <p className="jp-studio-Muted">0 says nothing, 1 gives the target away.</p>
          <Chart title="Predictive power" figure={barChart(report.power, 'Predictive power')} />
        </section>
      )}
      <section>
        <h4>Columns</h4>
        <div className="jp-studio-Report-columns">
          {columns.map(column => (
            <ColumnCard key={column.name} column={column} />
          ))}
        </div>
        {columns.length < report.columns.length && (
          <button type="button" className="jp-studio-Button" onClick={() => setAll(true)}>
            Show all {report.columns.length} columns
          </button>
        )}
      </section>
      {report.anomalous.length > 0 && (
        <section>
          <h4>Rows unlike the others</h4>
          <RowTable
            label="Rows unlike the others"
            rows={report.anomalous.map(({ score, row }) => ({ score, ...row }))}
          />
        </section>
      )}
      {report.repeated.length > 0 && (
        <section>
          <h4>Rows that are there more than once</h4>
          <RowTable
            label="Repeated rows"
            rows={report.repeated.map(({ count, row }) => ({ count, ...row }))}
          />
        </section>
      )}
      <p className="jp-studio-Figure-tools">
        Save as
        {html && (
          <button
            type="button"
            className="jp-studio-Link"
            onClick={() => downloadText(fileName('insights-report', 'html'), html, 'text/html')}
          >
            HTML
          </button>
        )}
        <button
          type="button"
          className="jp-studio-Link"
          onClick={() =>
            downloadText(
              fileName('insights-report', 'json'),
              JSON.stringify(report),
              'application/json'
            )
          }
        >
          JSON
        </button>
      </p>
    </article>
  );
}

function Figure(props: { name: string; value: string }): JSX.Element {
  return (
    <div>
      <dt>{props.name}</dt>
      <dd>{props.value}</dd>
    </div>
  );
}

function Remark(props: { remark: IRemark; onFix?: (fix: IFix) => void }): JSX.Element {
  const { remark, onFix } = props;
  const { fix } = remark;
  const [isAdded, setAdded] = useState(false);
  return (
    <li data-code={remark.code} className={`jp-mod-${remark.severity}`}>
      <span className="jp-studio-Report-severity">{SEVERITIES[remark.severity]}</span>
      <span className="jp-studio-Report-message">{wording(remark)}</span>
      {fix && onFix && (
        <button
          type="button"
          className="jp-studio-Button"
          data-testid="fix"
          disabled={isAdded}
          onClick={() => {
            setAdded(true);
            onFix(fix);
          }}
        >
          {isAdded ? 'Added' : fix.label}
        </button>
      )}
    </li>
  );
}

function ModelPart(props: { model: IModel; rendermime?: IRenderMimeRegistry }): JSX.Element {
  const { model } = props;
  const confusion = confusionChart(model);
  return (
    <section>
      <h4>What a quick model makes of it</h4>
      <p className="jp-studio-Muted">
        Learned on {shown(model.rows.train)} rows, judged on {shown(model.rows.test)} others.
      </p>
      <dl className="jp-studio-Findings-figures">
        {Object.entries(metricsOf(model)).map(([name, value]) => (
          <Figure key={name} name={METRICS[name] ?? titleOf(name)} value={shown(value)} />
        ))}
      </dl>
      <div className="jp-studio-Report-charts">
        <Chart title="Importances" figure={barChart(model.importances, 'Importance', 12)} />
        {confusion && <Chart title="Confusion matrix" figure={confusion} />}
      </div>
    </section>
  );
}

const METRICS: Record<string, string> = {
  auc: 'AUC',
  f1: 'F1',
  r2: 'R²',
  rmse: 'RMSE',
  mae: 'MAE'
};

function ColumnCard({ column }: { column: IReportColumn }): JSX.Element {
  const top = Object.entries(column.values).slice(0, 3);
  const { figures } = column;
  return (
    <section className="jp-studio-Report-column" aria-label={column.name}>
      <header>
        <strong title={column.name}>{column.name}</strong>
        <span className="jp-studio-Muted">{column.kind}</span>
      </header>
      {column.histogram && <Bars counts={column.histogram[2]} label={column.name} />}
      <dl>
        <div>
          <dt>Missing</dt>
          <dd>{percent(column.missing, column.rows)}</dd>
        </div>
        <div>
          <dt>Different</dt>
          <dd>{shown(column.distinct)}</dd>
        </div>
        {column.histogram
          ? (
              [
                ['Mean', figures.mean],
                ['From', figures.min],
                ['To', figures.max],
                ['Outliers', column.outliers]
              ] as [string, number | null][]
            ).map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{shown(value)}</dd>
              </div>
            ))
          : top.map(([value, count]) => (
              <div key={value}>
                <dt title={value}>{value === '' ? '(empty)' : value}</dt>
                <dd>{percent(count, column.rows)}</dd>
              </div>
            ))}
      </dl>
    </section>
  );
}

/** A histogram as plain bars. */
function Bars({ counts, label }: { counts: number[]; label: string }): JSX.Element {
  const most = Math.max(...counts, 1);
  return (
    <div className="jp-studio-Report-bars" role="img" aria-label={`Distribution of ${label}`}>
      {counts.map((count, index) => (
        <span key={index} style={{ height: `${Math.max((count / most) * 100, count ? 4 : 0)}%` }} />
      ))}
    </div>
  );
}

function percent(part: number, whole: number): string {
  if (!part || !whole) {
    return '0';
  }
  const share = (part / whole) * 100;
  return `${part.toLocaleString('en')} (${share < 0.1 ? '<0.1' : share.toFixed(1)} %)`;
}
