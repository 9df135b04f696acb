import React from 'react';
import { IChannel, IDescribeTrainingJobResponse } from '../../api/types';
import { FailureBanner } from '../../components/FailureBanner';
import { KeyValue, Section } from '../../components/KeyValue';
import { ObjectLink } from '../../components/ObjectLink';
import { ProgressBar } from '../../components/ProgressBar';
import { Duration, TimeAgo } from '../../components/Time';
import { Timeline } from '../../components/Timeline';
import { IRouteProps } from '../../core/routedPanel';
import { formatDuration, humanise } from '../../format';
import { imageLabel } from '../../images';
import { isReserved, isRunning, progressOf, unquote } from './job';
import { useJobMetrics } from './metrics';

/** What a job is, where it stands and what came of it. */
export function TrainingOverview(props: {
  job: IDescribeTrainingJobResponse;
  go: IRouteProps['go'];
}): JSX.Element {
  const { job } = props;
  return (
    <div className="jp-studio-Overview">
      {job.FailureReason && (
        <FailureBanner reason={job.FailureReason}>
          <button
            className="jp-studio-Button"
            onClick={() => props.go({ view: 'detail', name: job.TrainingJobName, tab: 'logs' })}
          >
            Show the log
          </button>
        </FailureBanner>
      )}
      <Section title="Progress">
        {isRunning(job) && <Progress job={job} />}
        <Timeline transitions={job.SecondaryStatusTransitions ?? []} />
      </Section>
      <div className="jp-studio-Columns">
        <Summary job={job} />
        <Hyperparameters job={job} />
      </div>
      <Section title="Input">
        <Channels channels={job.InputDataConfig ?? []} />
      </Section>
      <Section title="Output">
        <Artifacts job={job} />
      </Section>
    </div>
  );
}

function Progress(props: { job: IDescribeTrainingJobResponse }): JSX.Element {
  const metrics = useJobMetrics(props.job.TrainingJobName);
  const fraction = progressOf(props.job, metrics.data ?? []);
  return <ProgressBar fraction={fraction} label={humanise(props.job.SecondaryStatus)} />;
}

function Summary({ job }: { job: IDescribeTrainingJobResponse }): JSX.Element {
  const resources = job.ResourceConfig;
  const limit = job.StoppingCondition?.MaxRuntimeInSeconds;
  return (
    <Section title="Job">
      <KeyValue
        testid="job-facts"
        items={[
          [
            'Algorithm',
            <span key="image" title={job.AlgorithmSpecification?.TrainingImage}>
              {imageLabel(job.AlgorithmSpecification?.TrainingImage)}
            </span>
          ],
          [
            'Duration',
            <Duration key="duration" start={job.CreationTime} end={job.TrainingEndTime} />
          ],
          ['Created', <TimeAgo key="created" time={job.CreationTime} />],
          job.TrainingEndTime !== undefined
            ? ['Ended', <TimeAgo key="ended" time={job.TrainingEndTime} />]
            : ['Ended', undefined],
          ['Instances', resources && `${resources.InstanceCount ?? 1} × ${resources.InstanceType}`],
          ['Time limit', limit === undefined ? undefined : formatDuration(limit)],
          ['Role', job.RoleArn],
          ['ARN', job.TrainingJobArn]
        ]}
      />
    </Section>
  );
}

function Hyperparameters({ job }: { job: IDescribeTrainingJobResponse }): JSX.Element {
  const all = Object.entries(job.HyperParameters ?? {});
  const own = all.filter(([name]) => !isReserved(name));
  const reserved = all.filter(([name]) => isReserved(name));
  return (
    <Section title="Hyperparameters">
      {own.length ? (
        <Pairs pairs={own} label="Hyperparameters" />
      ) : (
        <p className="jp-studio-Muted">None: the defaults.</p>
      )}
      {reserved.length > 0 && (
        <details>
          <summary>Script settings</summary>
          <Pairs pairs={reserved} label="Script settings" />
        </details>
      )}
    </Section>
  );
}

function Pairs(props: { pairs: [string, string][]; label: string }): JSX.Element {
  return (
    <table className="jp-studio-Pairs" aria-label={props.label}>
      <tbody>
        {props.pairs
          .sort(([a], [b]) => a.localeCompare(b))
          .map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{unquote(value)}</td>
            </tr>
          ))}
      </tbody>
    </table>
  );
}

function Channels(props: { channels: IChannel[] }): JSX.Element {
  if (!props.channels.length) {
    return <p className="jp-studio-Muted">This job reads no data channel.</p>;
  }
  return (
    <table className="jp-studio-Pairs" aria-label="Input channels">
      <thead>
        <tr>
          <th scope="col">Channel</th>
          <th scope="col">Address</th>
          <th scope="col">Content type</th>
          <th scope="col">Mode</th>
        </tr>
      </thead>
      <tbody>
        {props.channels.map(channel => (
          <tr key={channel.ChannelName}>
            <th scope="row">{channel.ChannelName}</th>
            <td>
              {channel.DataSource?.S3DataSource && (
                <ObjectLink uri={channel.DataSource.S3DataSource.S3Uri} />
              )}
            </td>
            <td>{channel.ContentType ?? '–'}</td>
            <td>{channel.InputMode ?? 'File'}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Artifacts({ job }: { job: IDescribeTrainingJobResponse }): JSX.Element {
  const model = job.ModelArtifacts?.S3ModelArtifacts;
  return (
    <KeyValue
      testid="artifacts"
      items={[
        ['Model', model ? <ObjectLink key="model" uri={model} download={!isRunning(job)} /> : ''],
        [
          'Output folder',
          job.OutputDataConfig && (
            <ObjectLink key="output" uri={job.OutputDataConfig.S3OutputPath} />
          )
        ],
        [
          'Checkpoints',
          job.CheckpointConfig && <ObjectLink key="points" uri={job.CheckpointConfig.S3Uri} />
        ],
        ['Message', exitMessage(job)]
      ]}
    />
  );
}

/** What the last step had to say for itself. */
function exitMessage(job: IDescribeTrainingJobResponse): string | undefined {
  const last = (job.SecondaryStatusTransitions ?? []).slice(-1)[0];
  return isRunning(job) ? undefined : last?.StatusMessage;
}
