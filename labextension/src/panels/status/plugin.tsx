import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IStatusBar } from '@jupyterlab/statusbar';
import React from 'react';
import { CommandIDs } from '../../commands';
import { useStudio } from '../../context';
import { plural } from '../../format';
import { useResource } from '../../hooks/useResource';
import { trainingIcon } from '../../icons';
import { StudioPanel } from '../../panel';
import { IStudio } from '../../tokens';

function RunningJobs(): JSX.Element {
  const studio = useStudio();
  const home = useResource(
    'home',
    ({ client }, signal) => client.call('Studio.GetHome', {}, signal),
    { kinds: ['training-job', 'processing-job'], pause: 1000 }
  );
  const { TrainingJobs = {}, ProcessingJobs = {} } = home.data?.Counts ?? {};
  const running = [TrainingJobs, ProcessingJobs].reduce(
    (sum, jobs) => sum + (jobs.InProgress ?? 0) + (jobs.Stopping ?? 0),
    0
  );
  const text = home.error ? 'Studio does not answer' : `${plural(running, 'job')} running`;
  return (
    <button
      className="jp-studio-StatusItem"
      title={home.error ? home.error.message : 'Open Training'}
      data-testid="running-jobs"
      onClick={() => void studio.execute(CommandIDs.openTraining)}
    >
      <trainingIcon.react tag="span" height="14px" width="14px" />
      {text}
    </button>
  );
}

class StatusItem extends StudioPanel {
  constructor(studio: IStudio) {
    super(studio);
    this.removeClass('jp-studio-Panel');
  }

  protected renderContent(): JSX.Element {
    return <RunningJobs />;
  }
}

/** The number of running jobs in the status bar. */
export const statusPlugin: JupyterFrontEndPlugin<void> = {
  id: 'studio-ext:status',
  description: 'Shows the number of running jobs in the status bar.',
  autoStart: true,
  requires: [IStudio, IStatusBar],
  activate: (_: JupyterFrontEnd, studio: IStudio, statusBar: IStatusBar): void => {
    statusBar.registerStatusItem('studio-ext:status', {
      item: new StatusItem(studio),
      align: 'left',
      rank: 20
    });
  }
};
