/** Finding a step by what it is to do: "scale", "one hot", "remove outliers". */
import MiniSearch from 'minisearch';
import { ITransform } from '../../api/types';
import { synonymsOf } from './synonyms';

/** Forms of older flows: they open, and new flows have the same step by another name. */
const OLDER = new Set(['custom_pandas', 'custom_pyspark', 'custom_sql']);

/** Words that say nothing about what is to be done. */
const FILLERS = new Set('a an and by for from in into of on or the to with my all'.split(' '));

interface IEntry {
  id: string;
  label: string;
  group: string;
  synonyms: string;
  variants: string;
  help: string;
}

export interface IGroup {
  name: string;
  transforms: ITransform[];
}

/** A word as it is compared: small letters, without the endings that change nothing. */
function stem(term: string): string | null {
  const word = term.toLowerCase().replace(/is(e|ing|ed)$/, 'iz$1');
  if (FILLERS.has(word)) {
    return null;
  }
  return word.length > 4 ? word.replace(/(?:ings?|ers?|ed|es|e|s)$/, '') : word.replace(/s$/, '');
}

/** The steps that a person can add, and the search in them. */
export class Catalogue {
  constructor(transforms: readonly ITransform[]) {
    this.transforms = transforms.filter(each => !OLDER.has(each.Key));
    this._byKey = new Map(transforms.map(each => [each.Key, each]));
    this._index = new MiniSearch<IEntry>({
      fields: ['label', 'synonyms', 'group', 'variants', 'help'],
      processTerm: stem
    });
    this._index.addAll(
      this.transforms.map(each => ({
        id: each.Key,
        label: each.Label,
        group: each.Group,
        synonyms: synonymsOf(each.Key),
        variants: each.Variants.join(' '),
        help: each.Help
      }))
    );
  }

  /** Those that can be added, in the order of the catalogue. */
  readonly transforms: ITransform[];

  /** Any step, also of older flows. */
  get(key: string): ITransform | undefined {
    return this._byKey.get(key);
  }

  /** Steps that fit, the best first; all of them where nothing is looked for. */
  find(text: string): ITransform[] {
    const query = text.trim();
    if (!query) {
      return this.transforms;
    }
    const options = {
      prefix: true,
      fuzzy: (term: string) => (term.length < 4 ? false : term.length < 6 ? 1 : 2),
      boost: { label: 4, synonyms: 2.5, group: 1.5, variants: 1, help: 0.5 }
    };
    // All words first: only where no step has all of them, some.
    const strict = this._index.search(query, { ...options, combineWith: 'AND' });
    const found = strict.length ? strict : this._index.search(query, options);
    return found.flatMap(({ id }) => this._byKey.get(id as string) ?? []);
  }

  /** All steps by group, in the order of the catalogue. */
  groups(): IGroup[] {
    const found = new Map<string, ITransform[]>();
    for (const each of this.transforms) {
      found.set(each.Group, [...(found.get(each.Group) ?? []), each]);
    }
    return [...found].map(([name, transforms]) => ({ name, transforms }));
  }

  private readonly _byKey: Map<string, ITransform>;
  private readonly _index: MiniSearch<IEntry>;
}
