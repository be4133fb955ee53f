import type {TopLevelSpec} from 'vega-lite'

/** SVG text from vega-lite, without a browser; the only file that imports vega. */

/** Okabe and Ito's colours, told apart with any kind of colour vision. */
const palette = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#000000']
const config = {
  font: 'system-ui, sans-serif',
  background: 'white',
  view: {stroke: null},
  axis: {
    labelFontSize: 12,
    titleFontSize: 12,
    titleFontWeight: 'normal',
    labelColor: '#333',
    titleColor: '#333',
    gridColor: '#e8e8e8',
    domainColor: '#888',
    tickColor: '#888',
  },
  title: {fontSize: 13, fontWeight: 600, anchor: 'start', color: '#222'},
  legend: {labelFontSize: 12, title: null, orient: 'top', labelLimit: 400, symbolStrokeWidth: 2.5, symbolOpacity: 1},
} as const

/** Axes and legends inside the given size, so that figures side by side match. */
export const fixedSize = {type: 'fit', contains: 'padding'}

/** Draws a specification in the colours and letters of all figures; equal ones give equal bytes. */
export async function drawSvg(spec: Readonly<Record<string, unknown>>): Promise<string> {
  const [vega, vegaLite] = await Promise.all([import('vega'), import('vega-lite')])
  const compiled = vegaLite.compile({...spec, config, padding: 8} as unknown as TopLevelSpec)
  const view = new vega.View(vega.parse(compiled.spec), {renderer: 'none', logLevel: vega.Error})
  try {
    return await view.toSVG()
  } finally {
    view.finalize()
  }
}

/** The colour channel of a field, with a legend where there are several names. */
export function colorBy(names: readonly string[], field = 'name', columns = 4) {
  const domain = [...new Set(names)]
  return {
    field,
    type: 'nominal',
    scale: {domain, range: domain.map((_, i) => palette[i % palette.length])},
    legend: domain.length > 1 ? {columns} : null,
  }
}
