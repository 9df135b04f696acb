import { describe, expect, it } from 'vitest';
import { IDescribeTrainingJobResponse, IGetHomeResponse } from '../../api/types';
import { draftOf, newDraft, toRequest } from './draft';

const NOW = new Date('2026-03-04T05:06:07Z');
const ROLE = 'arn:aws:iam::000000000000:role/Role';
const IMAGE = 'host/sagemaker-scikit-learn:1.0-1-cpu-py3';

const JOB = {
  TrainingJobName: 'forest-20250101-101010',
  AlgorithmSpecification: {
    TrainingImage: IMAGE,
    TrainingInputMode: 'FastFile',
    MetricDefinitions: [{ Name: 'auc', Regex: 'auc=(.*)' }]
  },
  RoleArn: 'arn:aws:iam::000000000000:role/Other',
  HyperParameters: {
    sagemaker_program: '"train.py"',
    sagemaker_submit_directory: '"s3://bucket/source.tar.gz"',
    sagemaker_region: '"us-east-1"',
    depth: '3'
  },
  InputDataConfig: [
    {
      ChannelName: 'train',
      InputMode: 'FastFile',
      DataSource: { S3DataSource: { S3DataType: 'ManifestFile', S3Uri: 's3://bucket/train' } }
    }
  ],
  OutputDataConfig: { S3OutputPath: 's3://bucket/out' },
  ResourceConfig: { InstanceType: 'ml.m5.large', InstanceCount: 2, VolumeSizeInGB: 50 },
  StoppingCondition: { MaxRuntimeInSeconds: 600 },
  Environment: { A: 'b' }
} as unknown as IDescribeTrainingJobResponse;

describe('a new draft', () => {
  const home = { DefaultBucket: 'bucket' } as IGetHomeResponse;
  const request = toRequest(newDraft(home, NOW), ROLE);

  it('is a complete request', () => {
    expect(request.TrainingJobName).toBe('xgboost-20260304-050607');
    expect(request.RoleArn).toBe(ROLE);
    expect(request.AlgorithmSpecification?.TrainingImage).toContain('sagemaker-xgboost');
    expect(request.OutputDataConfig.S3OutputPath).toBe('s3://bucket/output');
    expect(request.StoppingCondition?.MaxRuntimeInSeconds).toBe(3600);
  });
});

describe('training again', () => {
  const draft = draftOf(JOB, NOW);

  it('shows the script, not its settings', () => {
    expect(draft.name).toBe('forest-20260304-050607');
    expect(draft.entryPoint).toBe('train.py');
    expect(draft.hyperparameters).toEqual([{ name: 'depth', value: '3' }]);
  });

  it('keeps what the form does not show', () => {
    const request = toRequest(draft, ROLE, JOB);
    expect(request).toMatchObject({
      AlgorithmSpecification: JOB.AlgorithmSpecification,
      HyperParameters: JOB.HyperParameters,
      Environment: { A: 'b' },
      RoleArn: JOB.RoleArn,
      InputDataConfig: JOB.InputDataConfig,
      ResourceConfig: JOB.ResourceConfig
    });
  });

  it('takes the default image of another algorithm', () => {
    const request = toRequest({ ...draft, algorithm: 'pytorch' }, ROLE, JOB);
    expect(request.AlgorithmSpecification?.TrainingImage).toContain('pytorch-training');
  });

  it('forgets a hyperparameter that was removed', () => {
    const request = toRequest({ ...draft, hyperparameters: [] }, ROLE, JOB);
    expect(request.HyperParameters).not.toHaveProperty('depth');
    expect(request.HyperParameters).toHaveProperty('sagemaker_region');
  });
});
