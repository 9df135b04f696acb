import React from 'react';
import { IDescribeEndpointOutput } from '../../api/types';
import { DetailHeader } from '../../components/DetailHeader';
import { attempt, confirm } from '../../components/dialogs';
import { LogView } from '../../components/LogView';
import { ErrorBanner, Loading } from '../../components/Messages';
import { Tabs } from '../../components/Tabs';
import { useStudio } from '../../context';
import { IRouteProps } from '../../core/routedPanel';
import { useResource } from '../../hooks/useResource';
import { EndpointMetrics } from './metrics';
import { EndpointOverview } from './overview';
import { TestForm } from './test';
import { EndpointUpdate } from './update';

/** One endpoint. */
export function EndpointDetail({ route, go }: IRouteProps): JSX.Element {
  const name = route.name ?? '';
  const endpoint = useResource(
    name,
    (studio, signal) =>
      studio.client.call('SageMaker.DescribeEndpoint', { EndpointName: name }, signal),
    { kinds: ['endpoint'], name }
  );
  const { data } = endpoint;
  return (
    <div className="jp-studio-Detail" data-testid="endpoint-detail">
      <DetailHeader
        title={name}
        status={data?.EndpointStatus}
        back="Endpoints"
        onBack={() => go({ view: 'list' })}
      >
        {data && data.EndpointStatus !== 'Deleting' && <DeleteButton endpoint={data} go={go} />}
      </DetailHeader>
      <ErrorBanner
        error={endpoint.error}
        title="The endpoint cannot be read"
        onRetry={endpoint.reload}
      />
      {endpoint.loading && <Loading />}
      {data && !endpoint.error && (
        <Tabs
          label="Parts of the endpoint"
          current={route.tab ?? 'overview'}
          onChange={tab => go({ ...route, tab })}
          tabs={[
            {
              id: 'overview',
              label: 'Overview',
              render: () => <EndpointOverview endpoint={data} go={go} />
            },
            { id: 'test', label: 'Test', render: () => <TestForm key={name} endpoint={data} /> },
            { id: 'metrics', label: 'Metrics', render: () => <EndpointMetrics name={name} /> },
            {
              id: 'logs',
              label: 'Logs',
              render: () => (
                <LogView
                  source={{ group: `/aws/sagemaker/Endpoints/${name}` }}
                  live={true}
                  filename={`${name}.log`}
                />
              )
            },
            {
              id: 'update',
              label: 'Update',
              render: () => <EndpointUpdate endpoint={data} onDone={endpoint.reload} />
            }
          ]}
        />
      )}
    </div>
  );
}

function DeleteButton(props: {
  endpoint: IDescribeEndpointOutput;
  go: IRouteProps['go'];
}): JSX.Element {
  const { client } = useStudio();
  const { EndpointName } = props.endpoint;
  const remove = async () => {
    const agreed = await confirm(
      `Delete ${EndpointName}?`,
      'It stops answering at once. Its configuration and its models stay.',
      'Delete endpoint'
    );
    if (
      agreed &&
      (await attempt('The endpoint could not be deleted', () =>
        client.call('SageMaker.DeleteEndpoint', { EndpointName })
      ))
    ) {
      props.go({ view: 'list' });
    }
  };
  return (
    <button
      className="jp-studio-Button jp-mod-danger"
      data-testid="delete"
      onClick={() => void remove()}
    >
      Delete
    </button>
  );
}
