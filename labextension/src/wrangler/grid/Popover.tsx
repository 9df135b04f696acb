import React, { ReactNode, useEffect, useLayoutEffect, useRef, useState } from 'react';

/** Pixels that stay free around. */
const EDGE = 4;

/** Something over the grid, at a point of the page; Escape, or a press elsewhere, closes it. */
export function Popover(props: {
  label: string;
  /** Where on the page it hangs from. */
  anchor: DOMRect;
  onClose: () => void;
  children: ReactNode;
}): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState<{ left: number; top: number } | null>(null);
  const close = useRef(props.onClose);
  close.current = props.onClose;
  const { anchor } = props;

  useLayoutEffect(() => {
    const element = host.current as HTMLDivElement;
    // A widget of Lab's contains its layout: what is fixed in it is placed from its own corner, and
    // ends at its edges.
    const within = element.offsetParent?.getBoundingClientRect();
    const page = within ?? new DOMRect(0, 0, window.innerWidth, window.innerHeight);
    const { offsetWidth: width, offsetHeight: height } = element;
    const fitsBelow = anchor.bottom + height + EDGE <= page.bottom;
    const left = Math.min(anchor.left, page.right - width - EDGE);
    const top = fitsBelow ? anchor.bottom : page.bottom - height - EDGE;
    setPlace({
      left: Math.max(page.left + EDGE, left) - page.left,
      top: Math.max(page.top + EDGE, top) - page.top
    });
  }, [anchor]);

  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    const element = host.current as HTMLDivElement;
    const first = element.querySelector<HTMLElement>('select, input, textarea, button');
    (first ?? element).focus();
    const onPress = (event: PointerEvent) => {
      if (!element.contains(event.target as Node)) {
        close.current();
      }
    };
    const onKey = (event: KeyboardEvent) => {
      // The grid's own keys are not meant.
      event.stopPropagation();
      if (event.key === 'Escape') {
        event.preventDefault();
        close.current();
      }
    };
    document.addEventListener('pointerdown', onPress, true);
    element.addEventListener('keydown', onKey);
    return () => {
      element.removeEventListener('keydown', onKey);
      document.removeEventListener('pointerdown', onPress, true);
      if (!document.activeElement || element.contains(document.activeElement)) {
        before?.focus({ preventScroll: true });
      }
    };
  }, []);

  return (
    <div
      ref={host}
      className="jp-studio-Grid-popover"
      role="dialog"
      tabIndex={-1}
      aria-label={props.label}
      style={{ ...place, visibility: place ? 'visible' : 'hidden' }}
    >
      {props.children}
    </div>
  );
}
