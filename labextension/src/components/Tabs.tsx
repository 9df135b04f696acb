import React, { KeyboardEvent, ReactNode, useId } from 'react';

export interface ITab {
  id: string;
  label: string;
  render: () => ReactNode;
}

/** Tabs as WAI-ARIA wants them: arrow keys move, only the open tab is in the page. */
export function Tabs(props: {
  label: string;
  tabs: ITab[];
  current: string;
  onChange: (id: string) => void;
}): JSX.Element {
  const prefix = useId();
  const current = props.tabs.find(tab => tab.id === props.current) ?? props.tabs[0];
  const move = (event: KeyboardEvent<HTMLDivElement>) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) {
      return;
    }
    event.preventDefault();
    const index = props.tabs.indexOf(current) + step + props.tabs.length;
    const target = props.tabs[index % props.tabs.length];
    props.onChange(target.id);
    document.getElementById(`${prefix}${target.id}`)?.focus();
  };
  return (
    <div className="jp-studio-Tabs">
      <div
        className="jp-studio-Tabs-bar"
        role="tablist"
        tabIndex={-1}
        aria-label={props.label}
        onKeyDown={move}
      >
        {props.tabs.map(tab => (
          <button
            key={tab.id}
            id={prefix + tab.id}
            role="tab"
            data-testid={`tab-${tab.id}`}
            aria-selected={tab === current}
            tabIndex={tab === current ? 0 : -1}
            onClick={() => props.onChange(tab.id)}
          >
            {tab.label}
          </button>
        ))}
      </div>
      <div
        className="jp-studio-Tabs-page"
        role="tabpanel"
        aria-labelledby={prefix + current.id}
        data-testid={`page-${current.id}`}
      >
        {current.render()}
      </div>
    </div>
  );
}
