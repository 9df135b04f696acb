import { IFlowFilter, IFlowSortKey } from '../../api/types';
import { ColumnKind, ITableView } from './types';

export type Condition = IFlowFilter['Condition'];

/** Conditions in words. */
export const CONDITIONS: Readonly<Record<Condition, string>> = {
  '=': 'is',
  '!=': 'is not',
  '<': 'is less than',
  '<=': 'is at most',
  '>': 'is greater than',
  '>=': 'is at least',
  between: 'is between',
  'not between': 'is not between',
  contains: 'contains',
  'does not contain': 'does not contain',
  'starts with': 'starts with',
  'ends with': 'ends with',
  'is missing': 'is missing',
  'is not missing': 'is not missing',
  'is one of': 'is one of'
};

const MISSING: Condition[] = ['is missing', 'is not missing'];
const ORDERED: Condition[] = ['=', '!=', '<', '<=', '>', '>=', 'between', 'not between'];
const TEXT: Condition[] = [
  'contains',
  'does not contain',
  'starts with',
  'ends with',
  '=',
  '!=',
  'is one of'
];

/** The conditions that make sense for a column. */
export function conditionsFor(kind: ColumnKind): readonly Condition[] {
  switch (kind) {
    case 'long':
    case 'float':
      return [...ORDERED, 'is one of', ...MISSING];
    case 'date':
    case 'datetime':
      return [...ORDERED, ...MISSING];
    case 'bool':
      return ['=', ...MISSING];
    case 'string':
      return [...TEXT, ...MISSING];
    default:
      return MISSING;
  }
}

/** How many values a condition compares with; `list` is any number. */
export function operands(condition: Condition): 0 | 1 | 2 | 'list' {
  if (condition === 'is missing' || condition === 'is not missing') {
    return 0;
  }
  if (condition === 'is one of') {
    return 'list';
  }
  return condition === 'between' || condition === 'not between' ? 2 : 1;
}

/** What is wrong with a filter; null where nothing is. */
export function problemOf(filter: IFlowFilter, kind: ColumnKind): string | null {
  const count = operands(filter.Condition);
  if (count === 0) {
    return null;
  }
  const values = valuesOf(filter);
  if (!values.length || values.some(value => value.trim() === '')) {
    return count === 2 ? 'Enter both values.' : 'Enter a value.';
  }
  const numeric = kind === 'long' || kind === 'float';
  const wrong = numeric ? values.find(value => Number.isNaN(Number(value))) : undefined;
  return wrong === undefined ? null : `"${wrong}" is no number.`;
}

/** A filter in words, after its column's name. */
export function filterText(filter: IFlowFilter): string {
  const values = valuesOf(filter);
  const said = values.length > 3 ? `${values.slice(0, 3).join(', ')}, \u2026` : values.join(', ');
  const joined = operands(filter.Condition) === 2 ? values.join(' and ') : said;
  return `${filter.Column} ${CONDITIONS[filter.Condition]} ${joined}`.trim();
}

/** The filter of a value alone, or of all others. */
export function filterOf(
  column: string,
  value: string | number | boolean | null,
  others = false
): IFlowFilter {
  if (value === null) {
    return { Column: column, Condition: others ? 'is not missing' : 'is missing' };
  }
  return { Column: column, Condition: others ? '!=' : '=', Value: String(value) };
}

/** The view with this filter in the place of its column's; null takes it away. */
export function withFilter(
  view: ITableView,
  column: string,
  filter: IFlowFilter | null
): ITableView {
  const others = (view.filters ?? []).filter(each => each.Column !== column);
  const filters = filter ? [...others, filter] : others;
  return { ...view, filters: filters.length ? filters : undefined };
}

/** The order after another click on a header: ascending, descending, as it comes. */
export function nextSort(
  sort: readonly IFlowSortKey[] | undefined,
  column: string
): readonly IFlowSortKey[] | undefined {
  const current = sort?.[0];
  if (current?.Column !== column) {
    return [{ Column: column, Order: 'Ascending' }];
  }
  return current.Order === 'Descending' ? undefined : [{ Column: column, Order: 'Descending' }];
}

/** Whether a view shows the table as it is. */
export function isPlain(view: ITableView): boolean {
  return !view.sort?.length && !view.filters?.length && !view.search;
}

function valuesOf(filter: IFlowFilter): string[] {
  switch (operands(filter.Condition)) {
    case 0:
      return [];
    case 'list':
      return filter.Values ?? [];
    case 2:
      return [filter.Value ?? '', filter.Upper ?? ''];
    default:
      return [filter.Value ?? ''];
  }
}
