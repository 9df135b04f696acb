/** What a container image address stands for. */
export type Algorithm = 'xgboost' | 'scikit-learn' | 'pytorch' | 'custom';

const REPOSITORIES: [pattern: RegExp, algorithm: Algorithm, label: string][] = [
  [/^sagemaker-xgboost$|^xgboost$/, 'xgboost', 'XGBoost'],
  [/^sagemaker-scikit-learn$/, 'scikit-learn', 'scikit-learn'],
  [/^pytorch-(training|inference)/, 'pytorch', 'PyTorch'],
  [/^tensorflow-(training|inference)/, 'custom', 'TensorFlow'],
  [/^huggingface-pytorch/, 'custom', 'Hugging Face']
];

/** Repository and tag of an image address. */
function split(uri: string): [repository: string, tag: string] {
  const [repository, tag = ''] = (uri.split('/').pop() ?? uri).split(/[:@]/);
  return [repository, tag];
}

/** Which of the known algorithms an image runs. */
export function algorithmOf(uri: string): Algorithm {
  const [repository] = split(uri);
  return REPOSITORIES.find(([pattern]) => pattern.test(repository))?.[1] ?? 'custom';
}

/** "XGBoost 1.7-1", "PyTorch 2.3.0"; an unknown image by its repository and tag. */
export function imageLabel(uri: string | undefined): string {
  if (!uri) {
    return '';
  }
  const [repository, tag] = split(uri);
  const known = REPOSITORIES.find(([pattern]) => pattern.test(repository));
  if (!known) {
    return tag ? `${repository}:${tag}` : repository;
  }
  const version = /^[0-9.]+(-\d+)?(?=-|$)/.exec(tag)?.[0] ?? '';
  return version ? `${known[2]} ${version}` : known[2];
}
