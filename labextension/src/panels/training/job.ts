import { IDescribeTrainingJobResponse, ISeries } from '../../api/types';

const RUNNING = ['InProgress', 'Stopping'];

/** Whether a job may still change. */
export function isRunning(job: IDescribeTrainingJobResponse): boolean {
  return RUNNING.includes(job.TrainingJobStatus);
}

/** Hyperparameters by which algorithms and scripts say how many steps they will take. */
const TOTALS = ['num_round', 'num_boost_round', 'epochs', 'num_epochs', 'max_epochs', 'n_epochs'];

/** How much of a running job is done, from 0 to 1, if its metrics tell. */
export function progressOf(
  job: IDescribeTrainingJobResponse,
  series: ISeries[]
): number | undefined {
  const parameters = job.HyperParameters ?? {};
  const total = TOTALS.map(name => Number(unquote(parameters[name] ?? ''))).find(
    count => count > 0
  );
  const steps = series.flatMap(({ Points }) => Points.map(({ Step }) => Step ?? -1));
  if (!total || !steps.some(step => step >= 0)) {
    return undefined;
  }
  // Steps are counted from 0.
  return Math.min(1, (steps.reduce((a, b) => Math.max(a, b)) + 1) / total);
}

/** The SDK writes hyperparameters as JSON: `"\"train.py\""` is train.py. */
export function unquote(value: string): string {
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === 'string' ? parsed : value;
  } catch {
    return value;
  }
}

/** Hyperparameters that the training toolkit reads for itself. */
export function isReserved(name: string): boolean {
  return name.startsWith('sagemaker_');
}
