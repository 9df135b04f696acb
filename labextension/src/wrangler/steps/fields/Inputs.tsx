import React, { useEffect, useState } from 'react';
import { IOption } from '../schema';
import { ElementProps, IControlProps } from './common';

/** Attributes that say to everybody what an element of a form is. */
export function aria(props: ElementProps): React.AriaAttributes & { id: string } {
  return {
    id: props.id,
    'aria-describedby': props.describedBy,
    'aria-invalid': props.invalid || undefined,
    'aria-required': props.field.required || undefined
  };
}

export function TextInput(props: IControlProps<string>): JSX.Element {
  return (
    <input
      {...aria(props)}
      className="jp-studio-Input"
      type="text"
      spellCheck={false}
      value={props.value ?? ''}
      onChange={event => props.onChange(event.target.value)}
    />
  );
}

/** A number as it is typed: what is no number yet stays in the field, and is told as none. */
export function NumberInput(props: IControlProps<number | null>): JSX.Element {
  const { value } = props;
  const [text, setText] = useState(value === null ? '' : String(value));
  useEffect(() => {
    // Another value than the one that was typed came from outside.
    setText(old => (read(old) === value ? old : value === null ? '' : String(value)));
  }, [value]);
  const { control } = props.field;
  const limits = control.kind === 'number' ? control : undefined;
  return (
    <input
      {...aria(props)}
      className="jp-studio-Input jp-mod-number"
      type="text"
      inputMode={limits?.whole ? 'numeric' : 'decimal'}
      role="spinbutton"
      aria-valuemin={limits?.minimum}
      aria-valuemax={limits?.maximum}
      aria-valuenow={value ?? undefined}
      value={text}
      onKeyDown={event => {
        const step = { ArrowUp: 1, ArrowDown: -1 }[event.key];
        if (step && limits?.whole) {
          event.preventDefault();
          const next = (value ?? 0) + step;
          props.onChange(
            Math.min(Math.max(next, limits.minimum ?? -Infinity), limits.maximum ?? Infinity)
          );
        }
      }}
      onChange={event => {
        setText(event.target.value);
        props.onChange(read(event.target.value));
      }}
    />
  );
}

/** The number that a text says; null where it says none, NaN where it is something else. */
function read(text: string): number | null {
  const trimmed = text.trim();
  return trimmed === '' ? null : Number(trimmed);
}

export function Switch(props: IControlProps<boolean>): JSX.Element {
  return (
    <label className="jp-studio-Step-switch">
      <input
        {...aria(props)}
        type="checkbox"
        checked={props.value}
        onChange={event => props.onChange(event.target.checked)}
      />
      {props.field.title}
    </label>
  );
}

export function Choice(props: IControlProps<string> & { options: IOption[] }): JSX.Element {
  return (
    <select
      {...aria(props)}
      className="jp-studio-Input"
      value={props.value}
      onChange={event => props.onChange(event.target.value)}
    >
      {props.value === '' && <option value="">Choose…</option>}
      {props.options.map(({ value, label }) => (
        <option key={value} value={value}>
          {label}
        </option>
      ))}
    </select>
  );
}

export function Choices(props: IControlProps<string[]> & { options: IOption[] }): JSX.Element {
  const { value } = props;
  const names = props.options.map(each => each.value);
  const change = (name: string, wanted: boolean) =>
    props.onChange(names.filter(each => (each === name ? wanted : value.includes(each))));
  return (
    <div className="jp-studio-Step-choices" role="group" aria-labelledby={`${props.id}-label`}>
      {props.options.map(option => (
        <label key={option.value} className="jp-studio-Step-switch">
          <input
            type="checkbox"
            checked={value.includes(option.value)}
            onChange={event => change(option.value, event.target.checked)}
          />
          {option.label}
        </label>
      ))}
    </div>
  );
}

/** Texts, one below the other; a comma or Enter ends one. */
export function Texts(props: IControlProps<string[]>): JSX.Element {
  const { value } = props;
  const [text, setText] = useState('');
  const add = (given: string) => {
    const names = given
      .split(',')
      .map(each => each.trim())
      .filter(each => each && !value.includes(each));
    setText('');
    if (names.length) {
      props.onChange([...value, ...names]);
    }
  };
  return (
    <div className="jp-studio-Step-chips">
      {value.map((each, index) => (
        <Chip
          key={each}
          label={each}
          onRemove={() => props.onChange(value.filter((_, place) => place !== index))}
        />
      ))}
      <input
        {...aria(props)}
        className="jp-studio-Input"
        type="text"
        placeholder="Type, then Enter"
        value={text}
        onChange={event => setText(event.target.value)}
        onBlur={() => add(text)}
        onKeyDown={event => {
          if (event.key === 'Enter' || event.key === ',') {
            event.preventDefault();
            add(text);
          } else if (event.key === 'Backspace' && !text) {
            props.onChange(value.slice(0, -1));
          }
        }}
      />
    </div>
  );
}

/** Something that was chosen, and the way to leave it out again. */
export function Chip(props: { label: string; onRemove: () => void }): JSX.Element {
  return (
    <span className="jp-studio-Step-chip">
      <span title={props.label}>{props.label}</span>
      <button type="button" aria-label={`Leave ${props.label} out`} onClick={props.onRemove}>
        <span aria-hidden="true">✕</span>
      </button>
    </span>
  );
}
