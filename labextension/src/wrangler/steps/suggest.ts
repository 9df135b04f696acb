/** Steps that fit a column, or a value of it: what menus of a table offer. */
import { IColumnProfile } from '../../api/types';
import { IFormColumn } from './problems';
import { Values } from './values';

/** A step with some of its form filled in. */
export interface ISuggestion {
  /** As a menu has it. */
  label: string;
  /** The step's key in the catalogue. */
  key: string;
  values: Values;
}

const NUMERIC = ['long', 'float'];
const TIMES = ['datetime', 'date'];
/** A text of more different values than this is no category. */
const MOST_CATEGORIES = 50;

/** What may be done with a column, what mends it first. `profile` is what is known of it. */
export function suggestFor(column: IFormColumn, profile?: IColumnProfile): ISuggestion[] {
  return [...mending(column, profile), ...shaping(column, profile), ...managing(column)];
}

function mending({ name, kind }: IFormColumn, profile?: IColumnProfile): ISuggestion[] {
  const columns = { input_column: [name] };
  const found: ISuggestion[] = [];
  if (!profile || profile.Missing > 0) {
    if (NUMERIC.includes(kind)) {
      found.push({
        label: 'Fill missing with the median',
        key: 'handle_missing/impute/numeric',
        values: { ...columns, strategy: 'Approximate Median' }
      });
    } else if (kind === 'string') {
      found.push({
        label: 'Fill missing with the most frequent',
        key: 'handle_missing/impute/categorical',
        values: columns
      });
    }
    found.push(
      { label: 'Fill missing…', key: 'handle_missing/fill_missing', values: columns },
      {
        label: 'Drop rows where it is missing',
        key: 'handle_missing/drop_missing/drop_rows',
        values: columns
      }
    );
  }
  if (NUMERIC.includes(kind) && (!profile || profile.Outliers > 0)) {
    found.push({
      label: 'Handle outliers…',
      key: 'handle_outliers/standard_deviation_numeric_outliers',
      values: columns
    });
  }
  return found;
}

function shaping({ name, kind }: IFormColumn, profile?: IColumnProfile): ISuggestion[] {
  const columns = { input_column: [name] };
  if (NUMERIC.includes(kind)) {
    return [
      { label: 'Scale…', key: 'process_numeric/scale_values/standard_scaler', values: columns },
      {
        label: 'Scale to 0 and 1…',
        key: 'process_numeric/scale_values/min_max_scaler',
        values: columns
      },
      { label: 'Bin values…', key: 'transform_numbers/bin_values', values: columns },
      {
        label: 'Logarithm…',
        key: 'transform_numbers/apply_function',
        values: { ...columns, function: 'log1p' }
      }
    ];
  }
  if (TIMES.includes(kind)) {
    return [
      {
        label: 'Extract parts of the date…',
        key: 'time_series/featurize_datetime',
        values: { input_column: name }
      },
      { label: 'Start of day, week, month…', key: 'date_truncate', values: { input_column: name } }
    ];
  }
  if (kind !== 'string') {
    return [];
  }
  const isCategory = !profile || profile.Distinct <= MOST_CATEGORIES;
  const encodings: ISuggestion[] = [
    { label: 'One-hot encode…', key: 'encode_categorical/one_hot_encode', values: columns },
    { label: 'Ordinal encode…', key: 'encode_categorical/ordinal_encode', values: columns }
  ];
  return [
    ...(isCategory ? encodings : []),
    {
      label: 'Find and replace…',
      key: 'search_and_edit/find_and_replace_substring',
      values: columns
    },
    {
      label: 'Strip white space',
      key: 'format_string/strip_left_and_right',
      values: columns
    },
    { label: 'Lower case', key: 'format_string/lower_case', values: columns },
    {
      label: 'Split into columns…',
      key: 'words/split_into_columns',
      values: { input_column: name }
    },
    ...(isCategory
      ? []
      : [
          {
            label: 'Count terms…',
            key: 'featurize_text/vectorize',
            values: { input_column: name }
          }
        ])
  ];
}

function managing({ name, kind }: IFormColumn): ISuggestion[] {
  const others = ['long', 'float', 'string', 'datetime'].filter(each => each !== kind);
  return [
    {
      label: 'Change type…',
      key: 'cast_single_data_type',
      values: { column: name, data_type: kind === 'string' ? others[0] : 'string' }
    },
    {
      label: 'Sort…',
      key: 'manage_rows/sort',
      values: { sort_by: [name] }
    },
    {
      label: 'Rename…',
      key: 'manage_columns/rename_column',
      values: { columns_to_rename: [{ input_column: name, new_name: name }] }
    },
    { label: 'Duplicate…', key: 'manage_columns/duplicate_column', values: { input_column: name } },
    {
      label: 'Drop column',
      key: 'manage_columns/drop_column',
      values: { column_to_drop: [name] }
    }
  ];
}

/** What may be done with the rows that hold a value; null or undefined where it is missing. */
export function suggestForValue(column: IFormColumn, value: unknown): ISuggestion[] {
  const { name, kind } = column;
  const isMissing = value === null || value === undefined;
  const condition = isMissing
    ? { column: name, condition: 'is missing' }
    : { column: name, condition: '=', value: String(value) };
  const rows = (keep: boolean) => ({ conditions: [condition], keep });
  const shown = isMissing ? 'it is missing' : `it is ${shorten(String(value))}`;
  const found: ISuggestion[] = [
    { label: `Keep rows where ${shown}`, key: 'filter_rows', values: rows(true) },
    { label: `Remove rows where ${shown}`, key: 'filter_rows', values: rows(false) }
  ];
  if (isMissing) {
    const values = { input_column: [name] };
    found.push({ label: 'Fill missing…', key: 'handle_missing/fill_missing', values });
  } else if (kind === 'string') {
    found.push({
      label: `Replace ${shorten(String(value))}…`,
      key: 'words/map_values',
      values: { input_column: name, values: { [String(value)]: '' } }
    });
  }
  return found;
}

function shorten(text: string): string {
  return text.length > 24 ? `${text.slice(0, 23)}…` : text;
}
