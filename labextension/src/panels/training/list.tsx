import React, { useState } from 'react';
import { IDescribeTrainingJobResponse, ITrainingJobSummary } from '../../api/types';
import { DataTable, IColumn, ISort } from '../../components/DataTable';
import { ListToolbar } from '../../components/ListToolbar';
import { EmptyState, ErrorBanner, Loading } from '../../components/Messages';
import { StatusBadge } from '../../components/StatusBadge';
import { Duration, TimeAgo } from '../../components/Time';
import { IRouteProps } from '../../core/routedPanel';
import { humanise } from '../../format';
import { useDebounced } from '../../hooks/useDebounced';
import { useDetails } from '../../hooks/useDetails';
import { usePages } from '../../hooks/usePages';
import { useResource } from '../../hooks/useResource';
import { useSettings } from '../../hooks/useSettings';
import { trainingIcon } from '../../icons';
import { imageLabel } from '../../images';

const STATUSES = ['InProgress', 'Completed', 'Failed', 'Stopping', 'Stopped'] as const;

type Status = (typeof STATUSES)[number];
type Details = Map<string, IDescribeTrainingJobResponse>;

/** All training jobs, newest first unless asked otherwise. */
export function TrainingList({ go }: IRouteProps): JSX.Element {
  const { pageSize } = useSettings();
  const [search, setSearch] = useState('');
  const [status, setStatus] = useState('');
  const [sort, setSort] = useState<ISort>({ by: 'CreationTime', order: 'Descending' });
  const nameContains = useDebounced(search.trim());
  const query = JSON.stringify([nameContains, status, sort, pageSize]);
  const pages = usePages(query);
  const list = useResource(
    `${query}/${pages.token ?? ''}`,
    (studio, signal) =>
      studio.client.call(
        'SageMaker.ListTrainingJobs',
        {
          MaxResults: pageSize,
          NextToken: pages.token,
          NameContains: nameContains || undefined,
          StatusEquals: (status || undefined) as Status | undefined,
          SortBy: sort.by as 'CreationTime',
          SortOrder: sort.order
        },
        signal
      ),
    { kinds: ['training-job'] }
  );
  const rows = list.data?.TrainingJobSummaries;
  const details = useDetails(
    rows,
    row => row.TrainingJobName,
    row => `${row.CreationTime}/${row.LastModifiedTime}/${row.TrainingJobStatus}`,
    (studio, row) =>
      studio.client.call('SageMaker.DescribeTrainingJob', { TrainingJobName: row.TrainingJobName })
  );
  const token = list.data?.NextToken;
  const create = (
    <button
      className="jp-studio-Button jp-mod-primary"
      data-testid="create-training-job"
      onClick={() => go({ view: 'create' })}
    >
      New training job
    </button>
  );
  return (
    <div className="jp-studio-List" data-testid="training-list">
      <ListToolbar
        title="Training jobs"
        search={search}
        onSearch={setSearch}
        status={status}
        statuses={STATUSES}
        onStatus={setStatus}
        onRefresh={list.reload}
      >
        {create}
      </ListToolbar>
      <ErrorBanner error={list.error} title="The jobs cannot be listed" onRetry={list.reload} />
      {list.loading && <Loading />}
      {rows && rows.length === 0 && (
        <Nothing filtered={Boolean(nameContains || status)} create={create} />
      )}
      {rows && rows.length > 0 && (
        <DataTable
          label="Training jobs"
          testid="training-table"
          columns={columns(details)}
          rows={rows}
          rowKey={row => row.TrainingJobName}
          onOpen={row => go({ view: 'detail', name: row.TrainingJobName })}
          sort={sort}
          onSort={setSort}
          paging={{
            number: pages.number,
            hasNext: Boolean(token),
            onPrevious: pages.previous,
            onNext: () => token && pages.next(token)
          }}
        />
      )}
    </div>
  );
}

function Nothing(props: { filtered: boolean; create: JSX.Element }): JSX.Element {
  if (props.filtered) {
    return <EmptyState icon={trainingIcon} title="No job matches the search" />;
  }
  return (
    <EmptyState icon={trainingIcon} title="No training job yet">
      <p>
        Start one from a notebook with boto3 or the SageMaker SDK, which are connected to Studio
        there, or here.
      </p>
      {props.create}
    </EmptyState>
  );
}

function columns(details: Details): IColumn<ITrainingJobSummary>[] {
  const detail = (row: ITrainingJobSummary) => details.get(row.TrainingJobName);
  return [
    { id: 'name', label: 'Name', sortBy: 'Name', render: row => row.TrainingJobName },
    {
      id: 'status',
      label: 'Status',
      sortBy: 'Status',
      render: row => (
        <StatusBadge
          status={row.TrainingJobStatus}
          title={detail(row)?.FailureReason ?? humanise(row.SecondaryStatus ?? '')}
        />
      )
    },
    {
      id: 'created',
      label: 'Created',
      sortBy: 'CreationTime',
      render: row => <TimeAgo time={row.CreationTime} />
    },
    {
      id: 'duration',
      label: 'Duration',
      render: row => <Duration start={row.CreationTime} end={row.TrainingEndTime} />
    },
    {
      id: 'algorithm',
      label: 'Algorithm',
      render: row => {
        const image = detail(row)?.AlgorithmSpecification?.TrainingImage;
        return <span title={image}>{imageLabel(image) || '–'}</span>;
      }
    },
    {
      id: 'instances',
      label: 'Instances',
      className: 'jp-mod-optional',
      render: row => {
        const resources = detail(row)?.ResourceConfig;
        return resources ? `${resources.InstanceCount ?? 1} × ${resources.InstanceType}` : '–';
      }
    }
  ];
}
