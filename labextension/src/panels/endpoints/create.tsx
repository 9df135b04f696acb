import { RJSFSchema, UiSchema } from '@rjsf/utils';
import React, { useMemo } from 'react';
import { DetailHeader } from '../../components/DetailHeader';
import { EmptyState, ErrorBanner, Loading } from '../../components/Messages';
import { useStudio } from '../../context';
import { IRouteProps } from '../../core/routedPanel';
import { FieldNames } from '../../forms/errors';
import { NAME_PATTERN } from '../../forms/patterns';
import { RequestForm } from '../../forms/RequestForm';
import { useOnce } from '../../hooks/useOnce';
import { endpointsIcon } from '../../icons';
import { listAll } from './listAll';

interface IEndpointDraft {
  name: string;
  variants: {
    model: string;
    variant: string;
    weight: number;
    instances: number;
    instanceType: string;
  }[];
}

const FIELD_NAMES: FieldNames = {
  EndpointName: 'name',
  EndpointConfigName: 'name',
  ProductionVariants: 'variants',
  VariantName: 'variants',
  ModelName: 'variants',
  InitialVariantWeight: 'variants',
  InitialInstanceCount: 'variants',
  InstanceType: 'variants'
};

const UI_SCHEMA: UiSchema = {
  variants: { 'ui:field': 'table', 'ui:options': { wide: 'model' } }
};

function schema(models: string[]): RJSFSchema {
  return {
    type: 'object',
    required: ['name', 'variants'],
    properties: {
      name: {
        type: 'string',
        title: 'Name',
        description: 'Letters, digits and hyphens, at most 63.',
        pattern: NAME_PATTERN
      },
      variants: {
        type: 'array',
        title: 'Models',
        description: 'Several models share the requests by their weights.',
        minItems: 1,
        items: {
          type: 'object',
          required: ['model', 'variant', 'weight', 'instances', 'instanceType'],
          properties: {
            model: { type: 'string', title: 'Model', enum: models, default: models[0] },
            variant: { type: 'string', title: 'Variant name', default: 'Variant2' },
            weight: { type: 'number', title: 'Weight', minimum: 0, default: 1 },
            instances: { type: 'integer', title: 'Instances', minimum: 1, default: 1 },
            instanceType: { type: 'string', title: 'Instance type', default: 'ml.m5.large' }
          }
        }
      }
    }
  };
}

/** The form of a new endpoint. */
export function EndpointCreate({ go }: IRouteProps): JSX.Element {
  const { client } = useStudio();
  const models = useOnce('models', () =>
    listAll(NextToken =>
      client.call('SageMaker.ListModels', {
        NextToken,
        MaxResults: 100,
        SortBy: 'CreationTime',
        SortOrder: 'Descending'
      })
    ).then(pages => pages.flatMap(page => page.Models.map(({ ModelName }) => ModelName)))
  );
  const names = models.data;
  const form = useMemo(() => schema(names ?? []), [names]);
  const leave = () => go({ view: 'list' });

  const submit = async (draft: IEndpointDraft) => {
    const configName = `${draft.name.slice(0, 45)}-${Date.now()}`;
    await client.call('SageMaker.CreateEndpointConfig', {
      EndpointConfigName: configName,
      ProductionVariants: draft.variants.map(variant => ({
        VariantName: variant.variant,
        ModelName: variant.model,
        InitialVariantWeight: variant.weight,
        InitialInstanceCount: variant.instances,
        InstanceType: variant.instanceType as 'ml.m5.large'
      }))
    });
    await client.call('SageMaker.CreateEndpoint', {
      EndpointName: draft.name,
      EndpointConfigName: configName
    });
    go({ view: 'detail', name: draft.name });
  };

  return (
    <div className="jp-studio-Detail" data-testid="endpoint-create">
      <DetailHeader title="New endpoint" back="Endpoints" onBack={leave} />
      <ErrorBanner error={models.error} />
      {!names && !models.error && <Loading />}
      {names?.length === 0 && (
        <EmptyState icon={endpointsIcon} title="There is no model to deploy">
          <p>
            Make one of a training job&apos;s artifact with <code>CreateModel</code>, or with{' '}
            <code>deploy</code> of the SageMaker SDK.
          </p>
        </EmptyState>
      )}
      {names && names.length > 0 && (
        <RequestForm<IEndpointDraft>
          schema={form}
          uiSchema={UI_SCHEMA}
          fieldNames={FIELD_NAMES}
          initial={{
            name: names[0].slice(0, 63),
            variants: [
              {
                model: names[0],
                variant: 'AllTraffic',
                weight: 1,
                instances: 1,
                instanceType: 'ml.m5.large'
              }
            ]
          }}
          submitLabel="Create endpoint"
          submit={submit}
          onCancel={leave}
        />
      )}
    </div>
  );
}
