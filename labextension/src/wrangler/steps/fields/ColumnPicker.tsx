import React, { KeyboardEvent, useRef, useState } from 'react';
import { IFormColumn } from '../problems';
import { IColumnControl } from '../schema';
import { aria, Chip } from './Inputs';
import { IControlProps } from './common';

/** More are found by typing. */
const MOST_SHOWN = 60;
/** What stands beside a column's name, for its kind. */
const BADGES: Record<string, string> = {
  long: '123',
  float: '1.5',
  string: 'abc',
  datetime: 'time',
  date: 'date',
  bool: 'yes/no',
  array: '[ ]',
  struct: '{ }',
  map: '{ }'
};

/**
 * One column or several, found by typing: a combobox as WAI-ARIA describes it.
 *
 * Only columns of the kinds that fit are offered. Arrow keys move, Enter takes, Escape closes,
 * Backspace takes the last of several out again.
 */
export function ColumnPicker(
  props: IControlProps<string | string[]> & { control: IColumnControl }
): JSX.Element {
  const { control, id } = props;
  const known = props.form.columns[control.input];
  const chosen = Array.isArray(props.value) ? props.value : props.value ? [props.value] : [];
  const [text, setText] = useState<string | null>(null);
  const [active, setActive] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const isOpen = text !== null;
  const fitting = (known ?? []).filter(
    each => !control.kinds.length || control.kinds.includes(each.kind)
  );
  const options = isOpen ? matching(fitting, text, control.many ? chosen : []) : [];
  const shown = options.slice(0, MOST_SHOWN);
  const current = Math.min(active, shown.length - 1);

  const change = (names: string[]) =>
    props.onChange(control.many ? names : (names[names.length - 1] ?? ''));
  const take = (name: string) => {
    change(control.many ? [...chosen, name] : [name]);
    setText(control.many ? '' : null);
    setActive(0);
  };
  const close = () => setText(null);
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      if (!isOpen) {
        setText('');
      }
      const next = isOpen ? current + step : 0;
      setActive(Math.max(0, Math.min(shown.length - 1, next)));
      document.getElementById(`${id}-option-${next}`)?.scrollIntoView({ block: 'nearest' });
    } else if (event.key === 'Enter' && isOpen) {
      event.preventDefault();
      if (shown[current]) {
        take(shown[current].name);
      } else if (!known && text.trim()) {
        // Nothing is known of the table yet: what was typed is taken at its word.
        take(text.trim());
      }
    } else if (event.key === 'Escape' && isOpen) {
      // The editor's own Escape is not meant.
      event.stopPropagation();
      close();
    } else if (event.key === 'Backspace' && !text && control.many) {
      change(chosen.slice(0, -1));
    }
  };
  const others = (known ?? []).length - fitting.length;

  return (
    <div className="jp-studio-Columns">
      {control.many && chosen.length > 0 && (
        <div className="jp-studio-Step-chips">
          {chosen.map(name => (
            <Chip
              key={name}
              label={name}
              onRemove={() => change(chosen.filter(each => each !== name))}
            />
          ))}
        </div>
      )}
      <div className="jp-studio-Columns-entry">
        <input
          {...aria(props)}
          ref={input}
          className="jp-studio-Input"
          type="text"
          role="combobox"
          aria-expanded={isOpen}
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-activedescendant={isOpen && shown[current] ? `${id}-option-${current}` : undefined}
          autoComplete="off"
          spellCheck={false}
          placeholder={placeholder(control, known, chosen)}
          value={text ?? (control.many ? '' : (chosen[0] ?? ''))}
          onFocus={() => setText('')}
          onClick={() => setText(old => old ?? '')}
          onChange={event => {
            setText(event.target.value);
            setActive(0);
          }}
          onKeyDown={onKeyDown}
          onBlur={() => {
            const typed = (text ?? '').trim();
            const found = fitting.find(each => each.name === typed);
            if (found && !chosen.includes(typed)) {
              take(typed);
            } else if (typed && !known) {
              // Nothing is known of the table: what was typed is taken at its word.
              take(typed);
            }
            close();
          }}
        />
        {control.many && fitting.length > 1 && (
          <button
            type="button"
            className="jp-studio-Link"
            onClick={() =>
              change(chosen.length === fitting.length ? [] : fitting.map(each => each.name))
            }
          >
            {chosen.length === fitting.length ? 'None' : 'All'}
          </button>
        )}
        {!control.many && chosen.length > 0 && control.least === 0 && (
          <button type="button" className="jp-studio-Link" onClick={() => change([])}>
            Clear
          </button>
        )}
      </div>
      {isOpen && (
        <ul id={`${id}-list`} role="listbox" aria-label={props.field.title} tabIndex={-1}>
          {shown.map((column, index) => (
            // The text field has the focus and the keys, as comboboxes do.
            // eslint-disable-next-line jsx-a11y/click-events-have-key-events
            <li
              key={column.name}
              id={`${id}-option-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={index === current}
              onMouseDown={event => event.preventDefault()}
              onMouseEnter={() => setActive(index)}
              onClick={() => take(column.name)}
            >
              <span title={column.name}>{column.name}</span>
              <span className="jp-studio-Columns-kind">{BADGES[column.kind] ?? column.kind}</span>
            </li>
          ))}
          <Remainder shown={shown.length} found={options.length} others={others} known={!!known} />
        </ul>
      )}
    </div>
  );
}

/** Columns whose names have the text, those that begin with it first. */
function matching(columns: IFormColumn[], text: string, without: string[]): IFormColumn[] {
  const wanted = text.trim().toLowerCase();
  const place = (column: IFormColumn) => column.name.toLowerCase().indexOf(wanted);
  const found = columns.filter(each => !without.includes(each.name) && place(each) >= 0);
  return wanted ? found.sort((a, b) => Math.min(place(a), 1) - Math.min(place(b), 1)) : found;
}

function placeholder(
  control: IColumnControl,
  known: readonly IFormColumn[] | undefined,
  chosen: string[]
): string {
  if (!known) {
    return 'Columns are being read…';
  }
  if (control.many) {
    return chosen.length ? 'Add a column' : control.least ? 'Choose columns' : 'No column';
  }
  return chosen[0] ?? (control.least ? 'Choose a column' : 'No column');
}

/** What is not in the list, and why. */
function Remainder(props: {
  shown: number;
  found: number;
  others: number;
  known: boolean;
}): JSX.Element | null {
  const more = props.found - props.shown;
  const parts = [
    more > 0 ? `${more} more: type to find them.` : '',
    props.known && props.found === 0 ? 'No column fits.' : '',
    props.others > 0
      ? `${props.others} of other types ${props.found ? 'do not fit.' : 'do not fit: parse them in a step before.'}`
      : ''
  ].filter(Boolean);
  return parts.length ? (
    <li className="jp-studio-Columns-note" role="presentation">
      {parts.join(' ')}
    </li>
  ) : null;
}
