'use strict';

const { figure } = require('./figures');
const { headlines, measured } = require('./headlines');

/**
 * The chart of a report: a group of bars for each scenario, as long as what
 * the contender takes relative to the reference. Where more is better, that is
 * the inverse. It is drawn on nothing, in colours that a light and a dark page
 * bear.
 */

const TEXT = '#7d8590';
const LINE = '#7d859060';

/** In the order of contenders. */
const COLOURS = ['#f76707', '#ffa94d', '#4c86f0', '#9c6ade', '#2f9e77'];

/** Of who shows what the machine could do. */
const FLOOR_COLOUR = '#98a1ab';

const BAR_HEIGHT = 11;
const WIDTH = 460;

/** Longer bars are cut off; their figures tell. */
const LONGEST = 1.6;

/**
 * @param {Object} report The whole report
 * @return {Promise<String>} An SVG
 */
async function draw(report) {
  const [vega, { compile }] = await Promise.all([
    import('vega'),
    import('vega-lite')
  ]);
  const { spec } = compile(specify(report));
  const view = new vega.View(vega.parse(spec), { renderer: 'none' });
  return view.toSVG();
}

/**
 * @param {Object} report The whole report
 * @return {Object} What Vega-Lite draws
 */
function specify(report) {
  const shown = measured(report).filter(
    ({ name }) => name !== report.reference
  );
  const reference = measured(report).find(
    ({ name }) => name === report.reference
  );
  if (!reference) throw new Error('A chart needs figures of the reference');

  const values = bars(report, shown);
  const y = {
    field: 'scenario',
    type: 'nominal',
    sort: null,
    title: null,
    scale: { paddingInner: 0.3, paddingOuter: 0.15 },
    axis: {
      labelExpr: "split(datum.label, '\\n')",
      labelLimit: 0,
      ticks: false,
      domain: false,
      labelPadding: 8
    }
  };
  const yOffset = { field: 'contender', sort: null };
  const titles = shown.map(({ title }) => title);
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'transparent',
    width: WIDTH,
    height: { step: BAR_HEIGHT, for: 'offset' },
    title: {
      text: `${reference.title} = 1, shorter is better`,
      anchor: 'start',
      frame: 'bounds'
    },
    data: { values },
    layer: [
      {
        mark: { type: 'bar', clip: true },
        encoding: {
          y,
          yOffset,
          x: {
            field: 'length',
            type: 'quantitative',
            title: null,
            scale: { domain: [0, LONGEST], clamp: true, nice: false },
            axis: { values: [0, 0.25, 0.5, 0.75, 1, 1.25, 1.5], format: '~g' }
          },
          color: {
            field: 'contender',
            type: 'nominal',
            sort: null,
            scale: { domain: titles, range: colours(shown) },
            legend: { orient: 'top', title: null, direction: 'horizontal' }
          }
        }
      },
      {
        mark: { type: 'text', align: 'left', dx: 4, fontSize: 9, color: TEXT },
        encoding: {
          y,
          yOffset,
          x: { field: 'length', type: 'quantitative' },
          text: { field: 'text' }
        }
      },
      {
        mark: { type: 'rule', color: TEXT, strokeDash: [4, 3] },
        encoding: { x: { datum: 1 } }
      }
    ],
    config: {
      font: 'system-ui, sans-serif',
      view: { stroke: null },
      title: { color: TEXT, fontWeight: 'normal', fontSize: 12 },
      axis: {
        labelColor: TEXT,
        labelFontSize: 11,
        gridColor: LINE,
        tickColor: LINE,
        domainColor: LINE
      },
      legend: { labelColor: TEXT, labelFontSize: 11 }
    }
  };
}

function bars(report, shown) {
  return headlines(report).flatMap(({ label, unit, more, figures }) => {
    const base = figures[report.reference];
    if (!base) return [];
    const scenario = `${label}\n${unit}, ${report.reference}: ${figure(base.value)}`;
    return shown
      .filter(({ name }) => figures[name]?.ratio !== undefined)
      .map(({ name, title }) => {
        const { value, ratio } = figures[name];
        return {
          scenario,
          contender: title,
          length: more ? 1 / ratio : ratio,
          text: figure(value)
        };
      });
  });
}

function colours(shown) {
  const rest = [...COLOURS];
  return shown.map(({ name }) =>
    name === 'raw' ? FLOOR_COLOUR : (rest.shift() ?? FLOOR_COLOUR)
  );
}

module.exports = { draw, specify };
