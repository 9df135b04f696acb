import { expect, it } from 'vitest';
import { described, IFigureTheme, isBundled, themed } from './figure';

const THEME: IFigureTheme = {
  text: '#111',
  grid: '#ddd',
  background: '#fff',
  font: 'sans',
  colors: ['blue', 'orange']
};

it('takes colours and font of the theme, and keeps what the figure says', () => {
  const figure = {
    data: [{ type: 'bar', x: ['a'], y: [1], name: 'n' }],
    layout: { barmode: 'stack', xaxis: { title: { text: 'age' }, gridcolor: 'red' } }
  };
  const { layout, data } = themed(figure, THEME);
  expect(layout).toMatchObject({
    barmode: 'stack',
    colorway: THEME.colors,
    font: { color: '#111', family: 'sans' },
    xaxis: { title: { text: 'age' }, gridcolor: 'red' },
    yaxis: { gridcolor: '#ddd' }
  });
  expect(data[0]).toMatchObject({ type: 'bar', y: [1] });
  expect(figure.data[0]).toEqual({ type: 'bar', x: ['a'], y: [1], name: 'n' });
});

it('themes every axis that traces name', () => {
  const data = [{ type: 'scatter', xaxis: 'x2', yaxis: 'y3' }];
  expect(themed({ data }, THEME).layout).toMatchObject({
    xaxis2: { gridcolor: '#ddd' },
    yaxis3: { gridcolor: '#ddd' }
  });
});

it('draws points without WebGL, and leaves kinds that it does not know to others', () => {
  const points = { data: [{ type: 'scattergl', x: [1], y: [1] }] };
  expect(isBundled(points)).toBe(true);
  expect(themed(points, THEME).data[0].type).toBe('scatter');
  expect(isBundled({ data: [{ type: 'sunburst' }] })).toBe(false);
});

it('colours a heat map about zero in two directions', () => {
  const scale = (zmin: number) =>
    (themed({ data: [{ type: 'heatmap', zmin }] }, THEME).data[0].colorscale as unknown[]).length;
  expect(scale(-1)).toBe(3);
  expect(scale(0)).toBe(2);
});

it('says what a chart shows', () => {
  const layout = { xaxis: { title: { text: 'age' } }, yaxis: { title: { text: 'Rows' } } };
  const data = [{ name: 'yes' }, { name: 'no' }];
  expect(described({ data, layout })).toBe('Chart of age and Rows. Shown: yes, no.');
});
