import React from 'react';
import { IDescribeTrainingJobResponse } from '../../api/types';
import { DetailHeader } from '../../components/DetailHeader';
import { attempt, confirm } from '../../components/dialogs';
import { LogView } from '../../components/LogView';
import { ErrorBanner, Loading } from '../../components/Messages';
import { Tabs } from '../../components/Tabs';
import { useStudio } from '../../context';
import { IRouteProps } from '../../core/routedPanel';
import { useResource } from '../../hooks/useResource';
import { isRunning } from './job';
import { TrainingMetrics } from './metrics';
import { TrainingOverview } from './overview';

const LOG_GROUP = '/aws/sagemaker/TrainingJobs';

/** One training job. */
export function TrainingDetail({ route, go }: IRouteProps): JSX.Element {
  const name = route.name ?? '';
  const job = useResource(
    name,
    (studio, signal) =>
      studio.client.call('SageMaker.DescribeTrainingJob', { TrainingJobName: name }, signal),
    { kinds: ['training-job'], name }
  );
  const { data } = job;
  return (
    <div className="jp-studio-Detail" data-testid="training-detail">
      <DetailHeader
        title={name}
        status={data?.TrainingJobStatus}
        back="Training jobs"
        onBack={() => go({ view: 'list' })}
      >
        {data && <Actions job={data} reload={job.reload} go={go} />}
      </DetailHeader>
      <ErrorBanner error={job.error} title="The job cannot be read" onRetry={job.reload} />
      {job.loading && <Loading />}
      {data && (
        <Tabs
          label="Parts of the job"
          current={route.tab ?? 'overview'}
          onChange={tab => go({ ...route, tab })}
          tabs={[
            {
              id: 'overview',
              label: 'Overview',
              render: () => <TrainingOverview job={data} go={go} />
            },
            {
              id: 'logs',
              label: 'Logs',
              render: () => (
                <LogView
                  source={{ group: LOG_GROUP, prefix: `${name}/` }}
                  live={isRunning(data)}
                  filename={`${name}.log`}
                />
              )
            },
            { id: 'metrics', label: 'Metrics', render: () => <TrainingMetrics job={data} /> }
          ]}
        />
      )}
    </div>
  );
}

function Actions(props: {
  job: IDescribeTrainingJobResponse;
  reload: () => void;
  go: IRouteProps['go'];
}): JSX.Element {
  const { client } = useStudio();
  const name = props.job.TrainingJobName;
  const stop = async () => {
    const agreed = await confirm(
      `Stop ${name}?`,
      'The job is asked to end and has two minutes to save its model.',
      'Stop job'
    );
    if (agreed) {
      await attempt('The job could not be stopped', () =>
        client.call('SageMaker.StopTrainingJob', { TrainingJobName: name })
      );
      props.reload();
    }
  };
  return (
    <>
      {props.job.TrainingJobStatus === 'InProgress' && (
        <button
          className="jp-studio-Button jp-mod-danger"
          data-testid="stop"
          onClick={() => void stop()}
        >
          Stop
        </button>
      )}
      <button
        className="jp-studio-Button"
        data-testid="train-again"
        onClick={() => props.go({ view: 'create', name })}
      >
        Train again
      </button>
    </>
  );
}
