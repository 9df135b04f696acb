import { expect, inject, it } from 'vitest';
import { Catalogue } from './search';

const catalogue = new Catalogue(inject('transforms'));

function first(text: string, count = 3): string[] {
  return catalogue
    .find(text)
    .slice(0, count)
    .map(each => each.Label);
}

it.each([
  ['scale', 'Standard scaler'],
  ['normalise', 'Normalize rows'],
  ['one hot', 'One-hot encode'],
  ['onehot', 'One-hot encode'],
  ['dummies', 'One-hot encode'],
  ['remove outliers', 'Standard deviation numeric outliers'],
  ['fill null values', 'Fill missing'],
  ['drop nan rows', 'Drop rows with missing values'],
  ['merge', 'Join'],
  ['union', 'Concatenate'],
  ['aggregate', 'Group by and aggregate'],
  ['melt', 'Unpivot'],
  ['convert type', 'Parse value as type'],
  ['tf-idf', 'Vectorize'],
  ['train test split', 'Randomized split'],
  ['delete column', 'Drop column'],
  ['rename', 'Rename column'],
  ['pca', 'PCA'],
  ['formula', 'Custom formula'],
  ['pandas', 'Python (Pandas)'],
  ['asof join', 'Rolling join'],
  ['trim', 'Strip left and right'],
  ['weekday', 'Featurize datetime'],
  ['smote', 'SMOTE']
])('"%s" finds %s', (text, label) => expect(first(text)).toContain(label));

it.each([
  ['scael', 'Standard scaler'],
  ['ordnial', 'Ordinal encode'],
  ['duplicte', 'Drop duplicates']
])('"%s", mistyped, finds %s', (text, label) => expect(first(text, 5)).toContain(label));

it('finds words as the English write them', () => {
  expect(first('normalise', 6)).toContain('Min-max scaler');
  expect(first('normalise', 6)).toEqual(first('normalize', 6));
});

it('puts the step of exactly that name first', () => {
  for (const { Label } of catalogue.transforms) {
    expect(first(Label, 4), Label).toContain(Label);
  }
});

it('has all steps where nothing is looked for, and none for nonsense', () => {
  expect(catalogue.find(' ')).toHaveLength(catalogue.transforms.length);
  expect(catalogue.find('xqzwvk')).toEqual([]);
  expect(catalogue.groups().flatMap(each => each.transforms)).toHaveLength(
    catalogue.transforms.length
  );
});

it('opens forms of older flows, which it does not offer', () => {
  expect(catalogue.get('custom_sql')?.Label).toBe('SQL (older form)');
  expect(catalogue.find('SQL (older form)').map(each => each.Key)).not.toContain('custom_sql');
});
