import React from 'react';
import { formatNumber } from '../../format';

/** A name as people read it: `explained_variance_ratio` as "Explained variance ratio". */
export function titleOf(name: string): string {
  const words = name.replace(/_/g, ' ');
  return words[0].toUpperCase() + words.slice(1);
}

/** One value of findings. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) {
    return '–';
  }
  if (typeof value === 'number') {
    return Number.isInteger(value) ? value.toLocaleString('en') : formatNumber(value);
  }
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

type Row = Record<string, unknown>;

/** More rows than these are counted, not shown. */
const MOST_ROWS = 100;

/** Rows of findings as a table. */
export function RowTable(props: { label: string; rows: Row[] }): JSX.Element {
  const { label } = props;
  const rows = props.rows.slice(0, MOST_ROWS);
  const names = [...new Set(rows.flatMap(row => Object.keys(row)))];
  return (
    <div className="jp-studio-DataTable jp-studio-Findings-table">
      <table aria-label={label}>
        <thead>
          <tr>
            {names.map(name => (
              <th key={name} scope="col">
                {name === '' ? '' : titleOf(name)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {names.map(name => (
                <td key={name} className={typeof row[name] === 'number' ? 'jp-mod-number' : ''}>
                  {name in row ? shown(row[name]) : ''}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {props.rows.length > rows.length && (
        <p className="jp-studio-Muted">
          {(props.rows.length - rows.length).toLocaleString('en')} more rows
        </p>
      )}
    </div>
  );
}

/** What an analysis found, whatever that is, as tables. */
export function DataView({ data }: { data: Record<string, unknown> }): JSX.Element {
  const entries = Object.entries(data);
  const plain = entries.filter(([, value]) => typeof value !== 'object' || value === null);
  const rest = entries.filter(([, value]) => typeof value === 'object' && value !== null);
  return (
    <>
      {plain.length > 0 && (
        <dl className="jp-studio-Findings-figures">
          {plain.map(([name, value]) => (
            <div key={name}>
              <dt>{titleOf(name)}</dt>
              <dd>{shown(value)}</dd>
            </div>
          ))}
        </dl>
      )}
      {rest.map(([name, value]) => (
        <section key={name}>
          {rest.length > 1 && <h4>{titleOf(name)}</h4>}
          <RowTable label={titleOf(name)} rows={rowsOf(value as object)} />
        </section>
      ))}
    </>
  );
}

/** Lists and mappings as rows. */
export function rowsOf(value: object): Row[] {
  if (Array.isArray(value)) {
    return value.map((each, index) =>
      typeof each === 'object' && each !== null && !Array.isArray(each)
        ? (each as Row)
        : { '': index + 1, value: each }
    );
  }
  return Object.entries(value).map(([name, each]) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? { '': name, ...(each as Row) }
      : { '': name, value: each }
  );
}
