import { closeIcon } from '@jupyterlab/ui-components';
import React, { useEffect, useRef, useState } from 'react';
import { IColumnRemark, IValueCount } from '../../api/types';
import { Bars, QualityBar, qualityOf, barsOf } from './Distribution';
import { count, figure, percent } from './format';
import { typeText } from './HeaderCell';
import { IProfiled, Profiles } from './profiles';
import { IGridAction, ITableColumn } from './types';

const SHOWN_VALUES = 12;

export interface IColumnDetailProps {
  readonly column: ITableColumn;
  readonly profiles: Profiles;
  readonly actions: readonly IGridAction[];
  readonly onClose: () => void;
  /** Show only rows with this value. */
  readonly onValue: (value: string) => void;
  /** Add the step that mends what a remark is about. */
  readonly onFix?: (remark: IColumnRemark) => void;
}

/** A column with its statistics, beside the rows. */
export function ColumnDetail(props: IColumnDetailProps): JSX.Element {
  const { column, profiles } = props;
  const profiled = profiles.get(column.name);
  const problem = profiles.problem(column.name);
  return (
    <aside
      className="jp-studio-Grid-detail"
      aria-label={`Details of ${column.name}`}
      data-testid="grid-detail"
    >
      <header>
        <div>
          <h3>{column.name}</h3>
          <span className="jp-studio-Muted" title={column.type}>
            {typeText(column)}
          </span>
        </div>
        <button className="jp-studio-IconButton" aria-label="Close details" onClick={props.onClose}>
          <closeIcon.react tag="span" height="16px" width="16px" />
        </button>
      </header>
      {!profiled && !problem && (
        <div className="jp-studio-Grid-figures jp-mod-loading" role="status">
          <span className="jp-studio-Hidden">Looking at the column…</span>
        </div>
      )}
      {problem && (
        <p className="jp-studio-Grid-problem" role="alert">
          The column could not be looked at. {problem.message}{' '}
          <button className="jp-studio-Link" onClick={() => profiles.retry(column.name)}>
            Try again
          </button>
        </p>
      )}
      {profiled && <Figures {...props} profiled={profiled} />}
      {props.actions.length > 0 && (
        <section>
          <h4>Steps that fit</h4>
          <div className="jp-studio-Grid-actions">
            {props.actions.map(action => (
              <button key={action.label} className="jp-studio-Button" onClick={action.run}>
                {action.label}
              </button>
            ))}
          </div>
        </section>
      )}
    </aside>
  );
}

function Figures(props: IColumnDetailProps & { profiled: IProfiled }): JSX.Element {
  const { profiled } = props;
  const { profile, rows } = profiled;
  const bars = barsOf(profile, 30);
  const { Histogram: histogram } = profile;
  return (
    <>
      {bars.length > 0 && (
        <div className="jp-studio-Grid-bigBars">
          <Bars counts={bars} categorical={!histogram} />
          {histogram && (
            <div className="jp-studio-Grid-axis">
              <span>{figure(histogram.Start)}</span>
              <span>{figure(histogram.Start + histogram.Width * histogram.Counts.length)}</span>
            </div>
          )}
        </div>
      )}
      <QualityBar profiled={profiled} />
      <Quality profiled={profiled} />
      <Sampled {...props} />
      {profile.Remarks.map(remark => (
        <Remark key={remark.Code} remark={remark} onFix={props.onFix} />
      ))}
      <dl className="jp-studio-Grid-statistics">
        <Row label="Distinct values" value={distinctText(profiled)} />
        {figuresOf(profile.Figures).map(([label, value]) => (
          <Row key={label} label={label} value={figure(value)} />
        ))}
      </dl>
      {profile.Values.length > 0 && (
        <Values values={profile.Values} rows={rows} onValue={props.onValue} />
      )}
    </>
  );
}

function Quality(props: { profiled: IProfiled }): JSX.Element {
  const { rows } = props.profiled;
  const quality = qualityOf(props.profiled);
  return (
    <ul className="jp-studio-Grid-legend">
      {(['valid', 'missing', 'outliers'] as const).map(name => (
        <li key={name} className={`jp-mod-${name}`} title={count(quality[name])}>
          {percent(quality[name], rows)} {name}
        </li>
      ))}
    </ul>
  );
}

