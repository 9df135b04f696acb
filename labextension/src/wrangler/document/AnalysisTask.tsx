import React from 'react';
import { ErrorBanner, Loading } from '../../components/Messages';
import { useStudio } from '../../context';
import { AnalysisList } from '../analyses/AnalysisList';
import { AnalysisPanel } from '../analyses/AnalysisPanel';
import { dataKey, placeOf } from '../flow/graph';
import { FlowText } from '../flow/text';
import { IPlace } from '../flow/types';
import { Values } from '../steps/values';
import { FlowSession, IFlowState } from './session';
import { tableOf } from './StepTask';
import { useCatalogue } from './useCatalogue';

/** An analysis that is shown: one of the flow, or one that is being made. */
export interface IShownAnalysis {
  place: IPlace;
  key: string;
  /** The node; none for a new one. */
  node?: string;
  values?: Values;
}

/** The analysis that is chosen; null where there is none. */
export function shownAnalysis(session: FlowSession, state: IFlowState): IShownAnalysis | null {
  const { task, selected } = state;
  if (task.kind === 'analyse') {
    return task.key ? { place: task.place, key: task.key } : null;
  }
  const node = task.kind === 'node' && selected ? session.selectedNode : undefined;
  const described = node && session.described(node.node_id);
  const [given] = node?.inputs ?? [];
  if (!state.flow || !node || node.type !== 'VISUALIZATION' || !described?.Key || !given) {
    return null;
  }
  return {
    place: placeOf(state.flow, given.node_id, given.output_name),
    key: described.Key,
    node: node.node_id,
    values: described.Parameters as Values
  };
}

/** The analyses that can be made of a table. */
export function AnalyseTask(props: { session: FlowSession; place: IPlace }): JSX.Element {
  const { session, place } = props;
  const sample = session.client.sampleRows;
  const catalogue = useCatalogue(session.client, 'analyses');
  return (
    <>
      <h3 className="jp-studio-SidePanel-title">Analyse {session.nameOf(place.node)}</h3>
      {sample !== null && (
        <p className="jp-studio-Muted" data-testid="analysed-sample">
          Looks at {sample.toLocaleString('en')} rows of each source at most, as above.
        </p>
      )}
      <ErrorBanner error={catalogue.error} onRetry={catalogue.again} />
      {!catalogue.found && !catalogue.error && <Loading />}
      {catalogue.found && (
        <AnalysisList
          analyses={catalogue.found}
          onChoose={({ Key }) => session.open({ kind: 'analyse', place, key: Key })}
        />
      )}
    </>
  );
}

/** What an analysis finds, with its form. */
export function AnalysisArea(props: {
  session: FlowSession;
  state: IFlowState;
  shown: IShownAnalysis;
}): JSX.Element {
  const { session, shown } = props;
  const { place, node } = shown;
  const { rendermime } = useStudio();
  const catalogue = useCatalogue(session.client, 'analyses');
  const analysis = catalogue.found?.find(each => each.Key === shown.key);
  if (!analysis) {
    return catalogue.error ? (
      <ErrorBanner error={catalogue.error} onRetry={catalogue.again} />
    ) : (
      <Loading />
    );
  }
  return (
    <AnalysisPanel
      key={`${node} ${shown.key} ${JSON.stringify(shown.values ?? null)}`}
      flow={session.client}
      analysis={analysis}
      table={tableOf(session, place)}
      values={shown.values}
      isKept={node !== undefined}
      version={dataKey(props.state.flow as FlowText, place.node)}
      rendermime={rendermime}
      onApply={({ operator, parameters }) =>
        node
          ? session.replace(node, { operator, parameters })
          : session.addBeside(place, { type: 'VISUALIZATION', operator, parameters })
      }
      onFix={({ operator, parameters }) => {
        session.addAt(place, { operator, parameters });
        // The report stays: it may have more to mend.
        session.select(
          node ? { node } : place,
          node ? undefined : { kind: 'analyse', place, key: shown.key }
        );
      }}
      onCancel={() => (node ? session.select(null) : session.open({ kind: 'analyse', place }))}
    />
  );
}
