import { IDisposable } from '@lumino/disposable';
import { IDescribeFlowResponse, IFlowNode } from '../../api/types';
import { FlowClient } from '../api';
import { ICheck } from '../canvas/states';
import {
  addAfter,
  addStep,
  deleteNode,
  disable,
  duplicate,
  enable,
  IEdited,
  insertBetween,
  moveStep,
  neighbour,
  rename,
  replaceStep
} from '../flow/edits';
import { endOf, givesTable, placeOf } from '../flow/graph';
import { FlowText, FlowTextError } from '../flow/text';
import { INewStep, INode, IPlace, JsonObject } from '../flow/types';
import { nameOf } from './names';
import { SharedText } from './text';

/** What the side panel is for. */
export type Task =
  | { kind: 'node' }
  /** A step to be chosen; `before` is the one reader that reads it, `beside`: none does. */
  | {
      kind: 'add';
      place: IPlace;
      before?: string;
      beside?: boolean;
      /** A step that is offered, and what its form begins with. */
      suggestion?: { key: string; values?: JsonObject };
    }
  /** An analysis to be chosen, or one that is being made. */
  | { kind: 'analyse'; place: IPlace; key?: string }
  | { kind: 'source' }
  | { kind: 'problems' };

/** How far a run that learns is. */
export interface IRunState {
  /** None before the server has begun it. */
  id?: string;
  nodeId?: string;
  done: number;
  total: number;
}

export interface IFlowState {
  /** The flow; the last one that was readable while the text is none. */
  flow: FlowText | null;
  /** Why the text is no flow. */
  textError: string | null;
  described: IDescribeFlowResponse | null;
  checks: ReadonlyMap<string, ICheck>;
  checking: boolean;
  /** The server does not answer. */
  lost: boolean;
  /** Why the flow could not be looked at. */
  error: Error | null;
  run: IRunState | null;
  selected: IPlace | null;
  task: Task;
  canUndo: boolean;
  canRedo: boolean;
}

/** A flow that is worked on in one view: what it is, what is known of it, what is chosen. */
export class FlowSession implements IDisposable {
  constructor(
    readonly text: SharedText,
    readonly client: FlowClient
  ) {
    this._unsubscribe = text.subscribe(() => this._read());
    this._read();
    // Rows are there to see at once: those that all that has been done leads to.
    const { flow } = this._state;
    this.update({ selected: flow && endOf(flow) });
  }

  get state(): IFlowState {
    return this._state;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    this._unsubscribe();
    this._listeners.clear();
  }

  /** Call `notify` on every change until the returned function is called. */
  subscribe = (notify: () => void): (() => void) => {
    this._listeners.add(notify);
    return () => this._listeners.delete(notify);
  };

  update(change: Partial<IFlowState>): void {
    if (!this._isDisposed) {
      this._state = { ...this._state, ...change };
      this._listeners.forEach(listener => listener());
    }
  }

  /** What the server says of a node. */
  described(id: string): IFlowNode | undefined {
    return this._state.described?.Nodes.find(each => each.NodeId === id);
  }

  nameOf(id: string): string {
    const node = this._find(id);
    return node ? nameOf(node, this.described(id)) : id;
  }

  get selectedNode(): INode | undefined {
    const { selected } = this._state;
    return selected ? this._find(selected.node) : undefined;
  }

  /** Whether steps can read a node. */
  givesTable(id: string): boolean {
    const node = this._find(id);
    return !!node && givesTable(node.studio_disabled?.type ?? node.type);
  }

  select(selected: IPlace | null, task: Task = { kind: 'node' }): void {
    this.update({ selected, task });
  }

  open(task: Task): void {
    const { flow } = this._state;
    if (!flow || !('place' in task)) {
      this.update({ task });
      return;
    }
    const place = placeOf(flow, task.place.node, task.place.output);
    this.update({ task: { ...task, place }, selected: place });
  }

  // -- changes ---------------------------------------------------------------------------------

