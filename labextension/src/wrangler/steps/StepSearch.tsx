import '../../../style/wrangler/steps.css';
import React, { KeyboardEvent, useId, useMemo, useRef, useState } from 'react';
import { ITransform } from '../../api/types';
import { Help } from './FieldList';
import { Catalogue } from './search';

export interface IStepSearchProps {
  transforms: readonly ITransform[];
  onChoose: (transform: ITransform) => void;
  /** Put the focus into the field at once. */
  autoFocus?: boolean;
}

/** The steps that can be added: by group, or those that fit what is typed. */
export function StepSearch(props: IStepSearchProps): JSX.Element {
  const catalogue = useMemo(() => new Catalogue(props.transforms), [props.transforms]);
  const [text, setText] = useState('');
  const [open, setOpen] = useState<string | null>(null);
  const list = useRef<HTMLDivElement>(null);
  const id = useId();
  const found = text.trim() ? catalogue.find(text) : null;

  const move = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) {
      return;
    }
    const buttons = [...(list.current?.querySelectorAll('button') ?? [])];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    event.preventDefault();
    if (at + step < 0) {
      document.getElementById(id)?.focus();
    } else {
      buttons[at + step]?.focus();
    }
  };

  return (
    // The keys are those of the field and of the list within.
    // eslint-disable-next-line jsx-a11y/no-static-element-interactions
    <div className="jp-studio-StepSearch" onKeyDown={move}>
      <input
        id={id}
        className="jp-studio-Input"
        type="search"
        role="searchbox"
        aria-label="Search for a step"
        aria-controls={`${id}-list`}
        placeholder="Search: scale, one hot, remove outliers"
        autoComplete="off"
        spellCheck={false}
        value={text}
        // The person has just asked for the search.
        // eslint-disable-next-line jsx-a11y/no-autofocus
        autoFocus={props.autoFocus}
        onChange={event => setText(event.target.value)}
        onKeyDown={event => {
          if (event.key === 'Enter' && found?.[0]) {
            props.onChoose(found[0]);
          } else if (event.key === 'Escape' && text) {
            event.stopPropagation();
            setText('');
          }
        }}
      />
      <div className="jp-studio-Hidden" role="status">
        {found && `${found.length} steps`}
      </div>
      <div id={`${id}-list`} ref={list} className="jp-studio-StepSearch-list" tabIndex={-1}>
        {found?.map(each => (
          <Entry key={each.Key} transform={each} showGroup={true} onChoose={props.onChoose} />
        ))}
        {found?.length === 0 && (
          <p className="jp-studio-Muted">No step is called that. Try what it is to do.</p>
        )}
        {!found &&
          catalogue.groups().map(({ name, transforms }) => (
            <section key={name}>
              <button
                type="button"
                className="jp-studio-StepSearch-group"
                aria-expanded={open === name}
                onClick={() => setOpen(open === name ? null : name)}
              >
                <span aria-hidden="true">{open === name ? '▾' : '▸'}</span>
                {name}
                <span className="jp-studio-Muted">{transforms.length}</span>
              </button>
              {open === name &&
                transforms.map(each => (
                  <Entry
                    key={each.Key}
                    transform={each}
                    showGroup={false}
                    onChoose={props.onChoose}
                  />
                ))}
            </section>
          ))}
      </div>
    </div>
  );
}

function Entry(props: {
  transform: ITransform;
  showGroup: boolean;
  onChoose: (transform: ITransform) => void;
}): JSX.Element {
  const { transform } = props;
  return (
    <button
      type="button"
      className="jp-studio-StepSearch-entry"
      data-key={transform.Key}
      onClick={() => props.onChoose(transform)}
    >
      <span className="jp-studio-StepSearch-label">
        {transform.Label}
        {props.showGroup && <span className="jp-studio-Muted">{transform.Group}</span>}
      </span>
      <span className="jp-studio-StepSearch-help">
        <Help text={transform.Help} />
      </span>
    </button>
  );
}
