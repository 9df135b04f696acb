import React from 'react';
import { formatDuration, formatExact, formatRelative } from '../format';
import { useNow } from '../hooks/useNow';

/** How long ago something was; the exact time is in the tooltip. In epoch seconds. */
export function TimeAgo(props: { time: number | undefined }): JSX.Element {
  const now = useNow(30_000);
  if (props.time === undefined) {
    return <span>–</span>;
  }
  return (
    <time dateTime={new Date(props.time * 1000).toISOString()} title={formatExact(props.time)}>
      {formatRelative(props.time, now)}
    </time>
  );
}

/** The time between two moments in epoch seconds; it ticks while the end is to come. */
export function Duration(props: { start: number | undefined; end?: number }): JSX.Element {
  const running = props.start !== undefined && props.end === undefined;
  const now = useNow(running ? 1000 : 0);
  if (props.start === undefined) {
    return <span>–</span>;
  }
  return (
    <span className="jp-studio-Duration">{formatDuration((props.end ?? now) - props.start)}</span>
  );
}
