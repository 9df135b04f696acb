import React, { ReactNode } from 'react';

export type KeyValueItem = [label: string, value: ReactNode];

/** A list of facts; those without a value are left out. */
export function KeyValue(props: { items: KeyValueItem[]; testid?: string }): JSX.Element {
  return (
    <dl className="jp-studio-KeyValue" data-testid={props.testid}>
      {props.items
        .filter(([, value]) => value !== undefined && value !== null && value !== '')
        .map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

/** A titled part of a page. */
export function Section(props: {
  title: string;
  actions?: ReactNode;
  children: ReactNode;
}): JSX.Element {
  return (
    <section className="jp-studio-Section">
      <header>
        <h3>{props.title}</h3>
        {props.actions}
      </header>
      {props.children}
    </section>
  );
}
