import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import { CommandIDs, describeArgs } from '../../commands';
import { registerRoutedPanel } from '../../core/routedPanel';
import { addToLauncher, addToPalette } from '../../core/surfaces';
import { trainingIcon } from '../../icons';
import { IStudio } from '../../tokens';
import { TrainingView } from '.';

/** The panel of training jobs. */
export const trainingPlugin: JupyterFrontEndPlugin<void> = {
  id: 'studio-ext:training',
  description: 'Lists, shows and starts training jobs.',
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
      id: 'studio-training',
      command: CommandIDs.openTraining,
      label: 'Training',
      caption: 'Watch and start training jobs',
      icon: trainingIcon,
      view: TrainingView,
      restorer
    });
    app.commands.addCommand(CommandIDs.createTraining, {
      label: args => (args['isPalette'] ? 'Studio: New training job' : 'New training job…'),
      caption: 'Fill in the form of a training job',
      describedBy: describeArgs({ name: 'A job to start from.' }),
      execute: args => app.commands.execute(CommandIDs.openTraining, { ...args, view: 'create' })
    });
    addToLauncher(launcher, CommandIDs.openTraining, 2);
    addToPalette(palette, CommandIDs.openTraining);
    addToPalette(palette, CommandIDs.createTraining);
  }
};
