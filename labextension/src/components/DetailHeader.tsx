import React, { ReactNode } from 'react';
import { StatusBadge } from './StatusBadge';

/** The head of one resource's page: the way back, name, status, and its actions. */
export function DetailHeader(props: {
  title: string;
  status?: string;
  back: string;
  onBack: () => void;
  children?: ReactNode;
}): JSX.Element {
  return (
    <header className="jp-studio-DetailHeader">
      <button
        className="jp-studio-Link"
        aria-label={`Back to ${props.back}`}
        data-testid="back"
        onClick={props.onBack}
      >
        <span aria-hidden="true">←</span> {props.back}
      </button>
      <div>
        <h2 title={props.title}>{props.title}</h2>
        {props.status && <StatusBadge status={props.status} />}
        <span className="jp-studio-Spacer" />
        {props.children}
      </div>
    </header>
  );
}
