import { LabIcon } from '@jupyterlab/ui-components';
import endpointsSvg from '../style/icons/endpoints.svg';
import flowSvg from '../style/icons/flow.svg';
import studioSvg from '../style/icons/studio.svg';
import trainingSvg from '../style/icons/training.svg';

/** Studio itself: the left bar, the home card. */
export const studioIcon = new LabIcon({ name: 'studio-ext:studio', svgstr: studioSvg });

export const trainingIcon = new LabIcon({ name: 'studio-ext:training', svgstr: trainingSvg });

export const endpointsIcon = new LabIcon({ name: 'studio-ext:endpoints', svgstr: endpointsSvg });

export const flowIcon = new LabIcon({ name: 'studio-ext:flow', svgstr: flowSvg });
