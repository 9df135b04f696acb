import React from 'react';
import { IDescribeEndpointOutput } from '../../api/types';
import { FailureBanner } from '../../components/FailureBanner';
import { KeyValue, Section } from '../../components/KeyValue';
import { TimeAgo } from '../../components/Time';
import { IRouteProps } from '../../core/routedPanel';
import { formatNumber } from '../../format';
import { useResource } from '../../hooks/useResource';
import { imageLabel } from '../../images';
import { EndpointMetrics } from './metrics';

/** What an endpoint is and how it does. */
export function EndpointOverview(props: {
  endpoint: IDescribeEndpointOutput;
  go: IRouteProps['go'];
}): JSX.Element {
  const { endpoint, go } = props;
  return (
    <div className="jp-studio-Overview">
      {endpoint.FailureReason && (
        <FailureBanner reason={endpoint.FailureReason}>
          <button
            className="jp-studio-Button"
            onClick={() => go({ view: 'detail', name: endpoint.EndpointName, tab: 'logs' })}
          >
            Show the log
          </button>
        </FailureBanner>
      )}
      <Section title="Variants">
        <Variants endpoint={endpoint} />
      </Section>
      <Section title="Endpoint">
        <KeyValue
          items={[
            ['Configuration', endpoint.EndpointConfigName],
            ['Created', <TimeAgo key="created" time={endpoint.CreationTime} />],
            ['Last change', <TimeAgo key="changed" time={endpoint.LastModifiedTime} />],
            ['ARN', endpoint.EndpointArn]
          ]}
        />
      </Section>
      <EndpointMetrics name={endpoint.EndpointName} compact={true} />
    </div>
  );
}

/** The models behind the variants, as the endpoint's configuration names them. */
function useModels(configName: string | undefined) {
  return useResource(
    configName ?? '',
    async (studio, signal) => {
      const models = new Map<string, { name: string; image?: string; instance?: string }>();
      if (!configName) {
        return models;
      }
      const { ProductionVariants } = await studio.client.call(
        'SageMaker.DescribeEndpointConfig',
        { EndpointConfigName: configName },
        signal
      );
      for (const variant of ProductionVariants) {
        const name = variant.ModelName ?? '';
        const model = await studio.client
          .call('SageMaker.DescribeModel', { ModelName: name }, signal)
          // An endpoint outlives its model; then only the name is left to show.
          .catch(() => undefined);
        const image = model?.PrimaryContainer?.Image ?? model?.Containers?.[0]?.Image;
        models.set(variant.VariantName, { name, image, instance: variant.InstanceType });
      }
      return models;
    },
    { kinds: ['endpoint-config'] }
  );
}

function Variants({ endpoint }: { endpoint: IDescribeEndpointOutput }): JSX.Element {
  const models = useModels(endpoint.EndpointConfigName);
  const variants = endpoint.ProductionVariants ?? [];
  const total = variants.reduce((sum, variant) => sum + (variant.CurrentWeight ?? 0), 0);
  if (!variants.length) {
    return <p className="jp-studio-Muted">No variant is running.</p>;
  }
  return (
    <table className="jp-studio-Pairs" aria-label="Variants" data-testid="variants">
      <thead>
        <tr>
          <th scope="col">Variant</th>
          <th scope="col">Model</th>
          <th scope="col">Runs on</th>
          <th scope="col">Instances</th>
          <th scope="col">Share of the traffic</th>
        </tr>
      </thead>
      <tbody>
        {variants.map(variant => {
          const model = models.data?.get(variant.VariantName);
          const weight = variant.CurrentWeight ?? 0;
          const share = total ? weight / total : 0;
          return (
            <tr key={variant.VariantName}>
              <th scope="row">{variant.VariantName}</th>
              <td title={model?.image}>
                {model?.name ?? '–'}
                {model?.image && <div className="jp-studio-Muted">{imageLabel(model.image)}</div>}
              </td>
              <td>{model?.instance ?? '–'}</td>
              <td>{instances(variant.CurrentInstanceCount, variant.DesiredInstanceCount)}</td>
              <td>
                <span className="jp-studio-Share" aria-hidden="true">
                  <span style={{ width: `${share * 100}%` }} />
                </span>
                {formatNumber(share * 100)} %
                <span className="jp-studio-Muted"> weight {formatNumber(weight)}</span>
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function instances(current: number | undefined, desired: number | undefined): string {
  return current === desired || desired === undefined
    ? String(current ?? '–')
    : `${current ?? 0}, soon ${desired}`;
}
