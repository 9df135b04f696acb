import React from 'react';
import { humanise } from '../format';

type Tone = 'good' | 'bad' | 'busy' | 'idle';

const TONES: { [status: string]: Tone } = {
  Completed: 'good',
  InService: 'good',
  Failed: 'bad',
  UpdateRollbackFailed: 'bad',
  OutOfService: 'bad',
  Stopped: 'idle'
};

/** A status as a coloured word; a dot pulses while something is going on. */
export function StatusBadge(props: { status: string; title?: string }): JSX.Element {
  const tone = TONES[props.status] ?? 'busy';
  return (
    <span
      className={`jp-studio-Badge jp-mod-${tone}`}
      data-testid="status"
      data-status={props.status}
      title={props.title}
    >
      <span className="jp-studio-Badge-dot" aria-hidden="true" />
      {humanise(props.status)}
    </span>
  );
}
