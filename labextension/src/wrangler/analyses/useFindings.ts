import { useEffect, useRef, useState } from 'react';
import { Asked, FlowClient, isAbort } from '../api';
import { useSampleRows } from '../steps/useSampleRows';
import { Findings } from './FindingsView';

export type Question = Asked<'Studio.RunAnalysis'>;

interface IFound {
  /** What was asked for, as text. */
  key: string | null;
  findings: Findings | null;
  running: boolean;
  error: Error | null;
}

/** Milliseconds without a change before an analysis is made. */
const DELAY = 200;

/**
 * What an analysis finds; null: nothing is asked.
 *
 * Another question cancels the one before, on the server too; what was found stays until then.
 */
export function useFindings(
  flow: FlowClient,
  question: Question | null,
  version: string
): IFound & { isCurrent: boolean } {
  const sampleRows = useSampleRows(flow);
  const key = question ? JSON.stringify([question, version, sampleRows]) : null;
  const [found, setFound] = useState<IFound>({
    key: null,
    findings: null,
    running: false,
    error: null
  });
  const latest = useRef(question);
  latest.current = question;
  useEffect(() => {
    const asked = latest.current;
    if (!asked || !key) {
      return;
    }
    const abort = new AbortController();
    const run = async () => {
      setFound(old => ({ ...old, running: true }));
      try {
        const findings = await flow.runAnalysis(asked, abort.signal);
        setFound({ key, findings, running: false, error: null });
      } catch (error) {
        if (!isAbort(error) && !abort.signal.aborted) {
          setFound({ key, findings: null, running: false, error: error as Error });
        }
      }
    };
    const timer = window.setTimeout(() => void run(), DELAY);
    return () => {
      window.clearTimeout(timer);
      abort.abort();
      setFound(old => ({ ...old, running: false }));
    };
  }, [flow, key]);
  return { ...found, isCurrent: found.key === key };
}
