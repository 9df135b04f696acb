import { LabIcon } from '@jupyterlab/ui-components';
import React, { ReactNode } from 'react';
import { humanise } from '../format';

/** A failure, said where the person looks. */
export function ErrorBanner(props: {
  error: Error | null;
  title?: string;
  onRetry?: () => void;
}): JSX.Element | null {
  if (!props.error) {
    return null;
  }
  const name = props.error.name;
  const title = props.title ?? (name && name !== 'Error' ? humanise(name) : 'Something went wrong');
  return (
    <div className="jp-studio-Banner jp-mod-bad" role="alert" data-testid="error">
      <div className="jp-studio-Banner-text">
        <strong>{title}</strong>
        <pre>{props.error.message}</pre>
      </div>
      {props.onRetry && (
        <button className="jp-studio-Button" onClick={props.onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** What to do where there is nothing to see yet. */
export function EmptyState(props: {
  icon?: LabIcon;
  title: string;
  children?: ReactNode;
}): JSX.Element {
  return (
    <div className="jp-studio-Empty" data-testid="empty">
      {props.icon && (
        <props.icon.react tag="div" className="jp-studio-Empty-icon" height="40px" width="40px" />
      )}
      <h3>{props.title}</h3>
      {props.children}
    </div>
  );
}

/** Shown until the first answer is there. */
export function Loading(): JSX.Element {
  return (
    <p className="jp-studio-Loading" role="status">
      Loading…
    </p>
  );
}
