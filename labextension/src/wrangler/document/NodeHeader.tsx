import { caretDownIcon, caretUpIcon, copyIcon, deleteIcon } from '@jupyterlab/ui-components';
import React, { useEffect, useState } from 'react';
import { said } from '../canvas/FlowNode';
import { StateIcon } from '../canvas/icons';
import { INodeStatus } from '../canvas/states';
import { INode } from '../flow/types';
import { IconButton } from './IconButton';
import { kindOf } from './names';
import { FlowSession } from './session';

/** The chosen node: its name, its state, and what can be done with it. */
export function NodeHeader(props: {
  session: FlowSession;
  node: INode;
  status: INodeStatus;
}): JSX.Element {
  const { session, node, status } = props;
  const id = node.node_id;
  const off = node.studio_disabled !== undefined;
  return (
    <header className="jp-studio-NodeHeader" data-testid="node-header">
      <span className="jp-studio-Muted">{kindOf(node)}</span>
      <Name key={id} name={session.nameOf(id)} onChange={name => session.rename(id, name)} />
      <p className="jp-studio-NodeHeader-state" data-testid="node-state">
        <StateIcon state={status.state} />
        <span>{said(status)}</span>
      </p>
      <div className="jp-studio-NodeHeader-actions">
        {node.inputs.length > 0 && (
          <label className="jp-studio-NodeHeader-on">
            <input
              type="checkbox"
              checked={!off}
              data-testid="toggle-step"
              onChange={() => session.toggle(id)}
            />
            On
          </label>
        )}
        <span className="jp-studio-Spacer" />
        <IconButton
          label="Move earlier"
          icon={caretUpIcon}
          enabled={session.canMove(id, 'up')}
          onClick={() => session.move(id, 'up')}
        />
        <IconButton
          label="Move later"
          icon={caretDownIcon}
          enabled={session.canMove(id, 'down')}
          onClick={() => session.move(id, 'down')}
        />
        <IconButton
          label="Duplicate"
          icon={copyIcon}
          enabled={true}
          onClick={() => session.duplicate(id)}
        />
        <IconButton
          label="Delete"
          icon={deleteIcon}
          enabled={true}
          onClick={() => session.delete(id)}
        />
      </div>
    </header>
  );
}

/** The name, which becomes another one by typing it. */
function Name(props: { name: string; onChange: (name: string) => void }): JSX.Element {
  const [text, setText] = useState(props.name);
  useEffect(() => setText(props.name), [props.name]);
  const done = () => {
    if (text.trim() !== props.name) {
      props.onChange(text);
    }
  };
  return (
    <input
      className="jp-studio-NodeHeader-name"
      aria-label="Name"
      data-testid="node-name"
      value={text}
      onChange={event => setText(event.target.value)}
      onBlur={done}
      onKeyDown={event => {
        if (event.key === 'Enter') {
          event.currentTarget.blur();
        } else if (event.key === 'Escape') {
          setText(props.name);
        }
      }}
    />
  );
}
