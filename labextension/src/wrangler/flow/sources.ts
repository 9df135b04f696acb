import { INewStep } from './types';

/** What the endings of files say of what is in them: the words of a source's `s3ContentType`. */
const CONTENT_TYPES: Record<string, string> = {
  csv: 'csv',
  tsv: 'csv',
  txt: 'csv',
  parquet: 'parquet',
  pq: 'parquet',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  json: 'json',
  orc: 'orc'
};

/** What says how a file is packed. */
const PACKED = /\.(gz|zst|bz2|xz|deflate|zip)$/i;

/** What a file holds, by its name; undefined where no flow reads it. */
export function contentTypeOf(path: string): string | undefined {
  return CONTENT_TYPES[ending(path)];
}

/** A file's name without what its endings say. */
export function stemOf(path: string): string {
  const name = path.split('/').pop() ?? path;
  return name.replace(PACKED, '').replace(/\.[^.]+$/, '');
}

/** A source that reads a file, or all of a folder, and the steps that belong to it. */
export function sourceSteps(address: string, contentType?: string): INewStep[] {
  const kind = contentType ?? contentTypeOf(address) ?? 'csv';
  const name = address.replace(/\/+$/, '').split('/').pop() ?? address;
  const source: INewStep = {
    type: 'SOURCE',
    operator: 'sagemaker.s3_source_0.1',
    parameters: {
      dataset_definition: {
        __typename: 'S3CreateDatasetDefinitionOutput',
        datasetSourceType: 'S3',
        name,
        description: null,
        s3ExecutionContext: {
          __typename: 'S3ExecutionContext',
          s3Uri: address,
          s3ContentType: kind,
          ...(kind === 'csv' ? { s3HasHeader: true } : {})
        }
      }
    }
  };
  // Text files have no types: Data Wrangler too finds them out in a step of its own.
  const types = { operator: 'sagemaker.spark.infer_and_cast_type_0.1', parameters: {} };
  return kind === 'csv' || kind === 'json' || kind === 'jsonl'
    ? [source, { ...types, name: 'Data types' }]
    : [source];
}

function ending(path: string): string {
  return path.replace(PACKED, '').split('.').pop()?.toLowerCase() ?? '';
}
