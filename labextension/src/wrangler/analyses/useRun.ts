import { useCallback, useEffect, useRef, useState } from 'react';
import { Output } from '../../api/client';
import { Asked, FlowClient, FlowError, isAbort } from '../api';

export type FlowRun = Output<'Studio.DescribeFlowRun'>;

export interface IRunning {
  run: FlowRun | null;
  running: boolean;
  error: Error | null;
  start: (asked: Asked<'Studio.StartFlowRun'>) => void;
  stop: () => void;
}

/** Seconds that the server waits for a run's end before it answers. */
const WAIT = 5;
/** Milliseconds to the next look where the server does not answer: the run goes on without us. */
const RETRY = 2000;

/** Something that takes long, with its progress; it is stopped when nobody looks any more. */
export function useRun(flow: FlowClient): IRunning {
  const [state, setState] = useState<Pick<IRunning, 'run' | 'running' | 'error'>>({
    run: null,
    running: false,
    error: null
  });
  const abort = useRef<AbortController | null>(null);
  const id = useRef<string | null>(null);

  const stop = useCallback(() => {
    abort.current?.abort();
    if (id.current) {
      halt(flow, id.current);
      id.current = null;
    }
    setState(old => ({ ...old, running: false }));
  }, [flow]);

  const start = useCallback(
    (asked: Asked<'Studio.StartFlowRun'>) => {
      stop();
      const current = new AbortController();
      abort.current = current;
      setState({ run: null, running: true, error: null });
      const follow = async () => {
        try {
          const begun = await begin(flow, asked, current.signal);
          if (begun === null) {
            return;
          }
          id.current = begun;
          const run = await ended(flow, begun, current.signal, each =>
            setState({ run: each, running: true, error: null })
          );
          id.current = null;
          const failed = run.Status === 'Failed';
          setState({
            run,
            running: false,
            error: failed ? new Error(run.FailureReason ?? 'It failed.') : null
          });
        } catch (error) {
          if (!isAbort(error) && !current.signal.aborted) {
            setState({ run: null, running: false, error: error as Error });
          }
        }
      };
      void follow();
    },
    [flow, stop]
  );
  useEffect(() => stop, [stop]);
  return { ...state, start, stop };
}

/**
 * Begin a run: its id, or null where nobody waits for it any more.
 *
 * The request itself is not aborted: a run whose id is not known goes on and cannot be stopped.
 */
export async function begin(
  flow: Pick<FlowClient, 'startRun' | 'stopRun'>,
  asked: Asked<'Studio.StartFlowRun'>,
  signal: AbortSignal
): Promise<string | null> {
  const { RunId } = await flow.startRun(asked);
  if (!signal.aborted) {
    return RunId;
  }
  halt(flow, RunId);
  return null;
}

function halt(flow: Pick<FlowClient, 'stopRun'>, id: string): void {
  flow.stopRun(id).catch(error => console.debug('The run has ended by itself.', error));
}

/** Wait for a run's end, through times without a server. */
async function ended(
  flow: FlowClient,
  id: string,
  signal: AbortSignal,
  onProgress: (run: FlowRun) => void
): Promise<FlowRun> {
  for (;;) {
    try {
      const run = await flow.describeRun(id, WAIT, signal);
      if (run.Status !== 'InProgress') {
        return run;
      }
      onProgress(run);
    } catch (error) {
      if (!(error instanceof FlowError && error.lost)) {
        throw error;
      }
      await new Promise(resolve => window.setTimeout(resolve, RETRY));
    }
    signal.throwIfAborted();
  }
}
