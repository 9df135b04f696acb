import {
  Background,
  Controls,
  MiniMap,
  ReactFlow,
  ReactFlowProvider,
  useNodesInitialized,
  useReactFlow
} from '@xyflow/react';
import '@xyflow/react/dist/base.css';
import React, { KeyboardEvent, MouseEvent, useCallback, useEffect, useMemo, useRef } from 'react';
import { IFlowNode } from '../../api/types';
import { detailOf, nameOf } from '../document/names';
import { givesTable, partOf } from '../flow/graph';
import { FlowText } from '../flow/text';
import { INode, IPlace } from '../flow/types';
import { CanvasNode, FlowNode, said } from './FlowNode';
import { CanvasEdge, InsertEdge } from './InsertEdge';
import { NODE_HEIGHT, NODE_WIDTH, positions } from './layout';
import { neighbourOf } from './moving';
import { IKnown, INodeStatus, statusOf } from './states';

const NODE_TYPES = { flow: FlowNode };
const EDGE_TYPES = { insert: InsertEdge };
const FIT = { padding: 0.15, maxZoom: 1, minZoom: 0.2 };
/** More nodes than this are drawn only where they can be seen. */
const MANY = 150;

export interface ICanvasProps {
  flow: FlowText;
  described: readonly IFlowNode[];
  known: IKnown;
  selected: IPlace | null;
  onSelect: (place: IPlace | null) => void;
  /** A step is wanted after an output; with `before`, only for that reader. */
  onAdd: (place: IPlace, before?: string) => void;
  /** The chosen node is to be worked on. */
  onOpen: () => void;
}

/** The flow as a graph. */
export function Canvas(props: ICanvasProps): JSX.Element {
  return (
    <ReactFlowProvider>
      <Graph {...props} />
    </ReactFlowProvider>
  );
}

