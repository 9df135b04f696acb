import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

/** Root of the server extension's routes, below the server's base URL. */
const NAMESPACE = 'studio';

/** A refusal in AWS form: a code such as `ValidationException` and a message. */
export class ApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status: number,
    /** The other members of the answer, such as the `Field` that is amiss. */
    readonly details: Readonly<Record<string, unknown>> = {}
  ) {
    super(message);
    this.name = code;
  }
}

/** The URL of one of Studio's routes. */
export function studioUrl(settings: ServerConnection.ISettings, ...parts: string[]): string {
  return URLExt.join(settings.baseUrl, NAMESPACE, ...parts);
}

/** Send a request through Jupyter's connection, which adds the token and the XSRF header. */
export async function send(
  settings: ServerConnection.ISettings,
  url: string,
  init: RequestInit
): Promise<Response> {
  try {
    return await ServerConnection.makeRequest(url, init, settings);
  } catch (error) {
    // An abort is the caller's own wish and keeps its name, so that it can be told apart.
    if ((error as Error).name === 'AbortError') {
      throw error;
    }
    throw new ApiError('NetworkError', 'The Jupyter server cannot be reached.', 0);
  }
}

/** Call an operation by its `X-Amz-Target`; rejects with an `ApiError`. */
export async function callOperation<T>(
  settings: ServerConnection.ISettings,
  target: string,
  input: object,
  signal?: AbortSignal
): Promise<T> {
  // Reads run on timers: they must not keep an otherwise idle server from being culled.
  const isRead = /\.(List|Describe|Get)/.test(target);
  const url = studioUrl(settings, 'api') + (isRead ? '?no_track_activity=1' : '');
  const response = await send(settings, url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-amz-json-1.1', 'X-Amz-Target': target },
    body: JSON.stringify(input),
    signal
  });
  const text = await response.text();
  if (!response.ok) {
    throw readError(response, text);
  }
  return (text ? JSON.parse(text) : {}) as T;
}

/** The error a failed answer carries, whatever its body looks like. */
export function readError(response: Response, text: string): ApiError {
  try {
    const body = JSON.parse(text);
    const named = response.headers.get('x-amzn-errortype') ?? body.__type ?? body.Code;
    const code = String(named ?? response.statusText)
      .split('#')
      .pop() as string;
    const message = body.message ?? body.Message ?? text;
    return new ApiError(code, String(message), response.status, body);
  } catch {
    const message =
      response.status === 404
        ? 'The Studio server extension does not answer. Is it enabled?'
        : `${response.status} ${response.statusText}`;
    return new ApiError(response.statusText || 'Error', message, response.status);
  }
}
