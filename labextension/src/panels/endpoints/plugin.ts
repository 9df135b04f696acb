import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import { CommandIDs, describeArgs } from '../../commands';
import { registerRoutedPanel } from '../../core/routedPanel';
import { addToLauncher, addToPalette } from '../../core/surfaces';
import { endpointsIcon } from '../../icons';
import { IStudio } from '../../tokens';
import { EndpointsView } from '.';

/** The panel of endpoints. */
export const endpointsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'studio-ext:endpoints',
  description: 'Lists, shows, tests and changes endpoints.',
  autoStart: true,
  requires: [IStudio],
  optional: [ILauncher, ICommandPalette, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    studio: IStudio,
    launcher: ILauncher | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null
  ): void => {
    registerRoutedPanel(app, studio, {
      id: 'studio-endpoints',
      command: CommandIDs.openEndpoints,
      label: 'Endpoints',
      caption: 'Watch, test and change model endpoints',
      icon: endpointsIcon,
      view: EndpointsView,
      restorer
    });
    app.commands.addCommand(CommandIDs.createEndpoint, {
      label: args => (args['isPalette'] ? 'Studio: New endpoint' : 'New endpoint…'),
      caption: 'Deploy models to a new endpoint',
      describedBy: describeArgs(),
      execute: () => app.commands.execute(CommandIDs.openEndpoints, { view: 'create' })
    });
    addToLauncher(launcher, CommandIDs.openEndpoints, 3);
    addToPalette(palette, CommandIDs.openEndpoints);
    addToPalette(palette, CommandIDs.createEndpoint);
  }
};
