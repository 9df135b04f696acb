import { describe, expect, it } from 'vitest';
import { StudioClient } from '../api/client';
import { ApiError } from '../api/request';
import { FlowClient, FlowError } from './api';

/** A client of a sample that remembers what it asked. */
function sampling(rows: number | null) {
  const asked: Record<string, unknown>[] = [];
  const call = async (_: string, input: Record<string, unknown>) => {
    asked.push(input);
    return { RunId: 'r' };
  };
  const flow = new FlowClient({ call } as unknown as StudioClient, 'a.flow', {
    document: () => '{}',
    sampleRows: rows
  });
  return { flow, asked };
}

describe('a flow on a sample', () => {
  it('learns from all rows', async () => {
    const { flow, asked } = sampling(50_000);
    await flow.startRun({ Type: 'FIT', Refit: false });
    await flow.fit({});
    for (const each of asked) {
      expect(each).toMatchObject({ FlowId: 'a.flow', Document: '{}' });
      expect(each).not.toHaveProperty('SampleRows');
    }
    expect(asked).toHaveLength(2);
  });

  it('is looked at and reported on as a sample', async () => {
    const { flow, asked } = sampling(50_000);
    await flow.startRun({ Type: 'REPORT', NodeId: 'n' });
    await flow.preview({ NodeId: 'n' });
    await flow.startRun({ Type: 'REPORT', NodeId: 'n', SampleRows: 10 });
    expect(asked.map(each => each.SampleRows)).toEqual([50_000, 50_000, 10]);
    const all = sampling(null);
    await all.flow.startRun({ Type: 'REPORT', NodeId: 'n' });
    expect(all.asked[0]).not.toHaveProperty('SampleRows');
  });
});

describe('a failure', () => {
  const lost = (code: string, status: number) => new FlowError(new ApiError(code, '', status)).lost;

  it('is a lost server where nobody answered', () => {
    expect(lost('NetworkError', 0)).toBe(true);
    expect(lost('Service Unavailable', 503)).toBe(true);
    expect(lost('Bad Gateway', 502)).toBe(true);
    // The flow's process ended: asked again it may end again.
    expect(lost('ServiceUnavailable', 503)).toBe(false);
    expect(lost('ValidationException', 400)).toBe(false);
  });
});
