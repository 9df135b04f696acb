import {
  ICreateTrainingJobRequest,
  IDescribeTrainingJobResponse,
  IGetHomeResponse
} from '../../api/types';
import { Algorithm, algorithmOf } from '../../images';
import { isReserved, unquote } from './job';

/** A training job as the form has it. */
export interface ITrainingDraft {
  name: string;
  algorithm: Algorithm;
  image?: string;
  entryPoint?: string;
  source?: string;
  channels: { name: string; uri: string; contentType?: string }[];
  hyperparameters: { name: string; value: string }[];
  outputPath: string;
  instanceType: string;
  instanceCount: number;
  /** In minutes. */
  maxRuntime: number;
}

const IMAGES: { [algorithm in Exclude<Algorithm, 'custom'>]: string } = {
  xgboost: '683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1',
  'scikit-learn':
    '683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3',
  pytorch:
    '763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.3.0-cpu-py311-ubuntu20.04-sagemaker'
};

/** A first draft: the built-in XGBoost on a table in the default bucket. */
export function newDraft(home: IGetHomeResponse, now: Date): ITrainingDraft {
  const bucket = `s3://${home.DefaultBucket}`;
  return {
    name: `xgboost-${stamp(now)}`,
    algorithm: 'xgboost',
    channels: [{ name: 'train', uri: `${bucket}/data/train.csv`, contentType: 'text/csv' }],
    hyperparameters: [
      { name: 'objective', value: 'binary:logistic' },
      { name: 'num_round', value: '100' }
    ],
    outputPath: `${bucket}/output`,
    instanceType: 'ml.m5.xlarge',
    instanceCount: 1,
    maxRuntime: 60
  };
}

/** The draft of a job like `job`, under a new name. */
export function draftOf(job: IDescribeTrainingJobResponse, now: Date): ITrainingDraft {
  const parameters = job.HyperParameters ?? {};
  const image = job.AlgorithmSpecification?.TrainingImage ?? '';
  const algorithm = algorithmOf(image);
  return {
    name: `${trimName(job.TrainingJobName)}-${stamp(now)}`,
    algorithm,
    image,
    entryPoint: unquote(parameters['sagemaker_program'] ?? '') || undefined,
    source: unquote(parameters['sagemaker_submit_directory'] ?? '') || undefined,
    channels: (job.InputDataConfig ?? []).map(channel => ({
      name: channel.ChannelName,
      uri: channel.DataSource?.S3DataSource?.S3Uri ?? '',
      contentType: channel.ContentType
    })),
    hyperparameters: Object.entries(parameters)
      .filter(([name]) => !isReserved(name))
      .map(([name, value]) => ({ name, value: unquote(value) })),
    outputPath: job.OutputDataConfig?.S3OutputPath ?? '',
    instanceType: job.ResourceConfig?.InstanceType ?? 'ml.m5.xlarge',
    instanceCount: job.ResourceConfig?.InstanceCount ?? 1,
    maxRuntime: Math.ceil((job.StoppingCondition?.MaxRuntimeInSeconds ?? 3600) / 60)
  };
}

/**
 * The request for a draft.
 *
 * @param like the job the draft was made from: what the form does not show is taken over.
 */
export function toRequest(
  draft: ITrainingDraft,
  role: string,
  like?: IDescribeTrainingJobResponse
): ICreateTrainingJobRequest {
  const channels = draft.channels.map(channel => {
    const old = like?.InputDataConfig?.find(({ ChannelName }) => ChannelName === channel.name);
    return {
      ...old,
      ChannelName: channel.name,
      ContentType: channel.contentType || undefined,
      DataSource: {
        ...old?.DataSource,
        S3DataSource: {
          S3DataType: 'S3Prefix' as const,
          S3DataDistributionType: 'FullyReplicated' as const,
          ...old?.DataSource?.S3DataSource,
          S3Uri: channel.uri
        }
      }
    };
  });
  const resources = like?.ResourceConfig;
  return {
    TrainingJobName: draft.name,
    AlgorithmSpecification: {
      ...pick(like?.AlgorithmSpecification, [
        'MetricDefinitions',
        'EnableSageMakerMetricsTimeSeries'
      ]),
      TrainingImage: imageOf(draft, like),
      TrainingInputMode: like?.AlgorithmSpecification?.TrainingInputMode ?? 'File'
    },
    RoleArn: like?.RoleArn ?? role,
    HyperParameters: hyperparameters(draft, like),
    ...(channels.length ? { InputDataConfig: channels } : {}),
    OutputDataConfig: { ...like?.OutputDataConfig, S3OutputPath: draft.outputPath },
    ResourceConfig: {
      ...resources,
      InstanceType: draft.instanceType,
      InstanceCount: draft.instanceCount,
      VolumeSizeInGB: resources?.VolumeSizeInGB ?? 30
    },
    StoppingCondition: {
      ...like?.StoppingCondition,
      MaxRuntimeInSeconds: Math.round(draft.maxRuntime * 60)
    },
    ...pick(like, ['Environment', 'CheckpointConfig', 'EnableManagedSpotTraining', 'RetryStrategy'])
  };
}

/** The image of the chosen algorithm; a job that is repeated keeps its own version. */
function imageOf(draft: ITrainingDraft, like?: IDescribeTrainingJobResponse): string {
  if (draft.algorithm === 'custom') {
    return draft.image ?? '';
  }
  const old = like?.AlgorithmSpecification?.TrainingImage;
  return old && algorithmOf(old) === draft.algorithm ? old : IMAGES[draft.algorithm];
}

function hyperparameters(
  draft: ITrainingDraft,
  like?: IDescribeTrainingJobResponse
): { [name: string]: string } {
  const reserved = Object.entries(like?.HyperParameters ?? {}).filter(([name]) => isReserved(name));
  const own = draft.hyperparameters
    .filter(({ name }) => name)
    .map(({ name, value }) => [name, value ?? ''] as const);
  const result = Object.fromEntries([...reserved, ...own]);
  // The training toolkit reads these as JSON, which is how the SDK writes them.
  if (draft.entryPoint) {
    result['sagemaker_program'] = JSON.stringify(draft.entryPoint);
  }
  if (draft.source) {
    result['sagemaker_submit_directory'] = JSON.stringify(draft.source);
  }
  return result;
}

function pick<T extends object, K extends keyof T>(
  from: T | undefined,
  keys: K[]
): Partial<Pick<T, K>> {
  const entries = keys.filter(key => from?.[key] !== undefined).map(key => [key, from?.[key]]);
  return Object.fromEntries(entries) as Partial<Pick<T, K>>;
}

/** A name without the time stamp of an earlier repetition, short enough for a new one. */
function trimName(name: string): string {
  return name.replace(/-\d{8}-\d{6}$/, '').slice(0, 47);
}

function stamp(now: Date): string {
  return now.toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
}
