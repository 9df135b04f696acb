/** A failure in words for people. */
export interface ITableProblem {
  readonly title: string;
  readonly message: string;
  /** The server did not answer at all; it is asked again by itself. */
  readonly lost: boolean;
  /** The columns that the view names are not there. */
  readonly columnGone: boolean;
}

/** What to say of an error of a source. */
export function problemText(error: Error): ITableProblem {
  const { reason } = error as Error & { reason?: string };
  const lost = error.name === 'NetworkError';
  return {
    title: lost
      ? 'The server cannot be reached'
      : (TITLES[error.name] ?? 'The rows cannot be read'),
    message: lost ? 'Trying again until it answers.' : error.message,
    lost,
    columnGone: reason === 'MissingColumn'
  };
}

const TITLES: Readonly<Record<string, string | undefined>> = {
  Stopped: 'Stopped',
  AccessDeniedException: 'Not allowed',
  RequestTimeout: 'This took too long',
  ResourceLimitExceeded: 'Too much for the server',
  ServiceUnavailable: 'The work on this flow was interrupted'
};
