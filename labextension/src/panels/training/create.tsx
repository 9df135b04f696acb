import React from 'react';
import { DetailHeader } from '../../components/DetailHeader';
import { ErrorBanner, Loading } from '../../components/Messages';
import { useStudio } from '../../context';
import { IRouteProps } from '../../core/routedPanel';
import { RequestForm } from '../../forms/RequestForm';
import { useOnce } from '../../hooks/useOnce';
import { draftOf, newDraft, toRequest } from './draft';
import { trainingFieldNames, trainingSchema, trainingUiSchema } from './form';

/** The form of a new training job; with a name in the route it is filled like that job. */
export function TrainingCreate({ route, go }: IRouteProps): JSX.Element {
  const { client } = useStudio();
  const { name } = route;
  const start = useOnce(name ?? '', async () => {
    const home = await client.call('Studio.GetHome', {});
    const like = name
      ? await client.call('SageMaker.DescribeTrainingJob', { TrainingJobName: name })
      : undefined;
    const now = new Date();
    return { home, like, draft: like ? draftOf(like, now) : newDraft(home, now) };
  });
  const leave = () => go(name ? { view: 'detail', name } : { view: 'list' });
  return (
    <div className="jp-studio-Detail" data-testid="training-create">
      <DetailHeader
        title={name ? `Train again: ${name}` : 'New training job'}
        back={name ? 'Job' : 'Training jobs'}
        onBack={leave}
      />
      <ErrorBanner error={start.error} />
      {!start.data && !start.error && <Loading />}
      {start.data && (
        <RequestForm
          schema={trainingSchema}
          uiSchema={trainingUiSchema}
          fieldNames={trainingFieldNames}
          initial={start.data.draft}
          submitLabel="Start training"
          onCancel={leave}
          submit={async draft => {
            const request = toRequest(draft, start.data?.home.Role ?? '', start.data?.like);
            await client.call('SageMaker.CreateTrainingJob', request);
            go({ view: 'detail', name: draft.name });
          }}
        />
      )}
    </div>
  );
}
