import { describe, expect, it } from 'vitest';
import { baseName, formatDuration, formatRelative, humanise, plural } from './format';

describe('humanise', () => {
  it.each([
    ['InProgress', 'In progress'],
    ['Completed', 'Completed'],
    ['LaunchingMLInstances', 'Launching ML instances'],
    ['MaxRuntimeExceeded', 'Max runtime exceeded'],
    ['InService', 'In service']
  ])('%s is said as %s', (word, said) => expect(humanise(word)).toBe(said));
});

describe('formatDuration', () => {
  it.each([
    [0.2, '0 s'],
    [59.6, '1 min 0 s'],
    [125, '2 min 5 s'],
    [4320, '1 h 12 min'],
    [-3, '0 s']
  ])('%d seconds are %s', (seconds, said) => expect(formatDuration(seconds)).toBe(said));
});

describe('formatRelative', () => {
  it.each([
    [1000, 1010, 'just now'],
    [1000, 1000 + 61, '1 minute ago'],
    [1000, 1000 + 3 * 3600 + 5, '3 hours ago'],
    [1000, 1000 + 86400, 'yesterday']
  ])('%d seen from %d is %s', (time, now, said) => expect(formatRelative(time, now)).toBe(said));
});

it('counts in singular and plural', () => {
  expect([plural(1, 'job'), plural(0, 'job'), plural(1200, 'job')]).toEqual([
    '1 job',
    '0 jobs',
    '1,200 jobs'
  ]);
});

it('takes the last part of an address', () => {
  expect(baseName('s3://bucket/a/model.tar.gz')).toBe('model.tar.gz');
  expect(baseName('s3://bucket/a/')).toBe('a');
});
