import { LabIcon } from '@jupyterlab/ui-components';
import React from 'react';

/** A button that is its icon; its name is for who points at it and for screen readers. */
export function IconButton(props: {
  label: string;
  icon: LabIcon;
  enabled: boolean;
  testid?: string;
  onClick: () => void;
}): JSX.Element {
  return (
    <button
      className="jp-studio-IconButton"
      title={props.label}
      aria-label={props.label}
      disabled={!props.enabled}
      data-testid={props.testid}
      onClick={props.onClick}
    >
      <props.icon.react tag="span" height="16px" width="16px" />
    </button>
  );
}
