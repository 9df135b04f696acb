import React from 'react';
import { NodeType } from '../flow/types';
import { NodeState } from './states';

/** Outlines on a grid of 16 by 16. */
const KINDS: Record<NodeType, string> = {
  SOURCE:
    'M8 2c3 0 5 .9 5 2v8c0 1.100-2 2-5 2s-5-.9-5-2V4c0-1.100 2-2 5-2zM3 4c0 1.100 2 2 5 2s5-.9 5-2M3 8c0 1.100 2 2 5 2s5-.9 5-2',
  TRANSFORM: 'M2 3h12M4.500 8h7M6.500 13h3',
  DATASET: 'M2 3h12v10H2zM2 6.500h12M6.500 6.500V13',
  VISUALIZATION: 'M2 14h12M4 11V8M8 11V3M12 11V6',
  DESTINATION: 'M8 2v8M4.500 7 8 10.500 11.500 7M2.500 13.500h11'
};

const STATES: Record<NodeState, string> = {
  idle: 'M8 8h.01',
  fresh: 'M4 8.500 7 11.500 12 5.500',
  running: 'M8 3a5 5 0 1 1-5 5',
  stale: 'M12.500 8a4.500 4.500 0 1 1-1.500-3.300M11.200 2v3h-3',
  failed: 'M8 4v5M8 12h.01',
  unsupported: 'M6 6a2 2 0 1 1 2.800 1.800c-.6.3-.8.7-.8 1.400M8 12h.01',
  off: 'M8 3v5M5 5a4.200 4.200 0 1 0 6 0'
};

export function KindIcon(props: { type: NodeType }): JSX.Element {
  return <Outline path={KINDS[props.type]} className="jp-studio-FlowNode-kind" />;
}

export function StateIcon(props: { state: NodeState }): JSX.Element {
  return (
    <Outline path={STATES[props.state]} className={`jp-studio-NodeState jp-mod-${props.state}`} />
  );
}

function Outline(props: { path: string; className: string }): JSX.Element {
  return (
    <svg className={props.className} viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d={props.path} />
    </svg>
  );
}
