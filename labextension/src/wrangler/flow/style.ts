import { Node } from 'jsonc-parser';

/** How a JSON text is written, so that what is added looks like the rest; as the engine has it. */
export interface IStyle {
  /** What one level is indented by; null: all stands in one line. */
  indent: string | null;
  /** Between members, and after a name. */
  comma: string;
  colon: string;
  /** Whether other letters than ASCII's are written as `\uXXXX`. */
  ascii: boolean;
}

/** What new files are written in. */
export const NEW_STYLE: IStyle = { indent: '  ', comma: ',', colon: ': ', ascii: false };

/** The style of a text, as its first members show it. */
export function styleOf(text: string, root: Node): IStyle {
  const members = root.children ?? [];
  const first = members[0];
  const before = first ? text.slice(root.offset + 1, first.offset) : '';
  const indent = before.includes('\n') ? before.slice(before.lastIndexOf('\n') + 1) : null;
  const [name, value] = first?.children ?? [];
  const second = members[1];
  const between =
    first && second ? text.slice(first.offset + first.length, second.offset) : undefined;
  return {
    indent,
    comma: indent === null ? (between ?? ', ') : ',',
    colon: name && value ? text.slice(name.offset + name.length, value.offset) : ': ',
    // As for the engine: a text that has no other letters may as well escape them.
    ascii: !/[^\0-\x7f]/.test(text)
  };
}

/** A value written in a style, `depth` levels deep. */
export function written(value: unknown, style: IStyle, depth: number): string {
  if (Array.isArray(value)) {
    const items = value.map(each => written(each ?? null, style, depth + 1));
    return joined('[', items, ']', style, depth);
  }
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
      .filter(([, each]) => each !== undefined)
      .map(([name, each]) => quoted(name, style) + style.colon + written(each, style, depth + 1));
    return joined('{', members, '}', style, depth);
  }
  return typeof value === 'string' ? quoted(value, style) : JSON.stringify(value);
}

/** A line's end and the indentation of `depth` levels; nothing where all stands in one line. */
export function line(style: IStyle, depth: number): string {
  return style.indent === null ? '' : `\n${style.indent.repeat(depth)}`;
}

/** What stands between two members that are `depth` levels deep. */
export function separator(style: IStyle, depth: number): string {
  return style.comma + line(style, depth);
}

/** A text as a JSON string. */
export function quoted(text: string, style: IStyle): string {
  const plain = JSON.stringify(text);
  return style.ascii
    ? plain.replace(
        /[\x7f-\uffff]/g,
        letter => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`
      )
    : plain;
}

function joined(
  open: string,
  parts: string[],
  close: string,
  style: IStyle,
  depth: number
): string {
  if (!parts.length) {
    return open + close;
  }
  const inner = parts.join(separator(style, depth + 1));
  return open + line(style, depth + 1) + inner + line(style, depth) + close;
}
