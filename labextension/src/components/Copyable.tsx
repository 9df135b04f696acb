import { Clipboard } from '@jupyterlab/apputils';
import { checkIcon, copyIcon } from '@jupyterlab/ui-components';
import React, { useEffect, useState } from 'react';

/** Text with a button that copies it. */
export function Copyable(props: { text: string; label: string; multiline?: boolean }): JSX.Element {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    const timer = copied ? window.setTimeout(() => setCopied(false), 1500) : 0;
    return () => window.clearTimeout(timer);
  }, [copied]);
  const Icon = copied ? checkIcon : copyIcon;
  return (
    <span className={`jp-studio-Copyable${props.multiline ? ' jp-mod-multiline' : ''}`}>
      <code title={props.text}>{props.text}</code>
      <button
        className="jp-studio-IconButton"
        title={copied ? 'Copied' : `Copy ${props.label}`}
        aria-label={`Copy ${props.label}`}
        onClick={() => {
          Clipboard.copyToSystem(props.text);
          setCopied(true);
        }}
      >
        <Icon.react tag="span" height="14px" width="14px" />
      </button>
    </span>
  );
}
