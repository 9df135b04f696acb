import { IField } from '../schema';
import { Columns, IProblem, Path } from '../problems';
import { Values } from '../values';

/** What every control of a form is given. */
export interface IControlProps<Value> {
  /** Of the element that the label is for. */
  id: string;
  field: IField;
  path: Path;
  value: Value;
  onChange: (value: Value) => void;
  /** What is wrong with it, in the page; what a screen reader reads after its name. */
  describedBy: string | undefined;
  invalid: boolean;
  form: IFormContext;
}

/** What a control's element is, whatever its value. */
export type ElementProps = Omit<IControlProps<unknown>, 'value' | 'onChange'>;

/** What all controls of one form know. */
export interface IFormContext {
  /** Begins the ids of the form's elements. */
  prefix: string;
  /** Of each table that the step reads. */
  columns: Columns;
  problems: readonly IProblem[];
  /** Show what is wrong with `path`; otherwise only once it was touched. */
  isShown: (path: Path) => boolean;
  onTouch: (path: Path) => void;
}

export type Change = (values: Values) => void;

/** The id of a field's element. */
export function idOf(prefix: string, path: Path): string {
  return `${prefix}-${path.join('-').replace(/[^\w-]/g, '_')}`;
}