/** Says of how many rows the figures are, and offers to look at all of them. */
function Sampled(props: IColumnDetailProps & { profiled: IProfiled }): JSX.Element {
  const { profiled, profiles, column } = props;
  const [state, setState] = useState<'idle' | 'reading' | Error>('idle');
  const abort = useRef<AbortController | null>(null);
  useEffect(() => () => abort.current?.abort(), []);
  const read = async () => {
    abort.current = new AbortController();
    setState('reading');
    try {
      await profiles.readWhole(column.name, abort.current.signal);
      setState('idle');
    } catch (error) {
      setState((error as Error).name === 'AbortError' ? 'idle' : (error as Error));
    }
  };
  if (!profiled.sampled) {
    return <p className="jp-studio-Muted">Of all {count(profiled.rows)} rows.</p>;
  }
  return (
    <p className="jp-studio-Muted">
      Of the first {count(profiled.rows)} rows.{' '}
      {state === 'reading' ? (
        <button className="jp-studio-Link" onClick={() => abort.current?.abort()}>
          Reading all rows… Stop
        </button>
      ) : (
        <button className="jp-studio-Link" onClick={() => void read()}>
          Look at all rows
        </button>
      )}
      {state instanceof Error && <span role="alert"> {state.message}</span>}
    </p>
  );
}

function Remark(props: {
  remark: IColumnRemark;
  onFix?: (remark: IColumnRemark) => void;
}): JSX.Element {
  const { remark, onFix } = props;
  return (
    <p className="jp-studio-Grid-remark" data-severity={remark.Severity}>
      {remark.Message}
      {onFix && Boolean(remark.Fix) && (
        <button className="jp-studio-Button" onClick={() => onFix(remark)}>
          Add the step that mends it
        </button>
      )}
    </p>
  );
}

function Values(props: {
  values: readonly IValueCount[];
  rows: number;
  onValue: (value: string) => void;
}): JSX.Element {
  const { rows } = props;
  const most = Math.max(...props.values.map(each => each.Count), 1);
  return (
    <section>
      <h4>Most frequent values</h4>
      <ul className="jp-studio-Grid-values">
        {props.values.slice(0, SHOWN_VALUES).map(({ Value, Count }) => (
          <li key={Value}>
            <button
              title={`Show only rows with ${Value}`}
              onClick={() => props.onValue(Value)}
              style={{ backgroundSize: `${(100 * Count) / most}% 100%` }}
            >
              <span>{Value === '' ? 'empty' : Value}</span>
              <small title={count(Count)}>{percent(Count, rows)}</small>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Row(props: { label: string; value: string }): JSX.Element {
  return (
    <>
      <dt>{props.label}</dt>
      <dd title={props.value}>{props.value}</dd>
    </>
  );
}

const FIGURES: readonly (readonly [string, string])[] = [
  ['min', 'Least'],
  ['q5', '5% are below'],
  ['q25', 'Lower quarter'],
  ['q50', 'Median'],
  ['q75', 'Upper quarter'],
  ['q95', '95% are below'],
  ['max', 'Most'],
  ['mean', 'Mean'],
  ['stddev', 'Standard deviation'],
  ['skewness', 'Skewness'],
  ['kurtosis', 'Kurtosis'],
  ['zeros', 'Zeros'],
  ['negative', 'Negative'],
  ['empty', 'Empty texts'],
  ['length_min', 'Shortest text'],
  ['length_max', 'Longest text'],
  ['length_mean', 'Mean length']
];

/** A profile's figures, named for people, in a fixed order. */
export function figuresOf(figures: unknown): [string, unknown][] {
  const known = (figures ?? {}) as Record<string, unknown>;
  return FIGURES.filter(([name]) => known[name] !== undefined && known[name] !== null).map(
    ([name, label]) => [label, known[name]]
  );
}

function distinctText({ profile }: IProfiled): string {
  return `${profile.Values.length ? '' : 'about '}${count(profile.Distinct)}`;
}
