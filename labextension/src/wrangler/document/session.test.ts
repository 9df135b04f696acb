import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../../api/request';
import { FlowClient, FlowError } from '../api';
import { flowOf } from '../flow/making';
import { ISplice } from '../flow/text';
import { Checker } from './checking';
import { Fitting } from './runs';
import { FlowSession } from './session';
import { SharedText } from './text';

const STEP = { operator: 'sagemaker.spark.manage_columns_0.1', parameters: {} };
const ids = () => {
  let last = 0;
  return () => `n${last++}`;
};
/** n0 -> n1 -> n2 */
const CHAIN = flowOf([{ ...STEP, type: 'SOURCE' }, STEP, STEP], ids());

/** A text that nobody else shares. */
function shared(value: string): SharedText {
  const listeners = new Set<() => void>();
  return {
    value,
    canUndo: false,
    canRedo: false,
    apply(splices: readonly ISplice[]) {
      for (const { start, end, text } of splices) {
        this.value = this.value.slice(0, start) + text + this.value.slice(end);
      }
      listeners.forEach(notify => notify());
    },
    subscribe(notify: () => void) {
      listeners.add(notify);
      return () => listeners.delete(notify);
    }
  } as unknown as SharedText;
}

function opened(text: string, client: object = {}): FlowSession {
  return new FlowSession(shared(text), client as FlowClient);
}

const gone = new FlowError(new ApiError('NetworkError', '', 0));
const crashed = new FlowError(new ApiError('ServiceUnavailable', '', 503));

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('window', globalThis);
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('a flow that is opened', () => {
  it('shows where it ends', () => {
    expect(opened(CHAIN).state.selected).toEqual({ node: 'n2' });
    expect(opened(flowOf([])).state.selected).toBeNull();
    expect(opened('').state.selected).toBeNull();
  });

  it('keeps what is open when its steps have learned or been named', () => {
    const session = opened(CHAIN);
    session.open({ kind: 'add', place: { node: 'n0' } });
    const { task } = session.state;
    session.change(flow => flow.set('n1', 'trained_parameters', { mean: 1 }));
    session.rename('n1', 'Mine');
    expect(session.state).toMatchObject({ task, selected: { node: 'n0' } });
    expect(session.text.value).toContain('"mean": 1');
  });

  it('names the part of a split that is worked on', () => {
    const session = opened(CHAIN);
    const parts = [{ name: 'Train' }, { name: 'Test' }];
    session.change(flow => flow.set('n2', 'outputs', parts));
    session.open({ kind: 'add', place: { node: 'n2' } });
    const place = { node: 'n2', output: 'Train' };
    expect(session.state).toMatchObject({ task: { kind: 'add', place }, selected: place });
  });
});

describe('a fit', () => {
  const done = { Status: 'Completed', Document: CHAIN };

  it('goes on through times without a server', async () => {
    const describeRun = vi.fn().mockRejectedValueOnce(gone).mockResolvedValue(done);
    const session = opened(CHAIN, { startRun: async () => ({ RunId: 'r' }), describeRun });
    const fitted = new Fitting(session).fit(false);
    await vi.advanceTimersByTimeAsync(5000);
    await fitted;
    expect(describeRun).toHaveBeenCalledTimes(2);
    expect(session.state.run).toBeNull();
  });

  it('says why it failed', async () => {
    const describeRun = async () => ({ Status: 'Failed', FailureReason: 'No rows.' });
    const session = opened(CHAIN, { startRun: async () => ({ RunId: 'r' }), describeRun });
    await expect(new Fitting(session).fit(false)).rejects.toThrow('No rows.');
    const refused = opened(CHAIN, { startRun: () => Promise.reject(crashed) });
    await expect(new Fitting(refused).fit(false)).rejects.toBe(crashed);
    expect([session.state.run, refused.state.run]).toEqual([null, null]);
  });

  it('begins once, however often it is clicked', async () => {
    const startRun = vi.fn().mockResolvedValue({ RunId: 'r' });
    const session = opened(CHAIN, { startRun, describeRun: async () => done });
    const fitting = new Fitting(session);
    await Promise.all([fitting.fit(false), fitting.fit(false)]);
    expect(startRun).toHaveBeenCalledTimes(1);
  });
});

describe('the checks of a flow', () => {
  const describeFlow = async () => ({ Nodes: [{ NodeId: 'n0' }], Problems: [] });

  it('are not made again where they end the process', async () => {
    const validate = vi.fn().mockRejectedValue(crashed);
    const session = opened(CHAIN, { describe: describeFlow, validate });
    const checker = new Checker(session);
    await vi.advanceTimersByTimeAsync(60_000);
    checker.dispose();
    expect(validate).toHaveBeenCalledTimes(1);
    expect(session.state).toMatchObject({ lost: false, error: crashed });
  });

  it('wait longer and longer for a server that is lost', async () => {
    const validate = vi.fn().mockRejectedValue(gone);
    const session = opened(CHAIN, { describe: describeFlow, validate });
    const checker = new Checker(session);
    await vi.advanceTimersByTimeAsync(60_000);
    checker.dispose();
    // After 1, 2, 4, 8, 15, 15 seconds: not every second.
    expect(validate.mock.calls.length).toBeLessThan(8);
    expect(session.state.lost).toBe(true);
  });
});
