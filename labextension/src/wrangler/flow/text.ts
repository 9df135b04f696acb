import { Node, parseTree } from 'jsonc-parser';
import { IStyle, line, quoted, separator, styleOf, written } from './style';
import { DEFAULT_OUTPUT, IInput, INode } from './types';

/** A text that is no flow; the message says why. */
export class FlowTextError extends Error {}

/** Characters `start` up to `end` become `text`. */
export interface ISplice {
  start: number;
  end: number;
  text: string;
}

/** A value as some file has it: written elsewhere it is the same to the last digit. */
export class Raw {
  constructor(
    private readonly _text: string,
    private readonly _depth: number
  ) {}

  /** As it is written `depth` levels deep. Ends of lines within texts are escaped in JSON. */
  at(depth: number, style: IStyle): string {
    const more = depth - this._depth;
    if (style.indent === null || !more) {
      return this._text;
    }
    const unit = style.indent.repeat(Math.abs(more));
    return more > 0
      ? this._text.replace(/\n/g, `\n${unit}`)
      : this._text.replace(new RegExp(`\\n${unit}`, 'g'), '\n');
  }
}

/**
 * A flow's text, with where each part of it stands.
 *
 * Numbers of learned parameters are larger than JavaScript's are exact, and files come in many
 * styles: so the text is never written as a whole. Every change is a splice; what it does not touch
 * stays byte for byte. Changes give another `FlowText`, whose `splices` lead from the first one's
 * text to its own, each applying to what the one before it gave.
 */
export class FlowText {
  private constructor(
    readonly text: string,
    private readonly _root: Node,
    readonly style: IStyle,
    readonly splices: readonly ISplice[]
  ) {}

  /** Read a text; throws FlowTextError where it is no flow. */
  static parse(text: string): FlowText {
    return FlowText._read(text, null, []);
  }

  /** The nodes in the order of the file. */
  get nodes(): readonly INode[] {
    if (!this._nodes) {
      this._nodes = this._items().map(item => {
        const data = JSON.parse(this._raw(item)) as Partial<INode>;
        return {
          ...(data as INode),
          parameters: data.parameters ?? {},
          inputs: (data.inputs ?? []).map(each => ({
            ...each,
            name: each.name ?? 'df',
            output_name: each.output_name ?? DEFAULT_OUTPUT
          })),
          outputs: (data.outputs ?? []).map(each => ({
            ...each,
            name: each.name ?? DEFAULT_OUTPUT
          }))
        };
      });
    }
    return this._nodes;
  }

  /** A node by its id; throws FlowTextError where there is none. */
  node(id: string): INode {
    const found = this.nodes.find(each => each.node_id === id);
    if (!found) {
      throw new FlowTextError(`The flow has no node ${id}.`);
    }
    return found;
  }

  /** The text of a node as it stands in the file. */
  raw(id: string): string {
    return this._raw(this._item(id));
  }

  /** With a node at the end. */
  append(node: INode): FlowText {
    return this._insert(this._written(node, 2));
  }

  /** With a copy of a node at the end, which is the same but for its id. */
  appendCopy(id: string, copy: string): FlowText {
    const item = this._item(id);
    const value = member(item, 'node_id') as Node;
    const [start, end] = [value.offset - item.offset, value.offset + value.length - item.offset];
    const raw = this._raw(item);
    return this._insert(raw.slice(0, start) + quoted(copy, this.style) + raw.slice(end));
  }

  /** Without a node; nothing is done about those that read it. */
  remove(id: string): FlowText {
    return this._cut(this._array(), this._index(id));
  }

  /** The text of a node's member, for `set`; undefined where there is none. */
  member(id: string, ...path: string[]): Raw | undefined {
    const found = this._at(id, path);
    return found && new Raw(this._raw(found), path.length + 2);
  }

  /**
   * With another value for a member of a node, or for one of an object in it (`path` leads there;
   * all but its last name have to be there). Undefined takes the member away.
   */
  set(id: string, path: string | readonly string[], value: unknown): FlowText {
    const names = typeof path === 'string' ? [path] : path;
    const parent = this._at(id, names.slice(0, -1)) as Node;
    const name = names[names.length - 1];
    const found = member(parent, name);
    const depth = names.length + 2;
    if (value === undefined) {
      return found
        ? this._cut(parent, (parent.children ?? []).indexOf(found.parent as Node))
        : this;
    }
    const text = value instanceof Raw ? value.at(depth, this.style) : this._written(value, depth);
    if (found) {
      const old = this._raw(found);
      const same = old === text || JSON.stringify(JSON.parse(old)) === JSON.stringify(value);
      return same ? this : this._splice(found.offset, found.offset + found.length, text);
    }
    return this._after(parent, quoted(name, this.style) + this.style.colon + text, depth);
  }

