import React, { KeyboardEvent, PointerEvent, ReactNode, useRef, useState } from 'react';

/** Shares of splits by name, as they were last; for as long as the page is open. */
const SHARES = new Map<string, number>();
const LEAST = 0.15;
const STEP = 0.03;

/** Two parts with a bar between them, which mouse and arrow keys move. */
export function Split(props: {
  name: string;
  /** What the bar is called. */
  label: string;
  direction: 'row' | 'column';
  /** Part of the first, between 0 and 1. */
  share: number;
  first: ReactNode;
  /** Without a second part the first has all the room. */
  second: ReactNode | null;
}): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  const [share, setShare] = useState(SHARES.get(props.name) ?? props.share);
  const across = props.direction === 'row';
  const move = (wanted: number) => {
    const limited = Math.min(1 - LEAST, Math.max(LEAST, wanted));
    SHARES.set(props.name, limited);
    setShare(limited);
  };
  const onPointerMove = (event: PointerEvent) => {
    const box = host.current?.getBoundingClientRect();
    if (box && event.currentTarget.hasPointerCapture(event.pointerId)) {
      move(
        across ? (event.clientX - box.left) / box.width : (event.clientY - box.top) / box.height
      );
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const keys = across ? ['ArrowLeft', 'ArrowRight'] : ['ArrowUp', 'ArrowDown'];
    const index = keys.indexOf(event.key);
    if (index >= 0) {
      event.preventDefault();
      move(share + (index ? STEP : -STEP));
    }
  };
  return (
    <div ref={host} className={`jp-studio-Split jp-mod-${props.direction}`}>
      <div className="jp-studio-Split-part" style={{ flexGrow: props.second ? share : 1 }}>
        {props.first}
      </div>
      {props.second && (
        <>
          {/* A separator that can be moved is a control (WAI-ARIA: window splitter). */}
          {/* eslint-disable jsx-a11y/no-noninteractive-tabindex, jsx-a11y/no-noninteractive-element-interactions */}
          <div
            className="jp-studio-Split-bar"
            role="separator"
            tabIndex={0}
            aria-label={props.label}
            aria-orientation={across ? 'vertical' : 'horizontal'}
            aria-valuenow={Math.round(share * 100)}
            onPointerDown={event => event.currentTarget.setPointerCapture(event.pointerId)}
            onPointerMove={onPointerMove}
            onDoubleClick={() => move(props.share)}
            onKeyDown={onKeyDown}
          />
          {/* eslint-enable jsx-a11y/no-noninteractive-tabindex, jsx-a11y/no-noninteractive-element-interactions */}
          <div className="jp-studio-Split-part" style={{ flexGrow: 1 - share }}>
            {props.second}
          </div>
        </>
      )}
    </div>
  );
}
