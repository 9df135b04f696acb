import '../../../style/wrangler/steps.css';
import '../../../style/wrangler/analyses.css';
import React from 'react';
import { IAnalysis } from '../../api/types';
import { Help } from '../steps/FieldList';
import { REPORT } from './kinds';

/** The analyses that there are, the report of the whole table first. */
export function AnalysisList(props: {
  analyses: readonly IAnalysis[];
  onChoose: (analysis: IAnalysis) => void;
}): JSX.Element {
  const { analyses } = props;
  const ordered = [
    ...analyses.filter(each => each.Key === REPORT),
    ...analyses.filter(each => each.Key !== REPORT)
  ];
  return (
    <div className="jp-studio-StepSearch-list" data-testid="analyses">
      {ordered.map(each => (
        <button
          key={each.Key}
          type="button"
          className="jp-studio-StepSearch-entry"
          data-key={each.Key}
          onClick={() => props.onChoose(each)}
        >
          <span className="jp-studio-StepSearch-label">{each.Label}</span>
          <span className="jp-studio-StepSearch-help">
            <Help text={each.Help} />
          </span>
        </button>
      ))}
    </div>
  );
}
