import { expect, it } from 'vitest';
import { fieldOf } from './errors';

const NAMES = { TrainingJobName: 'name', S3Uri: 'channels', InputDataConfig: 'channels' };

it.each([
  [
    "1 validation error detected: Value 'a b' at 'trainingJobName' failed to satisfy constraint",
    'name'
  ],
  ['Missing required parameter in InputDataConfig[0].DataSource: "S3Uri"', 'channels'],
  ['Too many jobs', undefined],
  ['TrainingJobNames are nice', undefined]
])('%s', (message, field) => expect(fieldOf(message, NAMES)).toBe(field));
