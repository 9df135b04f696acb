import { describe, expect, it } from 'vitest';
import { FlowClient, IDataPage } from '../api';
import { changedInPlace, flowSource, marksBefore, PROFILE_ROWS, trySource } from './flowSource';

type Column = (string | number | null)[];

function page(columns: Record<string, Column>): IDataPage {
  const Data = Object.values(columns);
  return {
    Columns: Object.keys(columns).map(Name => ({ Name, Type: 'BIGINT', Kind: 'long' })),
    Offset: 0,
    RowCount: Data[0].length,
    HasMore: false,
    Indexed: false,
    Data
  };
}

/** A client that remembers what it was asked. */
function client(sampleRows: number | null, before: IDataPage, after = before) {
  const asked: [string, Record<string, unknown>][] = [];
  const say = (name: string, answer: unknown) => async (input: Record<string, unknown>) => {
    asked.push([name, input]);
    return answer;
  };
  const flow = {
    document: '{}',
    sampleRows,
    preview: say('preview', before),
    tryStep: say('tryStep', { Page: after, Changes: { Added: ['c'], Removed: [], Retyped: [] } }),
    profile: say('profile', { TotalRows: PROFILE_ROWS, Profiles: [] })
  } as unknown as FlowClient;
  return { flow, asked };
}

const { signal } = new AbortController();
const step = { Key: 'scale', StepParameters: { input_column: ['a'] }, Inputs: [{ NodeId: 'n' }] };

describe('changedInPlace', () => {
  const before = page({ a: [1, 2, null], b: [1, 2, 3] });

  it('finds the values that a step changes', () => {
    expect(changedInPlace(step, before, page({ a: [1, 2, 0], b: [1, 2, 3] }))).toEqual(['a']);
    expect(changedInPlace(step, before, before)).toEqual([]);
  });

  it('tells nothing where rows are others', () => {
    expect(changedInPlace(step, before, page({ a: [1, 2], b: [1, 2] }))).toEqual([]);
    expect(changedInPlace(step, before, page({ a: [2, 1, 0], b: [2, 1, 3] }))).toEqual([]);
    expect(changedInPlace(step, page({ a: [1] }), page({ a: [2] }))).toEqual([]);
  });
});

describe('trySource', () => {
  it('marks columns that are new, and those that are changed', async () => {
    const after = page({ a: [9], b: [1], c: [5] });
    const { flow } = client(null, page({ a: [1], b: [1] }), after);
    const source = trySource(flow, step, 'k');
    const first = await source.fetch({ offset: 0, limit: 10 }, signal);
    expect(first.columns.map(each => each.changed)).toEqual(['changed', undefined, 'added']);
    const second = await source.fetch({ offset: 10, limit: 10 }, signal);
    expect(second.columns[0].changed).toBe('changed');
  });

  it('is another source for another form', () => {
    const { flow } = client(null, page({ a: [1] }));
    const other = { ...step, StepParameters: { input_column: ['b'] } };
    expect(trySource(flow, step, 'k').key).not.toBe(trySource(flow, other, 'k').key);
    expect(trySource(flow, step, 'k').key).toBe(trySource(flow, { ...step }, 'k').key);
  });
});

describe('flowSource', () => {
  it('asks for the page in the words of the API, and marks what a step takes away', async () => {
    const { flow, asked } = client(null, page({ a: [1], b: [2] }));
    const marks = marksBefore({ Added: [], Removed: ['b'], Retyped: ['a'] });
    const source = flowSource(flow, { nodeId: 'n', key: 'k' }, marks);
    const found = await source.fetch(
      { offset: 5, limit: 7, columns: ['a'], search: 'x', maxTextLength: 9 },
      signal
    );
    expect(asked[0][1]).toMatchObject({
      NodeId: 'n',
      Offset: 5,
      Limit: 7,
      Columns: ['a'],
      Search: 'x',
      MaxTextLength: 9
    });
    expect(found.columns.map(each => each.changed)).toEqual(['changed', 'removed']);
  });

  it('looks at a sample for headers, unless all rows are wanted or the flow has a smaller one', async () => {
    const { flow, asked } = client(null, page({ a: [1] }));
    const source = flowSource(flow, { nodeId: 'n', key: 'k' });
    expect((await source.profile?.(['a'], signal))?.sampled).toBe(true);
    expect(asked[0][1].SampleRows).toBe(PROFILE_ROWS);
    expect((await source.profile?.(['a'], signal, true))?.sampled).toBe(false);
    expect(asked[1][1].SampleRows).toBeUndefined();
    const small = client(1000, page({ a: [1] }));
    await flowSource(small.flow, { nodeId: 'n', key: 'k' }).profile?.(['a'], signal);
    expect(small.asked[0][1].SampleRows).toBeUndefined();
  });
});
