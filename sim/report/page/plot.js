// Lines and stacked areas over time.

const MARGIN = {top: 8, right: 12, bottom: 34, left: 62};
const PLOT_HEIGHT = 210;

// Round numbers from 0 to at least `most`, about `about` of them.
function ticks(most, about) {
  if (!(most > 0)) return [0, 1];
  const rough = most / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const all = [];
  for (let i = 0; i * step < most + step * 0.999; ++i) all.push(Number((i * step).toPrecision(12)));
  return all;
}

function pathOf(points, x, y) {
  return points.map(([at, value], i) => `${i === 0 ? 'M' : 'L'}${x(at).toFixed(1)},${y(value).toFixed(1)}`).join('');
}

// What is to be drawn once the page is put together.
const toBeDrawn = [];

// Calls draw(width) once the page is put together and whenever the width of `holder` changes, and shows what
// it returns.
function drawnToFit(holder, draw) {
  let last = 0;
  const fit = () => {
    const width = Math.max(260, Math.floor(holder.clientWidth));
    if (width === last) return;
    last = width;
    holder.replaceChildren(draw(width));
  };
  toBeDrawn.push(fit);
  // In the next frame, since drawing changes heights, which the observer must not see at once.
  new ResizeObserver(() => requestAnimationFrame(fit)).observe(holder);
  return holder;
}

// A frame with axes. `plot`: xMax, xText, yMax, yText, faults.
function axes(plot, width) {
  const right = width - MARGIN.right;
  const bottom = PLOT_HEIGHT - MARGIN.bottom;
  const yTicks = ticks(plot.yMax, 4);
  const yMost = yTicks.at(-1);
  const x = (at) => MARGIN.left + (right - MARGIN.left) * at / plot.xMax;
  const y = (value) => bottom - (bottom - MARGIN.top) * value / yMost;
  const marks = drawing('g', {'aria-hidden': 'true'});
  for (const value of yTicks) {
    marks.append(drawing('line', {class: 'grid', x1: MARGIN.left, x2: right, y1: y(value), y2: y(value)}),
      drawing('text', {x: MARGIN.left - 6, y: y(value) + 4, 'text-anchor': 'end'}, plot.yText(value)));
  }
  for (const at of ticks(plot.xMax, width < 420 ? 4 : 7).filter((tick) => tick <= plot.xMax)) {
    marks.append(drawing('text', {x: x(at), y: bottom + 16, 'text-anchor': 'middle'}, String(at)));
  }
  marks.append(drawing('line', {class: 'axis', x1: MARGIN.left, x2: right, y1: bottom, y2: bottom}),
    drawing('text', {x: right, y: bottom + 30, 'text-anchor': 'end'}, plot.xText));
  for (const fault of plot.faults ?? []) {
    if (fault.seconds > plot.xMax) continue;
    marks.append(drawing('line', {class: 'fault', x1: x(fault.seconds), x2: x(fault.seconds), y1: MARGIN.top, y2: bottom},
      drawing('title', {}, `${words(fault.kind)} ${fault.phase}, ${fault.seconds} s`)));
  }
  return {x, y, bottom, right, marks};
}

function curves(plot, frame) {
  return plot.series.map((series) => drawing('path',
    {class: `curve ${series.color} ${series.dash ?? ''}`, d: pathOf(series.points, frame.x, frame.y)}));
}

// Each series on top of those before. All have the same times.
function areas(plot, frame) {
  let below = plot.series[0].points.map(([at]) => [at, 0]);
  return plot.series.map((series) => {
    const above = series.points.map(([at, value], i) => [at, below[i][1] + value]);
    const outline = pathOf([...above, ...below.toReversed()], frame.x, frame.y) + 'Z';
    below = above;
    return drawing('path', {class: `area ${series.color}`, d: outline});
  });
}

function legendOf(plot) {
  const list = element('ul', {class: 'legend'});
  for (const series of plot.series) {
    const mark = plot.isStacked
      ? drawing('rect', {class: `bar ${series.color}`, width: 24, height: 12})
      : drawing('path', {class: `curve ${series.color} ${series.dash ?? ''}`, d: 'M0,6L26,6'});
    list.append(element('li', {}, drawing('svg', {viewBox: '0 0 26 12', 'aria-hidden': 'true'}, mark), series.name));
  }
  return list;
}

// The value of a series at a time: of its last point that is not later.
function valueAt(points, at) {
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle][0] <= at) low = middle + 1; else high = middle;
  }
  return low === 0 ? 0 : points[low - 1][1];
}

// Tells the values under the pointer.
function listen(svg, plot, frame, readout) {
  const cursor = drawing('line', {class: 'cursor', y1: MARGIN.top, y2: frame.bottom, visibility: 'hidden'});
  svg.append(cursor);
  svg.addEventListener('pointermove', (event) => {
    const box = svg.getBoundingClientRect();
    const at = (event.clientX - box.left - MARGIN.left) / (frame.right - MARGIN.left) * plot.xMax;
    if (at < 0 || at > plot.xMax) return;
    for (const end of ['x1', 'x2']) cursor.setAttribute(end, frame.x(at));
    cursor.setAttribute('visibility', 'visible');
    readout.textContent = `${secondsText(at)}: ` +
      plot.series.map((series) => `${series.name} ${plot.yText(valueAt(series.points, at))}`).join(', ');
  });
  svg.addEventListener('pointerleave', () => {
    cursor.setAttribute('visibility', 'hidden');
    readout.textContent = '';
  });
}

// A figure. `plot`: id, title, note, series [{name, color, dash, points: [[x, y]]}], isStacked, xMax, xText,
// yMax (found if absent), yText, faults.
function plotFigure(plot) {
  if (plot.yMax === undefined) {
    const tops = plot.series.map((series) => Math.max(0, ...series.points.map((point) => point[1])));
    const stacked = () => Math.max(...plot.series[0].points.map((_, i) => sum(plot.series.map((series) => series.points[i][1]))));
    plot.yMax = plot.isStacked ? stacked() : Math.max(...tops);
  }
  const readout = element('p', {class: 'readout', 'aria-live': 'off'});
  const holder = drawnToFit(element('div'), (width) => {
    const frame = axes(plot, width);
    const svg = drawing('svg', {viewBox: `0 0 ${width} ${PLOT_HEIGHT}`, height: PLOT_HEIGHT, role: 'img', 'aria-label': plot.title});
    svg.append(frame.marks, ...(plot.isStacked ? areas : curves)(plot, frame));
    listen(svg, plot, frame, readout);
    return svg;
  });
  return element('figure', {class: 'card plot', id: plot.id},
    element('figcaption', {}, element('h3', {}, plot.title), plot.note ? element('p', {}, plot.note) : null),
    holder, legendOf(plot), readout);
}
