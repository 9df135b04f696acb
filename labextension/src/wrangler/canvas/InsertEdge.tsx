import {
  BaseEdge,
  Edge,
  EdgeLabelRenderer,
  EdgeProps,
  getBezierPath,
  getSmoothStepPath
} from '@xyflow/react';
import React, { memo } from 'react';

export interface IShownEdge extends Record<string, unknown> {
  /** The part of a split that passes here. */
  label?: string;
  /** What the button in its middle does. */
  onInsert: () => void;
}

export type CanvasEdge = Edge<IShownEdge, 'insert'>;

/** A line with a button in its middle. Keyboards insert by a command of the node behind it. */
export const InsertEdge = memo(function InsertEdge(props: EdgeProps<CanvasEdge>): JSX.Element {
  // From the end of a row to the beginning of the next.
  const goesBack = props.targetX < props.sourceX;
  const [path, x, y] = goesBack ? getSmoothStepPath(props) : getBezierPath(props);
  return (
    <>
      <BaseEdge id={props.id} path={path} interactionWidth={24} />
      <EdgeLabelRenderer>
        <div
          className="jp-studio-FlowEdge nodrag nopan"
          style={{ transform: `translate(-50%, -50%) translate(${x}px, ${y}px)` }}
        >
          {props.data?.label && <span>{props.data.label}</span>}
          <button
            tabIndex={-1}
            aria-label="Insert a step here"
            title="Insert a step here"
            data-testid="insert-step"
            onClick={props.data?.onInsert}
          >
            +
          </button>
        </div>
      </EdgeLabelRenderer>
    </>
  );
});
