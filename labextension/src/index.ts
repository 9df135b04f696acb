import { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { corePlugin } from './core/plugin';
import { endpointsPlugin } from './panels/endpoints/plugin';
import { homePlugin } from './panels/home/plugin';
import { runningPlugin } from './panels/running/plugin';
import { statusPlugin } from './panels/status/plugin';
import { trainingPlugin } from './panels/training/plugin';
import { wranglerPlugin } from './wrangler/plugin';

export { IStudio, IStudioSettings } from './tokens';

// Each plugin's type is that of the service it provides; Lab wants them in one list.
const plugins: JupyterFrontEndPlugin<unknown>[] = [
  corePlugin,
  homePlugin,
  trainingPlugin,
  endpointsPlugin,
  statusPlugin,
  runningPlugin,
  wranglerPlugin
];

export default plugins;
