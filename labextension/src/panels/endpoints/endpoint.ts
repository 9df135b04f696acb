import { IDescribeEndpointOutput } from '../../api/types';

const SETTLED = ['InService', 'Failed', 'OutOfService', 'UpdateRollbackFailed'];

/** Whether an endpoint is on its way to another status. */
export function isChanging(endpoint: IDescribeEndpointOutput): boolean {
  return !SETTLED.includes(endpoint.EndpointStatus);
}

/** Whether an endpoint can be updated now. */
export function canUpdate(endpoint: IDescribeEndpointOutput): boolean {
  return ['InService', 'Failed'].includes(endpoint.EndpointStatus);
}
