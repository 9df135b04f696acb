import React, { useEffect, useState } from 'react';
import { IControlProps } from './common';

type Row = [string, string];

function toRows(value: Record<string, string>): Row[] {
  return Object.entries(value);
}

/** Later rows of the same first text count; rows without one are not told. */
function toValue(rows: Row[]): Record<string, string> {
  return Object.fromEntries(rows.filter(([from]) => from !== ''));
}

/** What becomes what: pairs of texts, one pair below the other. */
export function Pairs(props: IControlProps<Record<string, string>>): JSX.Element {
  const [rows, setRows] = useState<Row[]>(() => withOne(toRows(props.value)));
  useEffect(() => {
    // Another value than the one that was typed came from outside.
    setRows(old =>
      JSON.stringify(toValue(old)) === JSON.stringify(props.value)
        ? old
        : withOne(toRows(props.value))
    );
  }, [props.value]);
  const change = (changed: Row[]) => {
    setRows(changed);
    props.onChange(toValue(changed));
  };
  const put = (index: number, row: Row) =>
    change(rows.map((each, place) => (place === index ? row : each)));
  return (
    <div className="jp-studio-Pairs" role="group" aria-labelledby={`${props.id}-label`}>
      {rows.map(([from, to], index) => (
        <div key={index} className="jp-studio-Pairs-row">
          <input
            id={index === 0 ? props.id : undefined}
            className="jp-studio-Input"
            aria-label={`What it is, ${index + 1}`}
            placeholder="What it is"
            value={from}
            onChange={event => put(index, [event.target.value, to])}
          />
          <span aria-hidden="true">→</span>
          <input
            className="jp-studio-Input"
            aria-label={`What it becomes, ${index + 1}`}
            placeholder="What it becomes"
            value={to}
            onChange={event => put(index, [from, event.target.value])}
          />
          <button
            type="button"
            className="jp-studio-IconButton"
            aria-label={`Remove ${index + 1}`}
            title="Remove"
            disabled={rows.length === 1}
            onClick={() => change(rows.filter((_, place) => place !== index))}
          >
            <span aria-hidden="true">✕</span>
          </button>
        </div>
      ))}
      <button
        type="button"
        className="jp-studio-Button"
        onClick={() => setRows([...rows, ['', '']])}
      >
        + Add
      </button>
    </div>
  );
}

function withOne(rows: Row[]): Row[] {
  return rows.length ? rows : [['', '']];
}
