import { ServerConnection } from '@jupyterlab/services';
import { callOperation, readError, send, studioUrl } from './request';
import { IOperations } from './types';

/** A target such as `SageMaker.ListTrainingJobs`. */
export type Target = keyof IOperations;
export type Input<T extends Target> = IOperations[T]['input'];
export type Output<T extends Target> = IOperations[T]['output'];

export interface IInvocation {
  endpoint: string;
  body: string;
  contentType: string;
  accept?: string;
  variant?: string;
}

export interface IPrediction {
  body: string;
  contentType: string;
  /** The variant that answered. */
  variant: string;
  /** HTTP status of the answer. */
  status: number;
  /** Round trip from this page, in milliseconds. */
  latency: number;
}

/** The whole of the server, as the panels see it. */
export class StudioClient {
  constructor(readonly serverSettings: ServerConnection.ISettings) {}

  /** Call one operation of the API; rejects with an `ApiError`. */
  call<T extends Target>(target: T, input: Input<T>, signal?: AbortSignal): Promise<Output<T>> {
    return callOperation<Output<T>>(this.serverSettings, target, input, signal);
  }

  /** Send one request to an endpoint's model; rejects with an `ApiError`. */
  async invoke(invocation: IInvocation): Promise<IPrediction> {
    const headers: Record<string, string> = { 'Content-Type': invocation.contentType };
    if (invocation.accept) {
      headers['Accept'] = invocation.accept;
    }
    if (invocation.variant) {
      headers['X-Amzn-SageMaker-Target-Variant'] = invocation.variant;
    }
    const url = studioUrl(this.serverSettings, 'invoke', encodeURIComponent(invocation.endpoint));
    const start = performance.now();
    const response = await send(this.serverSettings, url, {
      method: 'POST',
      headers,
      body: invocation.body
    });
    const body = await response.text();
    const latency = performance.now() - start;
    if (!response.ok) {
      throw readError(response, body);
    }
    return {
      body,
      contentType: response.headers.get('Content-Type') ?? '',
      variant: response.headers.get('x-amzn-invoked-production-variant') ?? '',
      status: response.status,
      latency
    };
  }

  /** Where the browser downloads an object from. */
  objectUrl(uri: string): string {
    const { token } = this.serverSettings;
    const query = new URLSearchParams({ uri });
    if (token && this.serverSettings.appendToken) {
      query.set('token', token);
    }
    return `${studioUrl(this.serverSettings, 'object')}?${query.toString()}`;
  }
}
