import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, WidgetTracker } from '@jupyterlab/apputils';
import { DocumentWidget } from '@jupyterlab/docregistry';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { ILauncher } from '@jupyterlab/launcher';
import { IMainMenu } from '@jupyterlab/mainmenu';
import { addToLauncher, addToPalette } from '../core/surfaces';
import { flowIcon } from '../icons';
import { IStudio } from '../tokens';
import {
  addFileCommands,
  addFlowCommands,
  FLOW_ACTIONS,
  FLOW_EDITOR,
  FlowCommandIDs,
  NODE_MENU
} from './commands';
import { FlowFactory, FlowPanel } from './widget';

const FILE_TYPE = 'studio-flow';

/** Data Wrangler: `.flow` files open as documents. What draws them is loaded with the first. */
export const wranglerPlugin: JupyterFrontEndPlugin<void> = {
  id: 'studio-ext:wrangler',
  description: 'Opens .flow files of Data Wrangler.',
  autoStart: true,
  requires: [IStudio],
  optional: [ILauncher, ICommandPalette, ILayoutRestorer, IDefaultFileBrowser, IMainMenu],
  activate: (
    app: JupyterFrontEnd,
    studio: IStudio,
    launcher: ILauncher | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    browser: IDefaultFileBrowser | null,
    menu: IMainMenu | null
  ): void => {
    const tracker = new WidgetTracker<DocumentWidget<FlowPanel>>({ namespace: 'studio-flows' });
    app.docRegistry.addFileType({
      name: FILE_TYPE,
      displayName: 'Data Wrangler flow',
      extensions: ['.flow'],
      mimeTypes: ['application/json'],
      contentType: 'file',
      fileFormat: 'text',
      icon: flowIcon
    });
    const factory = new FlowFactory(
      { studio, browser },
      {
        name: FLOW_EDITOR,
        modelName: 'text',
        fileTypes: [FILE_TYPE],
        defaultFor: [FILE_TYPE]
      }
    );
    factory.widgetCreated.connect((_, widget) => {
      widget.title.icon = flowIcon;
      widget.context.pathChanged.connect(() => void tracker.save(widget));
      widget.content.actionsChanged.connect(() => app.commands.notifyCommandChanged());
      void tracker.add(widget);
    });
    app.docRegistry.addWidgetFactory(factory);
    void restorer?.restore(tracker, {
      command: 'docmanager:open',
      args: widget => ({ path: widget.context.path, factory: FLOW_EDITOR }),
      name: widget => widget.context.path
    });

    // A command is about the flow in front, not about one that is behind a notebook.
    const current = () => {
      const widget = tracker.currentWidget;
      return widget && widget === app.shell.currentWidget ? widget.content : null;
    };
    addFileCommands(app, browser);
    addFlowCommands(app, current);
    addToLauncher(launcher, FlowCommandIDs.create, 1);
    addToPalette(palette, FlowCommandIDs.create);
    FLOW_ACTIONS.forEach(action => addToPalette(palette, FlowCommandIDs.of(action)));
    NODE_MENU.forEach((action, rank) =>
      app.contextMenu.addItem({
        command: FlowCommandIDs.of(action),
        selector: '.jp-studio-Canvas .react-flow__node',
        rank
      })
    );
    app.contextMenu.addItem({
      command: FlowCommandIDs.wrangle,
      selector: '.jp-DirListing-item[data-isdir="false"]',
      rank: 2
    });
    for (const which of ['undo', 'redo'] as const) {
      menu?.editMenu.undoers[which].add({
        id: FlowCommandIDs.of(which),
        isEnabled: widget =>
          widget === tracker.currentWidget && !!current()?.actions?.[which].enabled
      });
    }
  }
};
