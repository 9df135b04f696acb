import { Handle, Node, NodeProps, Position } from '@xyflow/react';
import React, { memo } from 'react';
import { NodeType } from '../flow/types';
import { KindIcon, StateIcon } from './icons';
import { INodeStatus, STATE_LABELS } from './states';

/** What a node of the graph shows. */
export interface IShownNode extends Record<string, unknown> {
  type: NodeType;
  name: string;
  detail: string;
  status: INodeStatus;
  /** Names of its outputs, where there are several. */
  parts: string[];
  hasInput: boolean;
  givesTable: boolean;
  onAdd: (output?: string) => void;
}

export type CanvasNode = Node<IShownNode, 'flow'>;

/** What is said of a state, with its reason. */
export function said(status: INodeStatus): string {
  const progress = status.progress === undefined ? '' : ` (${Math.round(status.progress * 100)} %)`;
  return `${STATE_LABELS[status.state]}${progress}${status.message ? `: ${status.message}` : ''}`;
}

export const FlowNode = memo(function FlowNode(props: NodeProps<CanvasNode>): JSX.Element {
  const { data, selected } = props;
  const { status } = data;
  const parts = data.parts.length ? data.parts : [undefined];
  return (
    <div
      className={`jp-studio-FlowNode jp-mod-${status.state}${selected ? ' jp-mod-selected' : ''}`}
      data-testid="flow-node"
      data-state={status.state}
      data-name={data.name}
      title={`${data.name}\n${data.detail}\n${said(status)}`}
    >
      {data.hasInput && <Handle type="target" position={Position.Left} isConnectable={false} />}
      <KindIcon type={data.type} />
      <span className="jp-studio-FlowNode-text">
        <strong>{data.name}</strong>
        <span>{status.state === 'failed' && status.message ? status.message : data.detail}</span>
      </span>
      <StateIcon state={status.state} />
      {status.progress !== undefined && (
        <progress className="jp-studio-FlowNode-progress" max={1} value={status.progress} />
      )}
      {data.givesTable &&
        parts.map((part, index) => (
          <React.Fragment key={part ?? ''}>
            <Handle
              type="source"
              id={part}
              position={Position.Right}
              isConnectable={false}
              style={{ top: at(index, parts.length) }}
            />
            <button
              className="jp-studio-FlowNode-add"
              style={{ top: at(index, parts.length) }}
              tabIndex={-1}
              aria-label={`Add a step after ${data.name}${part ? `, ${part}` : ''}`}
              title={part ? `Add a step after ${part}` : 'Add a step after this one'}
              data-testid="add-after"
              onClick={event => {
                event.stopPropagation();
                data.onAdd(part);
              }}
            >
              +
            </button>
          </React.Fragment>
        ))}
    </div>
  );
});

function at(index: number, count: number): string {
  return `${((index + 0.5) / count) * 100}%`;
}
