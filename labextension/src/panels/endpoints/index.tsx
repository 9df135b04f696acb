import React from 'react';
import { IRouteProps } from '../../core/routedPanel';
import { EndpointCreate } from './create';
import { EndpointDetail } from './detail';
import { EndpointList } from './list';

/** The Endpoints panel. */
export function EndpointsView(props: IRouteProps): JSX.Element {
  const { view, name } = props.route;
  if (view === 'create') {
    return <EndpointCreate {...props} />;
  }
  return view === 'detail' && name ? <EndpointDetail {...props} /> : <EndpointList {...props} />;
}
