/** Figures of analyses in the colours and the font of Lab's theme. */

export type Json = { [name: string]: unknown };

/** A plotly figure as plain JSON. */
export interface IFigure {
  data: Json[];
  layout?: Json;
}

export interface IFigureTheme {
  text: string;
  grid: string;
  background: string;
  font: string;
  /** Of traces, in order. */
  colors: string[];
}

/** Kinds of trace that plotly's cartesian bundle draws. */
const BUNDLED = new Set(
  'scatter bar box heatmap histogram histogram2d histogram2dcontour contour image pie violin'.split(
    ' '
  )
);

/** Whether the bundle that comes with the panel draws all of a figure. */
export function isBundled(figure: IFigure): boolean {
  return figure.data.every(trace => BUNDLED.has(kindOf(trace)));
}

/** WebGL is for more points than analyses give; the bundle leaves it out. */
function kindOf(trace: Json): string {
  return String(trace.type ?? 'scatter').replace(/gl$/, '');
}

/** The figure as it is drawn: what it says itself stays, the rest is the theme's. */
export function themed(figure: IFigure, theme: IFigureTheme): IFigure {
  const layout = figure.layout ?? {};
  const axes = Object.fromEntries(
    axisNames(figure).map(name => [name, { ...axis(theme), ...(layout[name] as Json | undefined) }])
  );
  return {
    data: figure.data.map(trace => ({ ...trace, type: kindOf(trace), ...colors(trace, theme) })),
    layout: {
      paper_bgcolor: 'transparent',
      plot_bgcolor: 'transparent',
      colorway: theme.colors,
      font: { color: theme.text, family: theme.font, size: 12 },
      legend: { orientation: 'h', y: 1.02, yanchor: 'bottom', x: 0 },
      hoverlabel: {
        bgcolor: theme.background,
        bordercolor: theme.grid,
        font: { color: theme.text, family: theme.font }
      },
      modebar: { bgcolor: 'transparent', color: theme.grid, activecolor: theme.text },
      ...layout,
      ...axes,
      autosize: true,
      width: undefined,
      height: undefined
    }
  };
}

function axis(theme: IFigureTheme): Json {
  return {
    gridcolor: theme.grid,
    linecolor: theme.grid,
    zerolinecolor: theme.grid,
    automargin: true
  };
}

/** The axes of a figure: those that its layout or its traces name. */
function axisNames(figure: IFigure): string[] {
  const named = Object.keys(figure.layout ?? {}).filter(name => /^[xy]axis\d*$/.test(name));
  const drawn = figure.data.flatMap(trace =>
    ['xaxis', 'yaxis'].map(name => {
      const short = typeof trace[name] === 'string' ? (trace[name] as string) : '';
      return `${name}${short.slice(1)}`;
    })
  );
  return [...new Set([...named, ...drawn])];
}

/** A heat map about zero is red below it and blue above, in both themes. */
function colors(trace: Json, theme: IFigureTheme): Json {
  if (kindOf(trace) !== 'heatmap' || trace.colorscale) {
    return {};
  }
  const [above, below] = theme.colors;
  const isAboutZero = (trace.zmin as number) < 0;
  const scale = isAboutZero
    ? [
        [0, below],
        [0.5, theme.background],
        [1, above]
      ]
    : [
        [0, theme.background],
        [1, above]
      ];
  return { colorscale: scale, colorbar: { outlinewidth: 0 } };
}

/** What a chart shows, in a sentence for those who cannot see it. */
export function described(figure: IFigure): string {
  const title = (name: string) =>
    ((figure.layout?.[name] as Json | undefined)?.title as Json | undefined)?.text;
  const axes = [title('xaxis'), title('yaxis')].filter(Boolean).join(' and ');
  const names = figure.data.map(trace => trace.name).filter(Boolean);
  return [
    axes && `Chart of ${axes}.`,
    names.length > 1 && `Shown: ${names.slice(0, 8).join(', ')}.`
  ]
    .filter(Boolean)
    .join(' ');
}
