import { CellValue, ColumnKind } from './types';

/** How a cell is drawn. */
export interface ICellText {
  readonly text: string;
  /** Class of what is no ordinary value. */
  readonly mark: '' | 'missing' | 'special' | 'cut';
}

const MISSING: ICellText = { text: 'missing', mark: 'missing' };
const EMPTY: ICellText = { text: 'empty', mark: 'missing' };

/** Characters of a text that a cell asks for; more than the widest column shows. */
export const CELL_TEXT = 200;
const ELLIPSIS = '\u2026';

export function isNumeric(kind: ColumnKind): boolean {
  return kind === 'long' || kind === 'float';
}

/** A value as a cell shows it. */
export function cellText(value: CellValue, kind: ColumnKind): ICellText {
  if (value === null) {
    return MISSING;
  }
  if (kind === 'float') {
    return { text: floatText(value), mark: isSpecial(value) ? 'special' : '' };
  }
  if (typeof value !== 'string') {
    return { text: String(value), mark: '' };
  }
  if (kind === 'datetime') {
    return { text: value.replace('T', ' '), mark: '' };
  }
  if (value === '') {
    return EMPTY;
  }
  const mark = isCut(value, CELL_TEXT)
    ? 'cut'
    : kind === 'string' && !value.trim()
      ? 'special'
      : '';
  // Line breaks and runs of blanks would be lost in one line.
  return { text: oneLine(value), mark };
}

/** Whether a text of a page was cut at so many characters. */
export function isCut(value: CellValue, longest: number): boolean {
  if (typeof value !== 'string' || value.length <= longest || !value.endsWith(ELLIPSIS)) {
    return false;
  }
  // The server counts characters, of which some are two of a text's units here.
  return [...value].length === longest + 1;
}

/** A value as it is copied; missing ones are empty. */
export function plainText(value: CellValue): string {
  return value === null ? '' : String(value);
}

/** Rows of values as tab separated text; what would break a line or a cell is quoted. */
export function tsv(rows: readonly (readonly CellValue[])[]): string {
  const quoted = (value: CellValue) => {
    const text = plainText(value);
    return /[\t\n\r"]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
  };
  return rows.map(row => row.map(quoted).join('\t')).join('\n');
}

/** A value for reading at length: JSON is indented. */
export function fullText(value: CellValue, kind: ColumnKind): string {
  if (typeof value === 'string' && (kind === 'array' || kind === 'struct' || kind === 'map')) {
    try {
      return JSON.stringify(JSON.parse(value), null, 2);
    } catch {
      // Text that was cut is no JSON any more.
      return value;
    }
  }
  return value === null ? 'missing' : String(value);
}

/** A count for reading: "1,204", and whole numbers of any length as they are. */
export function count(value: number): string {
  return value.toLocaleString('en');
}

/** A share for reading; what there is of something is never 0 %, nor what is not all 100 %. */
export function percent(part: number, whole: number): string {
  if (!whole || !part) {
    return '0%';
  }
  const share = (100 * part) / whole;
  if (share < 0.1) {
    return '<0.1%';
  }
  if (share > 99.9 && part < whole) {
    return '>99.9%';
  }
  return `${share < 10 ? Number(share.toFixed(1)) : Math.round(share)}%`;
}

/** A figure for reading: up to six significant digits, great and small ones with an exponent. */
export function figure(value: unknown): string {
  if (typeof value !== 'number') {
    return value === null || value === undefined ? '' : String(value).replace('T', ' ');
  }
  const size = Math.abs(value);
  if (size && (size >= 1e15 || size < 1e-4)) {
    return value.toExponential(4);
  }
  return Number.isInteger(value)
    ? count(value)
    : value.toLocaleString('en', { maximumSignificantDigits: 6 });
}

function floatText(value: CellValue): string {
  if (value === '-Infinity') {
    return '\u2212\u221e';
  }
  if (value === 'Infinity') {
    return '\u221e';
  }
  // All digits: what is shown is what is there.
  return String(value);
}

function isSpecial(value: CellValue): boolean {
  return typeof value === 'string';
}

function oneLine(text: string): string {
  return text.replace(/\r\n|[\r\n]/g, '\u23ce').replace(/\t/g, '\u21e5');
}
