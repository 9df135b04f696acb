import React from 'react';
import { ISecondaryStatusTransition } from '../api/types';
import { formatExact, humanise } from '../format';
import { Duration } from './Time';

const ENDS = ['Completed', 'Failed', 'Stopped', 'MaxRuntimeExceeded', 'Interrupted'];

/** What a person asked for is neither good nor bad. */
const TONES: { [status: string]: string } = { Completed: 'good', Stopped: 'done' };

/** The steps a job went through, each with the time it took. */
export function Timeline(props: { transitions: ISecondaryStatusTransition[] }): JSX.Element {
  return (
    <ol className="jp-studio-Timeline" data-testid="timeline">
      {props.transitions.map((step, index) => {
        const last = index === props.transitions.length - 1;
        const isEnd = ENDS.includes(step.Status);
        const tone = TONES[step.Status] ?? (isEnd ? 'bad' : 'done');
        return (
          <li
            key={index}
            className={`jp-mod-${last && !isEnd ? 'busy' : tone}`}
            title={formatExact(step.StartTime)}
          >
            <strong>{humanise(step.Status)}</strong>
            {!isEnd && <Duration start={step.StartTime} end={step.EndTime} />}
            {step.StatusMessage && <span className="jp-studio-Muted">{step.StatusMessage}</span>}
          </li>
        );
      })}
    </ol>
  );
}
