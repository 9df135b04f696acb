import { DocumentRegistry } from '@jupyterlab/docregistry';
import React, { useMemo } from 'react';
import { StudioClient } from '../../api/client';
import { useStudio } from '../../context';
import { FlowClient } from '../api';
import { EditorsContext } from '../steps/fields/CodeField';
import { IFlowActions } from '../tokens';
import Editor from './Editor';
import { SharedText } from './text';

/** The editor on a document of Lab's. */
export default function Opened(props: {
  flowId: string;
  client: StudioClient;
  model: DocumentRegistry.IModel;
  chooseFile: () => Promise<string | null>;
  openAsText: () => void;
  onActions: (actions: IFlowActions | null) => void;
}): JSX.Element {
  const { flowId, client, model } = props;
  const text = useMemo(() => new SharedText(model), [model]);
  const { editors } = useStudio();
  return (
    <EditorsContext.Provider value={editors}>
      <Editor
        text={text}
        makeClient={options => new FlowClient(client, flowId, options)}
        chooseFile={props.chooseFile}
        openAsText={props.openAsText}
        onActions={props.onActions}
      />
    </EditorsContext.Provider>
  );
}
