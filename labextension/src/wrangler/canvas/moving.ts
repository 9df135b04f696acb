import { readers } from '../flow/graph';
import { FlowText } from '../flow/text';

type Place = { x: number; y: number } | undefined;

/**
 * The node that an arrow key leads to from another: right and left along what reads what, up and
 * down among those that stand in the same column. Null where there is none.
 */
export function neighbourOf(
  flow: FlowText,
  from: string,
  key: string,
  placeOf: (id: string) => Place
): string | null {
  const here = placeOf(from);
  const node = flow.nodes.find(each => each.node_id === from);
  if (!here || !node) {
    return null;
  }
  const nearest = (ids: string[]): string | null => {
    const distance = (id: string) => Math.abs((placeOf(id)?.y ?? Infinity) - here.y);
    return [...ids].sort((one, other) => distance(one) - distance(other))[0] ?? null;
  };
  const beside = (below: boolean) =>
    flow.nodes
      .map(each => each.node_id)
      .filter(id => {
        const place = placeOf(id);
        return place && place.x === here.x && (below ? place.y > here.y : place.y < here.y);
      });
  switch (key) {
    case 'ArrowRight':
      return nearest(readers(flow, from).map(each => each.node_id));
    case 'ArrowLeft':
      return nearest(node.inputs.map(given => given.node_id));
    case 'ArrowDown':
      return nearest(beside(true));
    case 'ArrowUp':
      return nearest(beside(false));
    default:
      return null;
  }
}
