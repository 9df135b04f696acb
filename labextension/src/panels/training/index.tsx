import React from 'react';
import { IRouteProps } from '../../core/routedPanel';
import { TrainingCreate } from './create';
import { TrainingDetail } from './detail';
import { TrainingList } from './list';

/** The Training panel. */
export function TrainingView(props: IRouteProps): JSX.Element {
  const { view, name } = props.route;
  if (view === 'create') {
    return <TrainingCreate key={name} {...props} />;
  }
  return view === 'detail' && name ? <TrainingDetail {...props} /> : <TrainingList {...props} />;
}
