import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IRunningSessionManagers, IRunningSessions } from '@jupyterlab/running';
import { LabIcon } from '@jupyterlab/ui-components';
import { ISignal, Signal } from '@lumino/signaling';
import { IChange, Kind } from '../../api/events';
import { CommandIDs } from '../../commands';
import { attempt, confirm } from '../../components/dialogs';
import { humanise } from '../../format';
import { endpointsIcon, studioIcon, trainingIcon } from '../../icons';
import { IStudio } from '../../tokens';

/** At most one read in this many ms. */
const THROTTLE = 1000;

interface IEntry {
  name: string;
  status: string;
}

interface ISource {
  name: string;
  kind: Kind;
  icon: LabIcon;
  /** Opens one, where it has a panel. */
  command?: string;
  shutdownLabel: string;
  /** What ending one means. */
  question: string;
  shutdownAllLabel: string;
  shutdownAllConfirmationText: string;
  list: () => Promise<IEntry[]>;
  shutdown: (name: string) => Promise<unknown>;
}

/** Resources of one kind among Lab's running kernels and terminals. */
class RunningResources implements IRunningSessions.IManager {
  constructor(
    private readonly _studio: IStudio,
    private readonly _source: ISource
  ) {
    this.name = _source.name;
    this.shutdownLabel = _source.shutdownLabel;
    this.shutdownAllLabel = _source.shutdownAllLabel;
    this.shutdownAllConfirmationText = _source.shutdownAllConfirmationText;
    _studio.feed.changed.connect((_, change: IChange) => {
      if (change.kind === _source.kind) {
        this.refreshRunning();
      }
    });
  }

  readonly name: string;
  readonly shutdownLabel: string;
  readonly shutdownAllLabel: string;
  readonly shutdownAllConfirmationText: string;

  get runningChanged(): ISignal<this, unknown> {
    return this._runningChanged;
  }

  running(): IRunningSessions.IRunningItem[] {
    const { icon, command } = this._source;
    return this._entries.map(({ name, status }) => ({
      open: command === undefined ? undefined : () => void this._studio.execute(command, { name }),
      shutdown: () => void this._ask(name),
      icon: () => icon,
      label: () => name,
      labelTitle: () => `${name}: ${humanise(status)}`,
      detail: () => humanise(status)
    }));
  }

  shutdownAll(): void {
    this._entries.forEach(({ name }) => void this._shutdown(name));
  }

  refreshRunning(): void {
    // A running job changes all the time; its entry here does not.
    this._timer = this._timer || window.setTimeout(() => void this._read(), THROTTLE);
  }

  private async _read(): Promise<void> {
    this._timer = 0;
    try {
      this._entries = await this._source.list();
    } catch (error) {
      // The Studio panels show this where it is looked for; here the old list stays.
      console.debug('Studio: running resources cannot be listed.', error);
    }
    this._runningChanged.emit(undefined);
  }

  /** Lab asks before it ends all entries, but not before it ends one. */
  private async _ask(name: string): Promise<void> {
    const { question, shutdownLabel } = this._source;
    if (await confirm(`${shutdownLabel} ${name}?`, question, shutdownLabel)) {
      await this._shutdown(name);
    }
  }

  private async _shutdown(name: string): Promise<void> {
    await attempt(`${name} could not be ended`, () => this._source.shutdown(name));
    this.refreshRunning();
  }

  private _entries: IEntry[] = [];
  private _timer = 0;
  private _runningChanged = new Signal<this, unknown>(this);
}

function trainingJobs({ client }: IStudio): ISource {
  return {
    name: 'Training jobs',
    kind: 'training-job',
    icon: trainingIcon,
    command: CommandIDs.openTraining,
    shutdownLabel: 'Stop job',
    question: 'The job is asked to end and has two minutes to save its model.',
    shutdownAllLabel: 'Stop all',
    shutdownAllConfirmationText: 'Stop all training jobs that are running?',
    list: async () => {
      const input = { StatusEquals: 'InProgress' as const, MaxResults: 100 };
      const { TrainingJobSummaries } = await client.call('SageMaker.ListTrainingJobs', input);
      return TrainingJobSummaries.map(job => ({
        name: job.TrainingJobName,
        status: job.TrainingJobStatus
      }));
    },
    shutdown: name => client.call('SageMaker.StopTrainingJob', { TrainingJobName: name })
  };
}

function processingJobs({ client }: IStudio): ISource {
  return {
    name: 'Processing jobs',
    kind: 'processing-job',
    icon: studioIcon,
    shutdownLabel: 'Stop job',
    question: 'The job is asked to end. What it has stored stays.',
    shutdownAllLabel: 'Stop all',
    shutdownAllConfirmationText: 'Stop all processing jobs that are running?',
    list: async () => {
      const input = { StatusEquals: 'InProgress' as const, MaxResults: 100 };
      const { ProcessingJobSummaries } = await client.call('SageMaker.ListProcessingJobs', input);
      return ProcessingJobSummaries.map(job => ({
        name: job.ProcessingJobName,
        status: job.ProcessingJobStatus
      }));
    },
    shutdown: name => client.call('SageMaker.StopProcessingJob', { ProcessingJobName: name })
  };
}

function endpoints({ client }: IStudio): ISource {
  return {
    name: 'Endpoints',
    kind: 'endpoint',
    icon: endpointsIcon,
    command: CommandIDs.openEndpoints,
    shutdownLabel: 'Delete endpoint',
    question: 'It stops answering at once. Its configuration and its models stay.',
    shutdownAllLabel: 'Delete all',
    shutdownAllConfirmationText: 'Delete all endpoints? Their configurations and models stay.',
    list: async () => {
      const { Endpoints } = await client.call('SageMaker.ListEndpoints', { MaxResults: 100 });
      return Endpoints.map(({ EndpointName, EndpointStatus }) => ({
        name: EndpointName,
        status: EndpointStatus
      }));
    },
    shutdown: name => client.call('SageMaker.DeleteEndpoint', { EndpointName: name })
  };
}

/** Running jobs and endpoints in Lab's "Running" sidebar. */
export const runningPlugin: JupyterFrontEndPlugin<void> = {
  id: 'studio-ext:running',
  description: 'Lists running jobs and endpoints beside kernels and terminals.',
  autoStart: true,
  requires: [IStudio, IRunningSessionManagers],
  activate: (_: JupyterFrontEnd, studio: IStudio, managers: IRunningSessionManagers): void => {
    for (const source of [trainingJobs(studio), processingJobs(studio), endpoints(studio)]) {
      const manager = new RunningResources(studio, source);
      managers.add(manager);
      manager.refreshRunning();
    }
  }
};
