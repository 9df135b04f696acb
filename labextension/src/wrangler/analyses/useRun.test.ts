import { expect, it, vi } from 'vitest';
import { begin } from './useRun';

function flow() {
  return {
    startRun: vi.fn(async () => ({ RunId: 'run-1' })),
    stopRun: vi.fn(async () => undefined)
  };
}

it('stops a run that nobody wanted any more when its id came', async () => {
  const known = flow();
  const abort = new AbortController();
  const begun = begin(known, { Type: 'REPORT', NodeId: 'n' }, abort.signal);
  abort.abort();
  expect(await begun).toBeNull();
  expect(known.stopRun).toHaveBeenCalledWith('run-1');
});

it('keeps one that is waited for', async () => {
  const known = flow();
  const { signal } = new AbortController();
  expect(await begin(known, { Type: 'REPORT', NodeId: 'n' }, signal)).toBe('run-1');
  expect(known.stopRun).not.toHaveBeenCalled();
});
