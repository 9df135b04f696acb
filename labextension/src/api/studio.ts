import { Timestamp } from './types';

/**
 * Studio's own operations: what SageMaker's API has no operation for.
 */

export type CheckStatus = 'ok' | 'warning' | 'error';

export interface ICheck {
  Name: string;
  Status: CheckStatus;
  Message: string;
}

export interface IHome {
  Version: string;
  EndpointUrl: string;
  Region: string;
  DefaultBucket: string;
  Role: string;
  /** How many resources are in each status, by kind. */
  Counts: {
    TrainingJobs: { [status: string]: number };
    Endpoints: { [status: string]: number };
  };
  Checks: ICheck[];
  Home: string;
}

/** Timestamp in epoch seconds, step if the source numbers its points, value. */
export type MetricPoint = [timestamp: Timestamp, step: number | null, value: number];

export interface IMetricSeries {
  Name: string;
  Dimension?: string | null;
  Points: MetricPoint[];
}

export interface IGetMetricSeriesRequest {
  ResourceType: 'training-job' | 'endpoint';
  ResourceName: string;
  Names?: string[];
  /** Only points after this time. */
  Since?: Timestamp;
}

export interface IStudioOperations {
  'Studio.GetHome': { input: Record<string, never>; output: IHome };
  'Studio.GetMetricSeries': {
    input: IGetMetricSeriesRequest;
    output: { Series: IMetricSeries[] };
  };
}
