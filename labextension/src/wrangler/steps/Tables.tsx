import React from 'react';
import { ITable, tableKey } from './tables';

interface ITablesProps {
  /** How many tables the step reads. */
  count: number;
  /** It may read more. */
  many: boolean;
  /** What the step reads first. */
  first: ITable;
  others: (ITable | undefined)[];
  /** Tables that can be chosen. */
  choices: ITable[];
  onChange: (others: (ITable | undefined)[]) => void;
}

/** Which tables a step reads beside the first one. */
export function Tables(props: ITablesProps): JSX.Element {
  const { others, choices, many } = props;
  const isJoin = props.count === 2 && !many;
  const put = (index: number, key: string) => {
    const table = choices.find(each => tableKey(each) === key);
    props.onChange(others.map((each, place) => (place === index ? table : each)));
  };
  return (
    <div className="jp-studio-Step-tables" role="group" aria-label="Tables">
      <div className="jp-studio-Step-field">
        <div className="jp-studio-Step-label">{isJoin ? 'Left table' : 'First table'}</div>
        <div className="jp-studio-Step-fixed">{props.first.label}</div>
      </div>
      {others.map((table, index) => (
        <div key={index} className="jp-studio-Step-field">
          <label className="jp-studio-Step-label">
            {isJoin ? 'Right table' : `Table ${index + 2}`}
            <select
              className="jp-studio-Input"
              data-testid={`table-${index + 1}`}
              value={table ? tableKey(table) : ''}
              onChange={event => put(index, event.target.value)}
            >
              <option value="">Choose…</option>
              {choices.map(each => (
                <option key={tableKey(each)} value={tableKey(each)}>
                  {each.label}
                </option>
              ))}
            </select>
          </label>
          {many && others.length > 1 && (
            <button
              type="button"
              className="jp-studio-Link"
              onClick={() => props.onChange(others.filter((_, place) => place !== index))}
            >
              Leave out
            </button>
          )}
        </div>
      ))}
      {choices.length === 0 && (
        <div className="jp-studio-Step-problem" role="alert">
          There is no other table in the flow: add a source first.
        </div>
      )}
      {many && (
        <button
          type="button"
          className="jp-studio-Button"
          onClick={() => props.onChange([...others, undefined])}
        >
          + Add a table
        </button>
      )}
    </div>
  );
}
