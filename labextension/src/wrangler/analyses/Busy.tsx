import React from 'react';
import { ProgressBar } from '../../components/ProgressBar';

/** Something goes on, and may be stopped. */
export function Busy(props: {
  label: string;
  fraction?: number;
  onStop?: () => void;
}): JSX.Element {
  return (
    <div className="jp-studio-Busy">
      <ProgressBar fraction={props.fraction} label={props.label} />
      {props.onStop && (
        <button
          type="button"
          className="jp-studio-Button"
          data-testid="stop-run"
          onClick={props.onStop}
        >
          Stop
        </button>
      )}
    </div>
  );
}