  /** Put a new step where the side panel was asked to; it is chosen then. */
  add(step: INewStep, further: IPlace[] = []): void {
    const { task, selected } = this._state;
    if (task.kind !== 'add') {
      const place = selected;
      this._edit(flow => (place ? addAfter(flow, step, place, further) : addStep(flow, step, [])));
      return;
    }
    const { place, before, beside } = task;
    this._edit(flow => {
      if (before && !further.length) {
        return insertBetween(flow, step, place, before);
      }
      return beside
        ? addStep(flow, step, [place, ...further])
        : addAfter(flow, step, place, further);
    });
  }

  /** Put a step behind an output, before what follows. */
  addAt(place: IPlace, step: INewStep): void {
    this._edit(flow => addAfter(flow, step, place));
  }

  /** Put a node behind an output, beside what follows. */
  addBeside(place: IPlace, step: INewStep): void {
    this._edit(flow => addStep(flow, step, [place]));
  }

  /** Add a source, or what else reads nothing. */
  addSource(step: INewStep, then: INewStep[] = []): void {
    this._edit(flow =>
      then.reduce<IEdited>(
        (edited, next) => addAfter(edited.flow, next, { node: edited.node }),
        addStep(flow, step, [])
      )
    );
  }

  replace(id: string, step: INewStep): void {
    this._edit(flow => ({ flow: replaceStep(flow, id, step), node: id }));
  }

  /** Change any part of the flow; what is chosen and what the side panel is for stay. */
  change(edit: (flow: FlowText) => FlowText): void {
    this._apply(edit);
  }

  rename(id: string, name: string): void {
    this.change(flow => rename(flow, id, name));
  }

  delete(id: string): void {
    const before = this._find(id)?.inputs[0]?.node_id;
    this._edit(flow => ({ flow: deleteNode(flow, id), node: before ?? '' }));
  }

  duplicate(id: string): void {
    this._edit(flow => duplicate(flow, id));
  }

  move(id: string, direction: 'up' | 'down'): void {
    this._edit(flow => ({ flow: moveStep(flow, id, direction), node: id }));
  }

  canMove(id: string, direction: 'up' | 'down'): boolean {
    return !!this._state.flow && !!this._find(id) && !!neighbour(this._state.flow, id, direction);
  }

  /** Switch a step off, or on again. */
  toggle(id: string): void {
    const off = this._find(id)?.studio_disabled;
    this._edit(flow => ({ flow: off ? enable(flow, id) : disable(flow, id), node: id }));
  }

  undo(): void {
    this.text.undo();
  }

  redo(): void {
    this.text.redo();
  }

  private _edit(edit: (flow: FlowText) => IEdited): void {
    let node = '';
    const flow = this._apply(before => {
      const edited = edit(before);
      node = edited.node;
      return edited.flow;
    });
    const there = flow.nodes.some(each => each.node_id === node);
    this.select(there ? { node } : null);
  }

  private _apply(edit: (flow: FlowText) => FlowText): FlowText {
    // What is on screen may be older than the text by a keystroke of somebody else.
    const flow = edit(FlowText.parse(this.text.value));
    if (flow.splices.length) {
      this.text.apply(flow.splices);
    }
    return flow;
  }

  private _read(): void {
    const { canUndo, canRedo, value } = this.text;
    let { flow, textError } = this._state;
    if (value !== flow?.text || textError) {
      try {
        [flow, textError] = [FlowText.parse(value), null];
      } catch (error) {
        if (!(error instanceof FlowTextError)) {
          throw error;
        }
        textError = error.message;
      }
    }
    const { selected, task } = this._state;
    const gone = selected && !flow?.nodes.some(each => each.node_id === selected.node);
    this.update({
      flow,
      textError,
      canUndo,
      canRedo,
      selected: gone ? null : selected,
      task: gone && 'place' in task ? { kind: 'node' } : task
    });
  }

  private _find(id: string): INode | undefined {
    return this._state.flow?.nodes.find(each => each.node_id === id);
  }

  private _state: IFlowState = {
    flow: null,
    textError: null,
    described: null,
    checks: new Map(),
    checking: false,
    lost: false,
    error: null,
    run: null,
    selected: null,
    task: { kind: 'node' },
    canUndo: false,
    canRedo: false
  };
  private _listeners = new Set<() => void>();
  private _unsubscribe: () => void;
  private _isDisposed = false;
}
