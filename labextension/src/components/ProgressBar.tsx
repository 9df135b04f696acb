import React from 'react';

/** A bar; without a fraction it only says that something goes on. */
export function ProgressBar(props: { fraction: number | undefined; label: string }): JSX.Element {
  const percent = props.fraction === undefined ? undefined : Math.round(props.fraction * 100);
  return (
    <div className="jp-studio-Progress">
      <span>
        {props.label}
        {percent !== undefined && ` · ${percent} %`}
      </span>
      <div
        role="progressbar"
        aria-label={props.label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent}
        data-testid="progress"
      >
        <div
          className={percent === undefined ? 'jp-mod-unknown' : ''}
          style={{ width: percent === undefined ? '30%' : `${percent}%` }}
        />
      </div>
    </div>
  );
}
