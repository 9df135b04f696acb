import { useEffect, useRef, useState } from 'react';
import { Asked, FlowClient, FlowError, IDataPage } from '../api';
import { Output } from '../../api/client';
import { useSampleRows } from './useSampleRows';

/** A step that is tried: which, with what, on which tables or in which node's place. */
export type Attempt = Omit<Asked<'Studio.TryStep'>, 'Offset' | 'Limit'>;
export type Tried = Output<'Studio.TryStep'> & { Page: IDataPage };

export interface ITrial {
  /** What the form said when this was tried. */
  attempt: Attempt | null;
  running: boolean;
  tried: Tried | null;
  error: FlowError | Error | null;
  /** From asking to the answer, in milliseconds. */
  milliseconds: number | null;
  /** Of what was asked, as text. */
  key: string | null;
}

/** A trial as a form sees it. */
export interface IFormTrial extends ITrial {
  /** It is of what the form says now, and has ended. */
  isCurrent: boolean;
  again: () => void;
}

const NOTHING: ITrial = {
  attempt: null,
  running: false,
  tried: null,
  error: null,
  milliseconds: null,
  key: null
};

/** Milliseconds without a change before a step is tried. */
const DELAY = 120;
/** Rows of the page that says whether it works; a grid asks for its own. */
const ROWS = 50;

/**
 * Try a step on real rows whenever the form says something else; null: nothing to try.
 *
 * What a later change supersedes is canceled, on the server too. While a newer try runs the answer
 * of the one before stays.
 */
export function useTry(flow: FlowClient, attempt: Attempt | null, version: string): IFormTrial {
  const [trial, setTrial] = useState<ITrial>(NOTHING);
  const [wish, setWish] = useState(0);
  const sampleRows = useSampleRows(flow);
  const key = attempt ? JSON.stringify([attempt, version, sampleRows]) : null;
  const latest = useRef(attempt);
  latest.current = attempt;

  useEffect(() => {
    const asked = latest.current;
    if (!asked) {
      setTrial(NOTHING);
      return;
    }
    const abort = new AbortController();
    setTrial(old => ({ ...old, running: true }));
    const run = async () => {
      const start = performance.now();
      try {
        const tried = await flow.tryStep({ ...asked, Offset: 0, Limit: ROWS }, abort.signal);
        const milliseconds = Math.round(performance.now() - start);
        if (!abort.signal.aborted) {
          setTrial({ attempt: asked, running: false, tried, error: null, milliseconds, key });
        }
      } catch (error) {
        if (!abort.signal.aborted) {
          setTrial({
            attempt: asked,
            running: false,
            tried: null,
            error: error as Error,
            milliseconds: null,
            key
          });
        }
      }
    };
    const timer = window.setTimeout(() => void run(), DELAY);
    return () => {
      window.clearTimeout(timer);
      abort.abort();
    };
  }, [flow, key, wish]);
  return {
    ...trial,
    isCurrent: key !== null && trial.key === key && !trial.running,
    again: () => setWish(count => count + 1)
  };
}
