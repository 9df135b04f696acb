import { JupyterFrontEnd } from '@jupyterlab/application';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { describeArgs } from '../commands';
import { attempt } from '../components/dialogs';
import { flowIcon } from '../icons';
import { newFlow, wrangle } from './files';
import { contentTypeOf } from './flow/sources';
import { FlowAction } from './tokens';
import { FlowPanel } from './widget';

/** Ids of the commands about flows. */
export namespace FlowCommandIDs {
  export const create = 'studio:new-flow';
  export const wrangle = 'studio:wrangle';
  /** What is done with the flow in front, or with its chosen node. */
  export const of = (action: FlowAction): string => `studio:flow-${action}`;
}

/** Name of the editor in the menu "Open with". */
export const FLOW_EDITOR = 'Data Wrangler';

const ACTIONS: Record<FlowAction, [label: string, keys?: string]> = {
  undo: ['Undo'],
  redo: ['Redo'],
  'add-data': ['Add data'],
  'add-step': ['Add a step after this one', 'A'],
  'insert-before': ['Insert a step before this one', 'Shift A'],
  'add-branch': ['Add a step beside those that follow', 'B'],
  analyse: ['Analyse', 'Y'],
  duplicate: ['Duplicate', 'Accel D'],
  toggle: ['Switch off or on', 'O'],
  'move-earlier': ['Move earlier', 'Alt ArrowLeft'],
  'move-later': ['Move later', 'Alt ArrowRight'],
  delete: ['Delete', 'Delete']
};

/** What the menu of a node offers, in its order; the palette has them all. */
export const NODE_MENU: FlowAction[] = [
  'add-step',
  'insert-before',
  'add-branch',
  'analyse',
  'duplicate',
  'toggle',
  'move-earlier',
  'move-later',
  'delete'
];

/** Commands that make flows. */
export function addFileCommands(app: JupyterFrontEnd, browser: IDefaultFileBrowser | null): void {
  const { commands, serviceManager } = app;
  const open = (path: string) =>
    commands.execute('docmanager:open', { path, factory: FLOW_EDITOR });
  commands.addCommand(FlowCommandIDs.create, {
    label: args => (args['isPalette'] ? 'Studio: New Data Wrangler flow' : 'Data Wrangler Flow'),
    caption: 'Prepare data step by step',
    icon: args => (args['isPalette'] ? undefined : flowIcon),
    describedBy: describeArgs({ cwd: 'The folder that the new flow lies in.' }),
    execute: async args => {
      const folder = (args['cwd'] as string | undefined) ?? browser?.model.path ?? '';
      await attempt('The flow could not be made', async () =>
        open(await newFlow(serviceManager.contents, folder))
      );
    }
  });
  const chosen = () => [...(browser?.selectedItems() ?? [])];
  commands.addCommand(FlowCommandIDs.wrangle, {
    label: 'Wrangle',
    caption: 'Make a Data Wrangler flow that reads this file',
    icon: flowIcon,
    describedBy: describeArgs({ path: 'The file to read; the chosen one unless given.' }),
    isVisible: () => {
      const [item, ...more] = chosen();
      return !!item && !more.length && item.type !== 'directory' && !!contentTypeOf(item.path);
    },
    execute: async args => {
      const path = (args['path'] as string | undefined) ?? chosen()[0]?.path;
      if (path) {
        await attempt('The flow could not be made', async () =>
          open(await wrangle(serviceManager.contents, path))
        );
      }
    }
  });
}

/** Commands about the flow in front, and the keys for those that the graph hears. */
export function addFlowCommands(app: JupyterFrontEnd, current: () => FlowPanel | null): void {
  for (const [name, [label, keys]] of Object.entries(ACTIONS)) {
    const action = name as FlowAction;
    app.commands.addCommand(FlowCommandIDs.of(action), {
      label: args => (args['isPalette'] ? `Flow: ${label}` : label),
      describedBy: describeArgs(),
      isEnabled: () => current()?.actions?.[action].enabled ?? false,
      execute: () => {
        const found = current()?.actions?.[action];
        if (found?.enabled) {
          found.run();
        }
      }
    });
    if (keys) {
      app.commands.addKeyBinding({
        command: FlowCommandIDs.of(action),
        keys: [keys],
        selector: '.jp-studio-Canvas'
      });
    }
  }
}

/** All commands about a flow. */
export const FLOW_ACTIONS = Object.keys(ACTIONS) as FlowAction[];
