import { expect, it } from 'vitest';
import { StudioClient } from '../api/client';
import { LogTail } from './tail';

/** A log service of one stream, with CloudWatch's tokens: the last one is repeated at the end. */
function fakeClient(log: string[]): StudioClient {
  const call = async (target: string, input: Record<string, unknown>) => {
    if (target.endsWith('DescribeLogStreams')) {
      return { logStreams: log.length ? [{ logStreamName: 'job/algo-1' }] : [] };
    }
    const limit = input.limit as number;
    const token = input.nextToken as string | undefined;
    let start = Math.max(0, log.length - limit);
    if (token?.startsWith('b/')) {
      start = Math.max(0, Number(token.slice(2)) - limit);
    } else if (token) {
      start = Number(token.slice(2));
    } else if (input.startFromHead) {
      start = 0;
    }
    const end = token?.startsWith('b/') ? Number(token.slice(2)) : start + limit;
    const events = log.slice(start, end).map((message, i) => ({ timestamp: start + i, message }));
    return {
      events,
      nextForwardToken: `f/${start + events.length}`,
      nextBackwardToken: `b/${start}`
    };
  };
  return { call } as unknown as StudioClient;
}

it('reads what is there, then only what is new', async () => {
  const log: string[] = [];
  const tail = new LogTail(fakeClient(log), { group: 'g' });
  expect(await tail.read()).toBe(false);
  log.push('a', 'b');
  expect(await tail.read()).toBe(true);
  expect(await tail.read()).toBe(false);
  log.push('c');
  await tail.read();
  expect(tail.buffer.lines.map(({ text }) => text)).toEqual(['a', 'b', 'c']);
});

it('starts at the end of a long log and reads back', async () => {
  const log = Array.from({ length: 25 }, (_, i) => `line ${i}`);
  const tail = new LogTail(fakeClient(log), { group: 'g' }, 10);
  await tail.read();
  expect(tail.buffer.lines[0].text).toBe('line 15');
  await tail.readOlder();
  await tail.readOlder();
  expect(tail.buffer.lines.map(({ text }) => text)).toEqual(log);
  await tail.readOlder();
  expect(tail.hasOlder).toBe(false);
});

it('downloads all of it', async () => {
  const log = Array.from({ length: 25 }, (_, i) => `line ${i}`);
  const tail = new LogTail(fakeClient(log), { group: 'g' });
  expect(await tail.download()).toBe(log.join('\n') + '\n');
});
