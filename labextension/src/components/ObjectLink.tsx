import { downloadIcon } from '@jupyterlab/ui-components';
import React from 'react';
import { useStudio } from '../context';
import { baseName } from '../format';
import { Copyable } from './Copyable';

/** An S3 address, with a button that downloads the object behind it. */
export function ObjectLink(props: { uri: string; download?: boolean }): JSX.Element {
  const { client } = useStudio();
  return (
    <span className="jp-studio-ObjectLink">
      <Copyable text={props.uri} label="S3 address" />
      {props.download && (
        <a
          className="jp-studio-Button"
          href={client.objectUrl(props.uri)}
          download={baseName(props.uri)}
          data-testid="download"
        >
          <downloadIcon.react tag="span" height="14px" width="14px" />
          Download
        </a>
      )}
    </span>
  );
}
