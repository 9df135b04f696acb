import React from 'react';
import { IRecordsControl } from '../schema';
import { initialValues, Values } from '../values';
import { FieldList } from '../FieldList';
import { IControlProps } from './common';

/** A list of small forms, one below the other. */
export function Records(
  props: IControlProps<Values[]> & { control: IRecordsControl }
): JSX.Element {
  const { control, value, field } = props;
  const swap = (from: number, to: number) => {
    const rows = [...value];
    [rows[from], rows[to]] = [rows[to], rows[from]];
    props.onChange(rows);
  };
  return (
    <div className="jp-studio-Records" role="group" aria-labelledby={`${props.id}-label`}>
      {value.map((row, index) => (
        <div
          key={index}
          className="jp-studio-Records-row"
          role="group"
          aria-label={`${field.title}, ${index + 1}`}
        >
          <FieldList
            fields={control.fields}
            values={row}
            path={[...props.path, index]}
            form={props.form}
            onChange={changed =>
              props.onChange(value.map((each, place) => (place === index ? changed : each)))
            }
          />
          <div className="jp-studio-Records-tools">
            <Tool
              label={`Move ${index + 1} up`}
              sign="↑"
              disabled={index === 0}
              onClick={() => swap(index, index - 1)}
            />
            <Tool
              label={`Move ${index + 1} down`}
              sign="↓"
              disabled={index === value.length - 1}
              onClick={() => swap(index, index + 1)}
            />
            <Tool
              label={`Remove ${index + 1}`}
              sign="✕"
              disabled={value.length <= control.least}
              onClick={() => props.onChange(value.filter((_, place) => place !== index))}
            />
          </div>
        </div>
      ))}
      <button
        type="button"
        id={props.id}
        className="jp-studio-Button"
        disabled={value.length >= control.most}
        onClick={() => props.onChange([...value, initialValues(control.fields)])}
      >
        + Add
      </button>
    </div>
  );
}

function Tool(props: {
  label: string;
  sign: string;
  disabled: boolean;
  onClick: () => void;
}): JSX.Element {
  return (
    <button
      type="button"
      className="jp-studio-IconButton"
      aria-label={props.label}
      title={props.label}
      disabled={props.disabled}
      onClick={props.onClick}
    >
      <span aria-hidden="true">{props.sign}</span>
    </button>
  );
}
