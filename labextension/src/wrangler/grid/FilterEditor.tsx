import React, { useId, useState } from 'react';
import { IFlowFilter } from '../../api/types';
import { Condition, CONDITIONS, conditionsFor, operands, problemOf } from './filters';
import { count } from './format';
import { IProfiled } from './profiles';
import { ITableColumn } from './types';

/** Frequent values that are offered to choose from. */
const OFFERED = 50;

/** A condition on one column. */
export function FilterEditor(props: {
  column: ITableColumn;
  profiled: IProfiled | null | undefined;
  filter: IFlowFilter | undefined;
  /** Null takes the filter away. */
  onApply: (filter: IFlowFilter | null) => void;
}): JSX.Element {
  const { column } = props;
  const conditions = conditionsFor(column.kind);
  const offered = (props.profiled?.profile.Values ?? []).slice(0, OFFERED);
  const [filter, setFilter] = useState<IFlowFilter>(() => {
    const fewValues = offered.length > 0 && offered.length <= 12 && column.kind === 'string';
    const first: Condition = fewValues ? 'is one of' : conditions[0];
    return props.filter ?? { Column: column.name, Condition: first };
  });
  const [tried, setTried] = useState(false);
  const problem = problemOf(filter, column.kind);
  const number = operands(filter.Condition);
  const id = useId();
  const apply = () => {
    setTried(true);
    if (!problem) {
      props.onApply(filter);
    }
  };
  return (
    <form
      className="jp-studio-Grid-filter"
      data-testid="grid-filter"
      onSubmit={event => {
        event.preventDefault();
        apply();
      }}
    >
      <strong>Show rows where {column.name}</strong>
      <select
        className="jp-studio-Input"
        aria-label="Condition"
        value={filter.Condition}
        onChange={event => setFilter({ ...filter, Condition: event.target.value as Condition })}
      >
        {conditions.map(each => (
          <option key={each} value={each}>
            {CONDITIONS[each]}
          </option>
        ))}
      </select>
      {(number === 1 || number === 2) && (
        <Operand
          column={column}
          label={number === 2 ? 'From' : 'Value'}
          value={filter.Value ?? ''}
          onChange={Value => setFilter({ ...filter, Value })}
        />
      )}
      {number === 2 && (
        <Operand
          column={column}
          label="To"
          value={filter.Upper ?? ''}
          onChange={Upper => setFilter({ ...filter, Upper })}
        />
      )}
      {number === 'list' && (
        <Choices
          offered={offered.map(({ Value, Count }) => [Value, Count])}
          chosen={filter.Values ?? []}
          onChange={Values => setFilter({ ...filter, Values })}
        />
      )}
      {tried && problem && (
        <p id={id} className="jp-studio-Grid-problem" role="alert">
          {problem}
        </p>
      )}
      <div className="jp-studio-Grid-buttons">
        <button type="submit" className="jp-studio-Button jp-mod-primary">
          Apply
        </button>
        {props.filter && (
          <button type="button" className="jp-studio-Button" onClick={() => props.onApply(null)}>
            Remove
          </button>
        )}
      </div>
    </form>
  );
}

function Operand(props: {
  column: ITableColumn;
  label: string;
  value: string;
  onChange: (value: string) => void;
}): JSX.Element {
  const { kind } = props.column;
  if (kind === 'bool') {
    return (
      <select
        className="jp-studio-Input"
        aria-label={props.label}
        value={props.value}
        onChange={event => props.onChange(event.target.value)}
      >
        <option value="">Choose…</option>
        <option value="true">true</option>
        <option value="false">false</option>
      </select>
    );
  }
  const numeric = kind === 'long' || kind === 'float';
  return (
    <input
      className="jp-studio-Input"
      // Numbers are typed as text: a number field would round those beyond 2^53.
      type={kind === 'date' ? 'date' : kind === 'datetime' ? 'datetime-local' : 'text'}
      inputMode={numeric ? 'decimal' : undefined}
      step={kind === 'datetime' ? 1 : undefined}
      aria-label={props.label}
      placeholder={props.label}
      value={props.value}
      onChange={event => props.onChange(event.target.value)}
    />
  );
}

/** Values to tick, and others to type. */
function Choices(props: {
  offered: readonly [string, number][];
  chosen: readonly string[];
  onChange: (values: string[]) => void;
}): JSX.Element {
  const { chosen, offered } = props;
  const known = new Set(offered.map(([value]) => value));
  const typed = chosen.filter(value => !known.has(value));
  const [text, setText] = useState(typed.join(', '));
  const choose = (value: string, on: boolean) =>
    props.onChange(on ? [...chosen, value] : chosen.filter(each => each !== value));
  return (
    <>
      {offered.length > 0 && (
        <div className="jp-studio-Grid-choices" role="group" aria-label="Values">
          {offered.map(([value, times]) => (
            <label key={value}>
              <input
                type="checkbox"
                checked={chosen.includes(value)}
                onChange={event => choose(value, event.target.checked)}
              />
              <span>{value}</span>
              <small>{count(times)}</small>
            </label>
          ))}
        </div>
      )}
      <input
        className="jp-studio-Input"
        aria-label="Other values, separated by commas"
        placeholder="Other values, separated by commas"
        value={text}
        onChange={event => {
          setText(event.target.value);
          const others = event.target.value
            .split(',')
            .map(each => each.trim())
            .filter(Boolean);
          props.onChange([...chosen.filter(each => known.has(each)), ...others]);
        }}
      />
    </>
  );
}
