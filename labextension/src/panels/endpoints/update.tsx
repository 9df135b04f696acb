import React, { FormEvent, useEffect, useState } from 'react';
import { IDescribeEndpointOutput } from '../../api/types';
import { Section } from '../../components/KeyValue';
import { ErrorBanner } from '../../components/Messages';
import { useStudio } from '../../context';
import { useOnce } from '../../hooks/useOnce';
import { canUpdate } from './endpoint';
import { listAll } from './listAll';

interface IProps {
  endpoint: IDescribeEndpointOutput;
  onDone: () => void;
}

/** Changes of a running endpoint: how traffic is shared, and what it runs. */
export function EndpointUpdate(props: IProps): JSX.Element {
  return (
    <div className="jp-studio-Overview">
      {!canUpdate(props.endpoint) && (
        <p className="jp-studio-Muted" role="status">
          The endpoint can be changed again when it is in service.
        </p>
      )}
      <Weights key={JSON.stringify(props.endpoint.ProductionVariants)} {...props} />
      <Configuration {...props} />
    </div>
  );
}

/** Runs a request and keeps its failure, to be shown beside the button. */
function useRequest(onDone: () => void) {
  const [error, setError] = useState<Error | null>(null);
  const [busy, setBusy] = useState(false);
  const run = async (work: () => Promise<unknown>) => {
    setBusy(true);
    setError(null);
    try {
      await work();
      onDone();
    } catch (reason) {
      setError(reason as Error);
    } finally {
      setBusy(false);
    }
  };
  return { error, busy, run };
}

function Weights({ endpoint, onDone }: IProps): JSX.Element {
  const { client } = useStudio();
  const request = useRequest(onDone);
  const [variants, setVariants] = useState(() =>
    (endpoint.ProductionVariants ?? []).map(variant => ({
      VariantName: variant.VariantName,
      DesiredWeight: variant.DesiredWeight ?? variant.CurrentWeight ?? 1,
      DesiredInstanceCount: variant.DesiredInstanceCount ?? variant.CurrentInstanceCount ?? 1
    }))
  );
  const change = (index: number, values: Partial<(typeof variants)[number]>) =>
    setVariants(old => old.map((row, place) => (place === index ? { ...row, ...values } : row)));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void request.run(() =>
      client.call('SageMaker.UpdateEndpointWeightsAndCapacities', {
        EndpointName: endpoint.EndpointName,
        DesiredWeightsAndCapacities: variants
      })
    );
  };
  return (
    <Section title="Weights and instances">
      <form onSubmit={submit} aria-label="Weights and instances">
        <table className="jp-studio-Pairs">
          <thead>
            <tr>
              <th scope="col">Variant</th>
              <th scope="col">Weight</th>
              <th scope="col">Instances</th>
            </tr>
          </thead>
          <tbody>
            {variants.map((variant, index) => (
              <tr key={variant.VariantName}>
                <th scope="row">{variant.VariantName}</th>
                <td>
                  <input
                    className="jp-studio-Input"
                    type="number"
                    min={0}
                    step="any"
                    required
                    aria-label={`Weight of ${variant.VariantName}`}
                    value={variant.DesiredWeight}
                    onChange={event => change(index, { DesiredWeight: Number(event.target.value) })}
                  />
                </td>
                <td>
                  <input
                    className="jp-studio-Input"
                    type="number"
                    min={1}
                    required
                    aria-label={`Instances of ${variant.VariantName}`}
                    value={variant.DesiredInstanceCount}
                    onChange={event =>
                      change(index, { DesiredInstanceCount: Number(event.target.value) })
                    }
                  />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        <ErrorBanner error={request.error} />
        <div className="jp-studio-Form-actions">
          <button
            type="submit"
            className="jp-studio-Button jp-mod-primary"
            data-testid="update-weights"
            disabled={request.busy || !canUpdate(endpoint)}
          >
            Change weights
          </button>
        </div>
      </form>
    </Section>
  );
}

function Configuration({ endpoint, onDone }: IProps): JSX.Element {
  const { client } = useStudio();
  const request = useRequest(onDone);
  const configs = useOnce('configs', () =>
    listAll(NextToken =>
      client.call('SageMaker.ListEndpointConfigs', {
        NextToken,
        MaxResults: 100,
        SortBy: 'CreationTime',
        SortOrder: 'Descending'
      })
    ).then(pages => pages.flatMap(page => page.EndpointConfigs))
  );
  const current = endpoint.EndpointConfigName ?? '';
  const [chosen, setChosen] = useState(current);
  useEffect(() => setChosen(current), [current]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void request.run(() =>
      client.call('SageMaker.UpdateEndpoint', {
        EndpointName: endpoint.EndpointName,
        EndpointConfigName: chosen
      })
    );
  };
  return (
    <Section title="Configuration">
      <p className="jp-studio-Muted">
        The new models start beside the old ones, which answer until the new ones are ready.
      </p>
      <ErrorBanner error={configs.error ?? request.error} />
      <form onSubmit={submit} aria-label="Configuration" className="jp-studio-Form-actions">
        <select
          className="jp-studio-Input"
          aria-label="Endpoint configuration"
          data-testid="update-config"
          value={chosen}
          onChange={event => setChosen(event.target.value)}
        >
          {!configs.data?.some(config => config.EndpointConfigName === current) && (
            <option value={current}>{current}</option>
          )}
          {configs.data?.map(config => (
            <option key={config.EndpointConfigName} value={config.EndpointConfigName}>
              {config.EndpointConfigName}
              {config.EndpointConfigName === current ? ' (now)' : ''}
            </option>
          ))}
        </select>
        <button
          type="submit"
          className="jp-studio-Button jp-mod-primary"
          data-testid="update-endpoint"
          disabled={request.busy || chosen === current || !canUpdate(endpoint)}
        >
          Update endpoint
        </button>
      </form>
    </Section>
  );
}
