import { describe, expect, it } from 'vitest';
import { CELL_TEXT, cellText, figure, fullText, isCut, percent, tsv } from './format';

describe('cellText', () => {
  it('tells missing, empty and blank from each other', () => {
    expect(cellText(null, 'string')).toEqual({ text: 'missing', mark: 'missing' });
    expect(cellText('', 'string')).toEqual({ text: 'empty', mark: 'missing' });
    expect(cellText('  ', 'string').mark).toBe('special');
  });

  it('keeps every digit', () => {
    expect(cellText('9007199254740993', 'long')).toEqual({ text: '9007199254740993', mark: '' });
    expect(cellText(0.1 + 0.2, 'float').text).toBe('0.30000000000000004');
    expect(cellText(-12, 'long').text).toBe('-12');
  });

  it('marks what is no number', () => {
    expect(cellText('NaN', 'float')).toEqual({ text: 'NaN', mark: 'special' });
    expect(cellText('-Infinity', 'float').text).toBe('\u2212\u221e');
    expect(cellText('NaN', 'string')).toEqual({ text: 'NaN', mark: '' });
  });

  it('shows line breaks in one line, and times without a T', () => {
    expect(cellText('a\r\nb\tc', 'string').text).toBe('a\u23ceb\u21e5c');
    expect(cellText('2024-01-31T12:00:00', 'datetime').text).toBe('2024-01-31 12:00:00');
  });

  it('knows a text that was cut', () => {
    const cut = 'x'.repeat(CELL_TEXT) + '\u2026';
    expect(cellText(cut, 'string').mark).toBe('cut');
    expect(isCut('\u{1f600}'.repeat(CELL_TEXT) + '\u2026', CELL_TEXT)).toBe(true);
    expect(isCut('\u{1f600}'.repeat(CELL_TEXT / 2) + '\u2026', CELL_TEXT)).toBe(false);
    expect(isCut(cut, CELL_TEXT)).toBe(true);
    expect(isCut('x\u2026', CELL_TEXT)).toBe(false);
  });
});

describe('tsv', () => {
  it('quotes what would break a line or a cell', () => {
    expect(
      tsv([
        ['a\tb', 1, null],
        ['say "x"', true, 'c\nd']
      ])
    ).toBe('"a\tb"\t1\t\n"say ""x"""\ttrue\t"c\nd"');
  });
});

describe('figures', () => {
  it('rounds no share to nothing or to all', () => {
    expect(percent(1, 1_000_000)).toBe('<0.1%');
    expect(percent(999_999, 1_000_000)).toBe('>99.9%');
    expect(percent(0, 10)).toBe('0%');
    expect(percent(10, 10)).toBe('100%');
    expect(percent(1, 80)).toBe('1.3%');
  });

  it('reads well at any size', () => {
    expect(figure(1234567)).toBe('1,234,567');
    expect(figure(1.23456789)).toBe('1.23457');
    expect(figure(1.5e-9)).toBe('1.5000e-9');
    expect(figure('2024-01-31T00:00:00')).toBe('2024-01-31 00:00:00');
  });

  it('indents JSON, unless it was cut', () => {
    expect(fullText('[1,2]', 'array')).toBe('[\n  1,\n  2\n]');
    expect(fullText('[1,\u2026', 'array')).toBe('[1,\u2026');
    expect(fullText('[1,2]', 'string')).toBe('[1,2]');
  });
});
