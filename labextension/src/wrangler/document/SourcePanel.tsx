import React, { FormEvent, useState } from 'react';
import { contentTypeOf, sourceSteps } from '../flow/sources';
import { INewStep } from '../flow/types';

const TYPES: [string, string][] = [
  ['csv', 'CSV, or text with another delimiter'],
  ['parquet', 'Parquet'],
  ['jsonl', 'JSON lines'],
  ['json', 'JSON'],
  ['orc', 'ORC']
];

/** Where a new source's rows come from. */
export function SourcePanel(props: {
  /** Let the person choose a file of this server; its path as the flow names it. */
  chooseFile: () => Promise<string | null>;
  onAdd: (source: INewStep, then: INewStep[]) => void;
}): JSX.Element {
  const [address, setAddress] = useState('');
  const [type, setType] = useState('');
  const found = contentTypeOf(address);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const [source, ...then] = sourceSteps(address.trim(), type || found);
    props.onAdd(source, then);
  };
  const choose = async () => {
    const chosen = await props.chooseFile();
    if (chosen) {
      setAddress(chosen);
    }
  };
  return (
    <form className="jp-studio-SourcePanel" onSubmit={submit} data-testid="source-form">
      <h3>Add data</h3>
      <label>
        File or folder
        <span className="jp-studio-SourcePanel-address">
          <input
            className="jp-studio-Input"
            value={address}
            // The person has just asked for the form.
            // eslint-disable-next-line jsx-a11y/no-autofocus
            autoFocus={true}
            placeholder="customers.csv or s3://bucket/folder/"
            data-testid="source-address"
            onChange={event => setAddress(event.target.value)}
          />
          <button type="button" className="jp-studio-Button" onClick={() => void choose()}>
            Browse…
          </button>
        </span>
        <span className="jp-studio-Muted">
          A path counts from the folder that the flow lies in; of a folder all files are read.
        </span>
      </label>
      <label>
        Kind of file
        <select
          className="jp-studio-Input"
          value={type || found || ''}
          data-testid="source-type"
          onChange={event => setType(event.target.value)}
        >
          {!found && <option value="">As the names of the files say</option>}
          {TYPES.map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <button
        type="submit"
        className="jp-studio-Button jp-mod-primary"
        disabled={!address.trim()}
        data-testid="source-add"
      >
        Add
      </button>
    </form>
  );
}
