/** Code of custom steps: where it failed, and what can be written next. */
import { IFormColumn } from './problems';
import { Language } from './schema';

/** The line, counted from one, that a message blames. */
export function lineOf(message: string): number | null {
  const found = /\bline:? (\d+)/i.exec(message);
  return found ? Number(found[1]) : null;
}

export interface ICompletion {
  label: string;
  detail?: string;
  /** What is put in, where that is not the label. */
  apply?: string;
}

export interface ICompletions {
  /** Where what is written already begins. */
  from: number;
  options: ICompletion[];
  /** They are worth showing before anybody asks. */
  isExpected: boolean;
}

const SQL_WORDS =
  'SELECT FROM WHERE GROUP BY HAVING ORDER LIMIT JOIN LEFT RIGHT INNER OUTER ON AS AND OR NOT NULL ' +
  'IS IN BETWEEN LIKE CASE WHEN THEN ELSE END DISTINCT UNION ALL WITH OVER PARTITION CAST';
const SQL_FUNCTIONS =
  'abs avg ceil coalesce concat count date_add date_diff date_trunc day exp floor greatest if ' +
  'initcap instr isnull least length ln log log10 lower lpad ltrim max mean min month nullif pow ' +
  'regexp_extract regexp_replace replace round row_number rpad rtrim split sqrt stddev substring ' +
  'sum to_date to_timestamp trim upper variance year';
/** What `df` is at its beginning, in each kind of step. */
const NAMES: Record<Language, string[]> = { python: ['df'], sql: ['df'], expression: [] };

/**
 * What can stand where `before` ends; the part of it that is written already is `word`.
 *
 * Within quotes of Python names of columns stand as they are, elsewhere as `df["name"]`; in SQL
 * they get back quotes where they are no plain words.
 */
export function completions(
  language: Language,
  before: string,
  columns: readonly IFormColumn[]
): ICompletions | null {
  const quoted = language === 'python' ? /(["'])((?:(?!\1)[^\\\n])*)$/.exec(before) : null;
  const isInside = quoted !== null && isOpen(before.slice(0, quoted.index), quoted[1]);
  if (isInside) {
    const from = before.length - quoted[2].length;
    const options = columns.map(({ name, kind }) => ({ label: name, detail: kind }));
    return { from, options, isExpected: true };
  }
  const word = /`?\w*$/.exec(before)?.[0] ?? '';
  const from = before.length - word.length;
  if (before[from - 1] === '.' && language === 'python') {
    return null;
  }
  const named = columns.map(column => asWritten(language, column));
  const others = NAMES[language].map(label => ({ label, detail: 'the table' }));
  const isExpected = word.length > 0;
  return { from, options: [...named, ...others, ...wordsOf(language)], isExpected };
}

function asWritten(language: Language, { name, kind }: IFormColumn): ICompletion {
  if (language === 'python') {
    return { label: name, detail: kind, apply: `df[${JSON.stringify(name)}]` };
  }
  const isPlain = /^[A-Za-z_]\w*$/.test(name);
  return { label: name, detail: kind, apply: isPlain ? name : `\`${name.replace(/`/g, '``')}\`` };
}

function wordsOf(language: Language): ICompletion[] {
  if (language === 'python') {
    return [];
  }
  const functions = SQL_FUNCTIONS.split(' ').map(label => ({
    label,
    detail: 'function',
    apply: `${label}(`
  }));
  return language === 'expression'
    ? functions
    : [...functions, ...SQL_WORDS.split(' ').map(label => ({ label, detail: 'SQL' }))];
}

/** Whether a quote after `text` opens a string: quotes of its line before it come in pairs. */
function isOpen(text: string, quote: string): boolean {
  const line = text.slice(text.lastIndexOf('\n') + 1).replace(/\\./g, '');
  return line.split(quote).length % 2 === 1;
}
