import {
  ILabShell,
  ILayoutRestorer,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import { Contents } from '@jupyterlab/services';
import { CommandIDs, describeArgs } from '../../commands';
import { addToLauncher, addToPalette } from '../../core/surfaces';
import { studioIcon } from '../../icons';
import { IStudio } from '../../tokens';
import { HomePanel } from './widget';

/** Where the tutorial may lie, below the folder that Jupyter was started in. */
const TUTORIALS = ['notebooks/bank_marketing.ipynb', 'bank_marketing.ipynb'];

/** In a fresh workspace the file browser shows itself too, once it has listed its folder. */
const AFTER_FILES_MS = 1000;

/** The home panel in the left bar. */
export const homePlugin: JupyterFrontEndPlugin<void> = {
  id: 'studio-ext:home',
  description: 'Shows what to do first and what is going on.',
  autoStart: true,
  requires: [IStudio],
  optional: [ILauncher, ICommandPalette, ILayoutRestorer, ILabShell],
  activate: (
    app: JupyterFrontEnd,
    studio: IStudio,
    launcher: ILauncher | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    shell: ILabShell | null
  ): void => {
    const panel = new HomePanel(studio);
    app.shell.add(panel, 'left', { rank: 600, type: 'Studio' });
    restorer?.add(panel, panel.id);
    // Who has never arranged this workspace is shown what to do first.
    void Promise.all([shell?.restored, app.restored]).then(([layout]) => {
      if (layout?.fresh) {
        setTimeout(() => app.shell.activateById(panel.id), AFTER_FILES_MS);
      }
    });

    app.commands.addCommand(CommandIDs.openHome, {
      label: args => (args['isPalette'] ? 'Studio: Home' : 'Studio home'),
      caption: 'What to do first, and what is going on',
      icon: args => (args['isPalette'] ? undefined : studioIcon),
      describedBy: describeArgs(),
      execute: () => app.shell.activateById(panel.id)
    });
    addToLauncher(launcher, CommandIDs.openHome, 1);
    addToPalette(palette, CommandIDs.openHome);

    let tutorial: string | null = null;
    app.commands.addCommand(CommandIDs.openNotebook, {
      label: args =>
        args['isPalette'] ? 'Studio: Bank marketing notebook' : 'Bank marketing notebook',
      caption: 'The tutorial: from a table to predictions',
      icon: args => (args['isPalette'] ? undefined : studioIcon),
      describedBy: describeArgs(),
      isVisible: () => tutorial !== null,
      isEnabled: () => tutorial !== null,
      execute: () => app.commands.execute('docmanager:open', { path: tutorial })
    });
    void findFile(app.serviceManager.contents, TUTORIALS).then(path => {
      if (path) {
        tutorial = path;
        panel.notebook = path;
        app.commands.notifyCommandChanged(CommandIDs.openNotebook);
        addToLauncher(launcher, CommandIDs.openNotebook, 4);
        addToPalette(palette, CommandIDs.openNotebook);
      }
    });
  }
};

/** The first of `paths` that exists. Listing folders keeps "not found" out of the server's log. */
async function findFile(contents: Contents.IManager, paths: string[]): Promise<string | null> {
  for (const path of paths) {
    const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
    const parent = folder ? await entry(contents, '', folder) : true;
    if (parent && (await entry(contents, folder, path))) {
      return path;
    }
  }
  return null;
}

async function entry(contents: Contents.IManager, folder: string, path: string): Promise<boolean> {
  const listing = (await contents.get(folder)) as { content: Contents.IModel[] };
  return listing.content.some(item => item.path === path);
}
