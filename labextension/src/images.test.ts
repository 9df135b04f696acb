import { expect, it } from 'vitest';
import { algorithmOf, imageLabel } from './images';

const HOST = '683313688378.dkr.ecr.us-east-1.amazonaws.com';

it.each([
  [`${HOST}/sagemaker-xgboost:1.7-1`, 'XGBoost 1.7-1', 'xgboost'],
  [`${HOST}/sagemaker-scikit-learn:1.2-1-cpu-py3`, 'scikit-learn 1.2-1', 'scikit-learn'],
  [`${HOST}/pytorch-training:2.3.0-cpu-py311-ubuntu20.04-sagemaker`, 'PyTorch 2.3.0', 'pytorch'],
  [`${HOST}/mine:latest`, 'mine:latest', 'custom'],
  [`${HOST}/xgboost:latest`, 'XGBoost', 'xgboost'],
  ['plain', 'plain', 'custom']
])('%s', (uri, label, algorithm) => {
  expect(imageLabel(uri)).toBe(label);
  expect(algorithmOf(uri)).toBe(algorithm);
});
