import { RJSFSchema, UiSchema } from '@rjsf/utils';
import { FieldNames } from '../../forms/errors';
import { NAME_PATTERN, S3_PATTERN } from '../../forms/patterns';

const SCRIPT_FIELDS: RJSFSchema['properties'] = {
  entryPoint: {
    type: 'string',
    title: 'Script',
    description: 'File of the source archive that is run.',
    examples: ['train.py']
  },
  source: {
    type: 'string',
    title: 'Source archive',
    description: 'S3 address of a .tar.gz with the script.',
    pattern: S3_PATTERN
  }
};

/** The form of a training job, see `ITrainingDraft`. */
export const trainingSchema: RJSFSchema = {
  type: 'object',
  required: ['name', 'algorithm', 'outputPath', 'instanceType', 'instanceCount', 'maxRuntime'],
  properties: {
    name: {
      type: 'string',
      title: 'Name',
      description: 'Letters, digits and hyphens, at most 63.',
      pattern: NAME_PATTERN
    },
    algorithm: {
      type: 'string',
      title: 'Algorithm',
      // With a default the chooser has no empty entry.
      default: 'xgboost',
      oneOf: [
        { const: 'xgboost', title: 'XGBoost (built in)' },
        { const: 'scikit-learn', title: 'scikit-learn script' },
        { const: 'pytorch', title: 'PyTorch script' },
        { const: 'custom', title: 'Another image' }
      ]
    },
    channels: {
      type: 'array',
      title: 'Input channels',
      items: {
        type: 'object',
        required: ['name', 'uri'],
        properties: {
          name: { type: 'string', title: 'Channel', examples: ['train'] },
          uri: {
            type: 'string',
            title: 'S3 address',
            pattern: S3_PATTERN,
            examples: ['s3://bucket/train.csv']
          },
          contentType: { type: 'string', title: 'Content type', examples: ['text/csv'] }
        }
      }
    },
    hyperparameters: {
      type: 'array',
      title: 'Hyperparameters',
      items: {
        type: 'object',
        required: ['name'],
        properties: {
          name: { type: 'string', title: 'Name' },
          value: { type: 'string', title: 'Value' }
        }
      }
    },
    outputPath: {
      type: 'string',
      title: 'Output folder',
      description: 'S3 address that model.tar.gz is written below.',
      pattern: S3_PATTERN
    },
    instanceType: {
      type: 'string',
      title: 'Instance type',
      examples: ['ml.m5.large', 'ml.m5.xlarge', 'ml.m5.2xlarge', 'ml.c5.xlarge', 'ml.g4dn.xlarge']
    },
    instanceCount: { type: 'integer', title: 'Instances', minimum: 1 },
    maxRuntime: { type: 'number', title: 'Time limit (minutes)', exclusiveMinimum: 0 }
  },
  allOf: [
    {
      if: { properties: { algorithm: { enum: ['scikit-learn', 'pytorch'] } } },
      then: { properties: SCRIPT_FIELDS, required: ['entryPoint', 'source'] }
    },
    {
      if: { properties: { algorithm: { const: 'custom' } } },
      then: {
        properties: { image: { type: 'string', title: 'Image address', minLength: 1 } },
        required: ['image']
      }
    }
  ]
};

export const trainingUiSchema: UiSchema = {
  'ui:order': [
    'name',
    'algorithm',
    'image',
    'entryPoint',
    'source',
    'channels',
    'hyperparameters',
    '*'
  ],
  channels: { 'ui:field': 'table', 'ui:options': { wide: 'uri' } },
  hyperparameters: { 'ui:field': 'table' }
};

/** Members of CreateTrainingJob by the field that sets them. */
export const trainingFieldNames: FieldNames = {
  TrainingJobName: 'name',
  TrainingImage: 'algorithm',
  AlgorithmSpecification: 'algorithm',
  sagemaker_program: 'entryPoint',
  sagemaker_submit_directory: 'source',
  InputDataConfig: 'channels',
  ChannelName: 'channels',
  S3Uri: 'channels',
  ContentType: 'channels',
  HyperParameters: 'hyperparameters',
  Hyperparameter: 'hyperparameters',
  S3OutputPath: 'outputPath',
  OutputDataConfig: 'outputPath',
  InstanceType: 'instanceType',
  InstanceCount: 'instanceCount',
  MaxRuntimeInSeconds: 'maxRuntime'
};
