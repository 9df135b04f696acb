import React, { useMemo, useState } from 'react';
import { IColumnProfile } from '../../api/types';
import { DataGrid, IDataGridProps } from '../grid/DataGrid';
import { flowSource, marksBefore, trySource } from '../grid/flowSource';
import { CellValue, IGridAction, ITableColumn, ITableSource } from '../grid/types';
import { dataKey, givesTable, placeOf } from '../flow/graph';
import { FlowText } from '../flow/text';
import { IPlace, JsonObject } from '../flow/types';
import { IPreview } from '../steps/StepPanel';
import { ISuggestion, suggestFor, suggestForValue } from '../steps/suggest';
import { FlowSession, IFlowState } from './session';

type Side = 'before' | 'after';

/** The table that belongs to what is chosen: its own, or what it reads; null: there is none. */
export function shownTable(state: IFlowState): IPlace | null {
  const { flow, selected, task } = state;
  if (task.kind === 'add' || task.kind === 'analyse') {
    return task.place;
  }
  const node = flow?.nodes.find(each => each.node_id === selected?.node);
  if (!flow || !node || !selected) {
    return null;
  }
  if (givesTable(node.studio_disabled?.type ?? node.type)) {
    return placeOf(flow, selected.node, selected.output);
  }
  const [given] = node.inputs;
  return given ? placeOf(flow, given.node_id, given.output_name) : null;
}

/** The rows of what is chosen, or those that a step would give whose form is being filled in. */
export function GridArea(props: {
  session: FlowSession;
  state: IFlowState;
  place: IPlace;
  preview: IPreview | null;
  sampleRows: number | null;
}): JSX.Element {
  const { session, state, place, preview, sampleRows } = props;
  const flow = state.flow as FlowText;
  const key = dataKey(flow, place.node);
  const [side, setSide] = useState<Side>('after');
  const source = useMemo<ITableSource>(
    () =>
      preview && side === 'after'
        ? trySource(session.client, preview.attempt, key)
        : flowSource(
            session.client,
            { nodeId: place.node, outputName: place.output, key },
            preview ? marksBefore(preview.tried.Changes) : {}
          ),
    // The key tells when rows may be others; sources take the number of rows from the client.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [session, preview, side, key, place.node, place.output, sampleRows]
  );
  const suggest = (found: ISuggestion[]): IGridAction[] =>
    found.map(({ label, key: step, values }) => ({
      label,
      run: () => session.open({ kind: 'add', place, suggestion: { key: step, values } })
    }));
  const name = session.nameOf(place.node);
  const offers: Pick<IDataGridProps, 'columnActions' | 'cellActions' | 'onFix'> = {
    columnActions: (column: ITableColumn, profile?: IColumnProfile) =>
      suggest(suggestFor(column, profile)),
    cellActions: (column: ITableColumn, value: CellValue) =>
      suggest(suggestForValue(column, value)),
    onFix: remark => {
      const fix = remark.Fix as { operator: string; parameters: JsonObject } | undefined;
      if (fix) {
        session.addAt(place, { operator: fix.operator, parameters: fix.parameters });
      }
    }
  };
  const status = preview ? 'Not in the flow yet' : name;
  return (
    <DataGrid
      source={source}
      label={
        preview && side === 'after'
          ? `Rows that the step would give after ${name}`
          : `Rows of ${name}`
      }
      // A step offered here would take the place of the form that is being filled in.
      {...(preview ? {} : offers)}
      toolbar={preview && <Sides side={side} onSide={setSide} />}
      status={<span className="jp-studio-Muted">{status}</span>}
    />
  );
}

/** Whether the rows are those before or after the step that is tried. */
function Sides(props: { side: Side; onSide: (side: Side) => void }): JSX.Element {
  const button = (side: Side, label: string) => (
    <button
      className="jp-studio-Button"
      aria-pressed={props.side === side}
      data-testid={`rows-${side}`}
      onClick={() => props.onSide(side)}
    >
      {label}
    </button>
  );
  return (
    <span className="jp-studio-Grid-sides" role="group" aria-label="Rows of the step">
      {button('before', 'Before')}
      {button('after', 'After')}
    </span>
  );
}
