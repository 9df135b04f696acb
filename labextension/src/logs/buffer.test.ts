import { describe, expect, it } from 'vitest';
import { LogBuffer } from './buffer';

const line = (text: string) => ({ time: 0, text, stream: 's' });
const texts = (buffer: LogBuffer) => buffer.lines.map(({ text }) => text);

describe('LogBuffer', () => {
  it('keeps the newest lines and their numbers', () => {
    const buffer = new LogBuffer(3);
    buffer.append(['a', 'b'].map(line));
    expect(buffer.isTruncated).toBe(false);
    buffer.append(['c', 'd'].map(line));
    expect(texts(buffer)).toEqual(['b', 'c', 'd']);
    expect(buffer.lines.map(({ index }) => index)).toEqual([1, 2, 3]);
    expect(buffer.isTruncated).toBe(true);
  });

  it('puts older lines in front and then holds more', () => {
    const buffer = new LogBuffer(2);
    buffer.append(['c', 'd'].map(line));
    buffer.prepend(['a', 'b'].map(line));
    expect(texts(buffer)).toEqual(['a', 'b', 'c', 'd']);
    const indices = buffer.lines.map(({ index }) => index);
    expect(new Set(indices).size).toBe(4);
    expect([...indices].sort((x, y) => x - y)).toEqual(indices);
  });

  it('drops colour codes and line ends', () => {
    const buffer = new LogBuffer();
    buffer.append([line('\u001b[31merror\u001b[0m\r\n')]);
    expect(texts(buffer)).toEqual(['error']);
  });

  it('keeps its array when nothing was added', () => {
    const buffer = new LogBuffer();
    const before = buffer.lines;
    buffer.append([]);
    expect(buffer.lines).toBe(before);
  });
});
