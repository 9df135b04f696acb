import React, { useState } from 'react';
import { IDescribeEndpointOutput, IEndpointSummary } from '../../api/types';
import { invocationsPerMinute } from '../../charts/endpoint';
import { DataTable, IColumn, ISort } from '../../components/DataTable';
import { ListToolbar } from '../../components/ListToolbar';
import { EmptyState, ErrorBanner, Loading } from '../../components/Messages';
import { StatusBadge } from '../../components/StatusBadge';
import { TimeAgo } from '../../components/Time';
import { IRouteProps } from '../../core/routedPanel';
import { formatNumber } from '../../format';
import { useDebounced } from '../../hooks/useDebounced';
import { useDetails } from '../../hooks/useDetails';
import { usePages } from '../../hooks/usePages';
import { useResource } from '../../hooks/useResource';
import { useSettings } from '../../hooks/useSettings';
import { endpointsIcon } from '../../icons';
import { IStudio } from '../../tokens';

const STATUSES = [
  'InService',
  'Creating',
  'Updating',
  'RollingBack',
  'Deleting',
  'OutOfService',
  'Failed'
] as const;

interface IDetail {
  endpoint: IDescribeEndpointOutput;
  perMinute: number;
}

async function readDetail({ client }: IStudio, row: IEndpointSummary): Promise<IDetail> {
  const EndpointName = row.EndpointName;
  const now = Date.now() / 1000;
  const [endpoint, { Series }] = await Promise.all([
    client.call('SageMaker.DescribeEndpoint', { EndpointName }),
    client.call('Studio.GetMetricSeries', {
      ResourceType: 'endpoint',
      ResourceName: EndpointName,
      Names: ['Invocations'],
      Since: now - 60
    })
  ]);
  return { endpoint, perMinute: invocationsPerMinute(Series, now) };
}

/** All endpoints. */
export function EndpointList({ go }: IRouteProps): JSX.Element {
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
        'SageMaker.ListEndpoints',
        {
          MaxResults: pageSize,
          NextToken: pages.token,
          NameContains: nameContains || undefined,
          StatusEquals: (status || undefined) as 'InService' | undefined,
          SortBy: sort.by as 'CreationTime',
          SortOrder: sort.order
        },
        signal
      ),
    { kinds: ['endpoint'] }
  );
  const rows = list.data?.Endpoints;
  // Traffic changes with no change of the endpoint: each reading of the list reads it again.
  const details = useDetails(
    rows,
    row => row.EndpointName,
    () => String(Date.now()),
    readDetail
  );
  const token = list.data?.NextToken;
  const create = (
    <button
      className="jp-studio-Button jp-mod-primary"
      data-testid="create-endpoint"
      onClick={() => go({ view: 'create' })}
    >
      New endpoint
    </button>
  );
  return (
    <div className="jp-studio-List" data-testid="endpoint-list">
      <ListToolbar
        title="Endpoints"
        search={search}
        onSearch={setSearch}
        status={status}
        statuses={STATUSES}
        onStatus={setStatus}
        onRefresh={list.reload}
      >
        {create}
      </ListToolbar>
      <ErrorBanner
        error={list.error}
        title="The endpoints cannot be listed"
        onRetry={list.reload}
      />
      {list.loading && <Loading />}
      {rows && rows.length === 0 && (
        <Nothing filtered={Boolean(nameContains || status)} create={create} />
      )}
      {rows && rows.length > 0 && (
        <DataTable
          label="Endpoints"
          testid="endpoint-table"
          columns={columns(details)}
          rows={rows}
          rowKey={row => row.EndpointName}
          onOpen={row => go({ view: 'detail', name: row.EndpointName })}
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
    return <EmptyState icon={endpointsIcon} title="No endpoint matches the search" />;
  }
  return (
    <EmptyState icon={endpointsIcon} title="No endpoint yet">
      <p>
        Deploy a trained model with <code>estimator.deploy(…)</code> or boto3 from a notebook, or
        choose a model here.
      </p>
      {props.create}
    </EmptyState>
  );
}

function columns(details: Map<string, IDetail>): IColumn<IEndpointSummary>[] {
  const detail = (row: IEndpointSummary) => details.get(row.EndpointName);
  return [
    { id: 'name', label: 'Name', sortBy: 'Name', render: row => row.EndpointName },
    {
      id: 'status',
      label: 'Status',
      sortBy: 'Status',
      render: row => (
        <StatusBadge status={row.EndpointStatus} title={detail(row)?.endpoint.FailureReason} />
      )
    },
    {
      id: 'variants',
      label: 'Variants',
      className: 'jp-mod-wrap',
      render: row =>
        detail(row)
          ?.endpoint.ProductionVariants?.map(variant => variant.VariantName)
          .join(', ') || '–'
    },
    {
      id: 'traffic',
      label: 'Invocations / min',
      className: 'jp-mod-number',
      render: row => {
        const perMinute = detail(row)?.perMinute;
        return perMinute === undefined ? '–' : formatNumber(perMinute);
      }
    },
    {
      id: 'created',
      label: 'Created',
      sortBy: 'CreationTime',
      render: row => <TimeAgo time={row.CreationTime} />
    },
    {
      id: 'changed',
      label: 'Last change',
      className: 'jp-mod-optional',
      render: row => <TimeAgo time={row.LastModifiedTime} />
    }
  ];
}
