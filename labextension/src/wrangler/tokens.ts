/** What can be done with the flow in front, or with its chosen node; ids of commands end so. */
export type FlowAction =
  | 'undo'
  | 'redo'
  | 'add-data'
  | 'add-step'
  | 'insert-before'
  | 'add-branch'
  | 'analyse'
  | 'duplicate'
  | 'toggle'
  | 'move-earlier'
  | 'move-later'
  | 'delete';

/** What an editor lets commands do as it is now. */
export type IFlowActions = Record<FlowAction, { enabled: boolean; run: () => void }>;