  private static _read(text: string, style: IStyle | null, splices: readonly ISplice[]): FlowText {
    let data: { nodes?: unknown };
    try {
      data = JSON.parse(text);
    } catch (error) {
      throw new FlowTextError(`The file is no JSON document: ${(error as Error).message}`);
    }
    const nodes = data?.nodes;
    const named = (each: unknown) =>
      typeof (each as INode | null)?.node_id === 'string' &&
      typeof (each as INode).type === 'string' &&
      typeof (each as INode).operator === 'string';
    if (!Array.isArray(nodes) || !nodes.every(named)) {
      throw new FlowTextError('The file is no flow: it has no list of nodes.');
    }
    const odd = (nodes as unknown[]).find(each => !isWhole(each as Partial<INode>));
    if (odd) {
      const id = (odd as INode).node_id;
      throw new FlowTextError(`The file is no flow: its node ${id} is not as nodes are.`);
    }
    const root = parseTree(text) as Node;
    return new FlowText(text, root, style ?? styleOf(text, root), splices);
  }

  private _written(value: unknown, depth: number): string {
    return written(value, this.style, depth);
  }

  private _at(id: string, path: readonly string[]): Node | undefined {
    return path.reduce<Node | undefined>((at, name) => at && member(at, name), this._item(id));
  }

  private _insert(raw: string): FlowText {
    return this._after(this._array(), raw, 2);
  }

  /** With a further part at the end of an object or array, whose parts are `depth` deep. */
  private _after(parent: Node, raw: string, depth: number): FlowText {
    const last = parent.children?.[parent.children.length - 1];
    if (last) {
      const end = last.offset + last.length;
      return this._splice(end, end, separator(this.style, depth) + raw);
    }
    const inside = line(this.style, depth) + raw + line(this.style, depth - 1);
    return this._splice(parent.offset + 1, parent.offset + parent.length - 1, inside);
  }

  /** Without a part of an object or array. */
  private _cut(parent: Node, index: number): FlowText {
    const parts = parent.children as Node[];
    const part = parts[index];
    if (parts.length === 1) {
      return this._splice(parent.offset + 1, parent.offset + parent.length - 1, '');
    }
    if (index) {
      const before = parts[index - 1];
      return this._splice(before.offset + before.length, part.offset + part.length, '');
    }
    return this._splice(part.offset, parts[1].offset, '');
  }

  private _splice(start: number, end: number, text: string): FlowText {
    const whole = this.text.slice(0, start) + text + this.text.slice(end);
    return FlowText._read(whole, this.style, [...this.splices, { start, end, text }]);
  }

  private _array(): Node {
    return member(this._root, 'nodes') as Node;
  }

  private _items(): Node[] {
    return this._array().children ?? [];
  }

  private _index(id: string): number {
    const index = this.nodes.findIndex(each => each.node_id === id);
    if (index < 0) {
      throw new FlowTextError(`The flow has no node ${id}.`);
    }
    return index;
  }

  private _item(id: string): Node {
    return this._items()[this._index(id)];
  }

  private _raw(node: Node): string {
    return this.text.slice(node.offset, node.offset + node.length);
  }

  private _nodes: INode[] | null = null;
}

/** Whether what a node reads and gives can be told; what it does is the server's to judge. */
function isWhole({ inputs, outputs, studio_disabled: was }: Partial<INode>): boolean {
  const reads = (given: unknown) => typeof (given as IInput | null)?.node_id === 'string';
  const isObject = (given: unknown) => typeof given === 'object' && given !== null;
  const known = (list: unknown, is: (each: unknown) => boolean) =>
    list === undefined || list === null || (Array.isArray(list) && list.every(is));
  const off = was === undefined || (typeof was?.operator === 'string' && known(was.inputs, reads));
  return known(inputs, reads) && known(outputs, isObject) && off;
}

/** The value of an object's member. Of several of one name the last counts, as for JSON.parse. */
function member(object: Node, name: string): Node | undefined {
  return (object.children ?? []).filter(each => each.children?.[0].value === name).pop()
    ?.children?.[1];
}