function Graph(props: ICanvasProps): JSX.Element {
  const { flow, selected, onSelect } = props;
  const host = useRef<HTMLDivElement>(null);
  const nodes = useNodes(props);
  const edges = useEdges(props);
  const onMove = useFit(host);
  useInView(selected?.node ?? null, host);
  const onKeyDown = (event: KeyboardEvent) => {
    const focused = (event.target as HTMLElement).closest<HTMLElement>('.react-flow__node');
    const from = focused?.dataset.id ?? selected?.node ?? flow.nodes[0]?.node_id;
    if (!from || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const to = neighbourOf(flow, from, event.key, id => nodes.find(n => n.id === id)?.position);
    if (to) {
      onSelect({ node: to });
      host.current?.querySelector<HTMLElement>(`[data-id="${CSS.escape(to)}"]`)?.focus();
    } else if (event.key === 'Enter' && focused && !isButton(event)) {
      onSelect({ node: from });
      props.onOpen();
    } else if (event.key === '+') {
      props.onAdd({ node: from });
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const choose = (_: MouseEvent, node: CanvasNode) => onSelect({ node: node.id });
  return (
    // Keys go to the nodes, which can be focused; this hears what they leave.

    <div
      ref={host}
      className="jp-studio-Canvas"
      data-testid="canvas"
      data-jp-undoer="true"
      onKeyDownCapture={onKeyDown}
    >
      <ReactFlow<CanvasNode, CanvasEdge>
        aria-label="Steps of the flow"
        nodes={nodes}
        edges={edges}
        nodeTypes={NODE_TYPES}
        edgeTypes={EDGE_TYPES}
        nodesDraggable={false}
        nodesConnectable={false}
        edgesFocusable={false}
        selectNodesOnDrag={false}
        disableKeyboardA11y={true}
        deleteKeyCode={null}
        onlyRenderVisibleElements={flow.nodes.length > MANY}
        fitView
        fitViewOptions={FIT}
        minZoom={0.1}
        maxZoom={2}
        onMove={onMove}
        onNodeClick={choose}
        onNodeDoubleClick={props.onOpen}
        onNodeContextMenu={choose}
      >
        <Background gap={24} />
        <Controls showInteractive={false} fitViewOptions={FIT} />
        {flow.nodes.length > 4 && (
          <MiniMap
            pannable
            zoomable
            ariaLabel="Map of the flow"
            nodeClassName={node => `jp-mod-${(node as CanvasNode).data.status.state}`}
          />
        )}
      </ReactFlow>
    </div>
  );
}

/** Nodes of the graph; one that has not changed stays the same, and is not drawn again. */
function useNodes(props: ICanvasProps): CanvasNode[] {
  const { flow, described, known, selected, onAdd } = props;
  const add = useRef(onAdd);
  add.current = onAdd;
  const before = useRef(new Map<string, { is: string; node: CanvasNode }>());
  const shape = flow.nodes.map(n => `${n.node_id}<${n.inputs.map(i => i.node_id)}`).join();
  // Places follow from the graph alone: what a node is about may change and nothing moves.
  const places = useMemo(
    () =>
      positions(
        flow.nodes.map(node => ({
          id: node.node_id,
          reads: node.inputs.map(given => given.node_id)
        }))
      ),
    [shape] // eslint-disable-line react-hooks/exhaustive-deps
  );
  return useMemo(() => {
    const fresh = new Map<string, { is: string; node: CanvasNode }>();
    const nodes = flow.nodes.map(node => {
      const id = node.node_id;
      const found = described.find(each => each.NodeId === id);
      const made = shown(node, found, statusOf(flow, node, known));
      const position = places.get(id) ?? { x: 0, y: 0 };
      const is = JSON.stringify([made, position, selected?.node === id]);
      const old = before.current.get(id);
      const drawn =
        old?.is === is
          ? old.node
          : canvasNode(id, made, position, selected?.node === id, output =>
              add.current({ node: id, output })
            );
      fresh.set(id, { is, node: drawn });
      return drawn;
    });
    before.current = fresh;
    return nodes;
  }, [flow, described, known, selected?.node, places]);
}

function shown(node: INode, described: IFlowNode | undefined, status: INodeStatus) {
  const type = node.studio_disabled?.type ?? node.type;
  return {
    type,
    name: nameOf(node, described),
    detail: detailOf(node, described),
    status,
    parts: node.outputs.length > 1 ? node.outputs.map(each => each.name) : [],
    hasInput: node.inputs.length > 0,
    givesTable: givesTable(type)
  };
}

function canvasNode(
  id: string,
  made: ReturnType<typeof shown>,
  position: { x: number; y: number },
  selected: boolean,
  onAdd: (output?: string) => void
): CanvasNode {
  return {
    id,
    type: 'flow',
    position,
    selected,
    width: NODE_WIDTH,
    height: NODE_HEIGHT,
    ariaLabel: `${made.name}, ${made.detail}. ${said(made.status)}`,
    data: { ...made, onAdd }
  };
}

function useEdges(props: ICanvasProps): CanvasEdge[] {
  const { flow, onAdd } = props;
  const add = useRef(onAdd);
  add.current = onAdd;
  return useMemo(
    () =>
      flow.nodes.flatMap(node =>
        node.inputs.map((given, index): CanvasEdge => {
          const output = partOf(flow, given.node_id, given.output_name);
          return {
            id: `${given.node_id}/${given.output_name}>${node.node_id}/${index}`,
            type: 'insert',
            source: given.node_id,
            sourceHandle: output ?? null,
            target: node.node_id,
            data: {
              label: output,
              onInsert: () => add.current({ node: given.node_id, output }, node.node_id)
            }
          };
        })
      ),
    [flow]
  );
}

/** Show the whole flow when there is more or less room, until the person has moved it. */
function useFit(host: React.RefObject<HTMLElement>): (event: unknown) => void {
  const { fitView } = useReactFlow();
  const moved = useRef(false);
  useEffect(() => {
    const observer = new ResizeObserver(() => {
      if (!moved.current) {
        void fitView(FIT);
      }
    });
    observer.observe(host.current as HTMLElement);
    return () => observer.disconnect();
  }, [fitView, host]);
  // Without an event it was the page that moved it.
  return useCallback(event => {
    moved.current ||= !!event;
  }, []);
}

/** Bring the chosen node into view where it is not; also one that was just made. */
function useInView(id: string | null, host: React.RefObject<HTMLElement>): void {
  const { getNode, setCenter, getViewport } = useReactFlow();
  const ready = useNodesInitialized();
  useEffect(() => {
    const node = id && ready ? getNode(id) : undefined;
    if (!node || !host.current) {
      return;
    }
    const { x, y, zoom } = getViewport();
    const { clientWidth, clientHeight } = host.current;
    const [left, top] = [node.position.x * zoom + x, node.position.y * zoom + y];
    const inside =
      left >= 0 &&
      top >= 0 &&
      left + NODE_WIDTH * zoom <= clientWidth &&
      top + NODE_HEIGHT * zoom <= clientHeight;
    if (!inside) {
      const [middle, level] = [node.position.x + NODE_WIDTH / 2, node.position.y + NODE_HEIGHT / 2];
      void setCenter(middle, level, { zoom, duration: 200 });
    }
  }, [id, ready, getNode, setCenter, getViewport, host]);
}

/** Whether a key was pressed on a button, which it then is for. */
function isButton(event: KeyboardEvent): boolean {
  return (event.target as HTMLElement).tagName === 'BUTTON';
}
