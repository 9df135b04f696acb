import React, { ReactNode } from 'react';

/** Why a resource failed, first of all that is said of it. */
export function FailureBanner(props: { reason: string; children?: ReactNode }): JSX.Element {
  return (
    <div className="jp-studio-Banner jp-mod-bad" role="alert" data-testid="failure-reason">
      <div className="jp-studio-Banner-text">
        <strong>Why it failed</strong>
        <pre>{props.reason}</pre>
      </div>
      {props.children}
    </div>
  );
}
