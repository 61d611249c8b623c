// How the sampled chunk spread: a row a node, a bar a transfer, time to the right.

const ROWS_MAX = 400;
const TREE_HEIGHT_MAX = 960;

// Rows in the order of the tree: a source, then those it gave to, the earliest first.
function treeRows(edges) {
  const first = new Map();
  for (const edge of edges) {
    if (edge.how === 'done' && !first.has(edge.reader)) first.set(edge.reader, edge);
  }
  const children = new Map();
  const roots = [];
  for (const edge of first.values()) {
    if (edge.source === null || !first.has(edge.source)) { roots.push(edge); continue; }
    if (!children.has(edge.source)) children.set(edge.source, []);
    children.get(edge.source).push(edge);
  }
  const rows = [];
  const byStart = (one, other) => one.started - other.started || one.reader - other.reader;
  const stack = roots.sort(byStart).toReversed().map((edge) => ({edge, depth: 1, parent: null}));
  while (stack.length > 0) {
    const {edge, depth, parent} = stack.pop();
    const row = {edge, depth, parent, at: rows.length};
    rows.push(row);
    const next = (children.get(edge.reader) ?? []).sort(byStart).toReversed();
    children.delete(edge.reader);
    stack.push(...next.map((child) => ({edge: child, depth: depth + 1, parent: row})));
  }
  return rows;
}

function nodeName(run, node) {
  const superpeers = run.load.links.superpeer_up?.links ?? 0;
  return node < superpeers ? `superpeer ${node}` : `reader ${node - superpeers}`;
}

function edgeTitle(run, edge) {
  const source = edge.source === null ? 'the origin' : nodeName(run, edge.source);
  return `${nodeName(run, edge.reader)} from ${source}, ${edge.started.toFixed(3)} to ${edge.ended.toFixed(3)} s`;
}

// Where things are in the drawing: names to the left, each a step to the right of its source's; bars to
// the right of them.
function treeLayout(tree, width) {
  const depthMost = Math.max(...tree.rows.map((row) => row.depth));
  const rowHeight = Math.max(2, Math.min(18, TREE_HEIGHT_MAX / tree.rows.length));
  const hasNames = rowHeight >= 11 && width >= 560;
  const step = Math.min(hasNames ? 14 : 7, width / 6 / depthMost);
  const left = step * depthMost + (hasNames ? 92 : 12);
  return {
    rowHeight, hasNames, height: tree.rows.length * rowHeight + 30,
    x: (at) => left + (width - left - 12) * (at - tree.from) / (tree.to - tree.from),
    y: (row) => 4 + (row.at + 0.5) * rowHeight,
    nodeX: (row) => 5 + (row.depth - 1) * step,
  };
}

function timeMarks(tree, layout, width) {
  const step = ticks(tree.to - tree.from, width < 560 ? 3 : 6)[1];
  const bottom = layout.height - 24;
  const marks = drawing('g', {'aria-hidden': 'true'});
  for (let at = Math.ceil(tree.from / step) * step; at <= tree.to; at += step) {
    marks.append(drawing('line', {class: 'grid', x1: layout.x(at), x2: layout.x(at), y1: 0, y2: bottom}),
      drawing('text', {x: layout.x(at), y: bottom + 16, 'text-anchor': 'middle'}, `${Number(at.toPrecision(6))} s`));
  }
  return marks;
}

// A node and the line to its source.
function treeNode(run, layout, row) {
  const {edge, parent} = row;
  const node = drawing('g', {class: edge.kind});
  const x = layout.nodeX(row);
  const y = layout.y(row);
  if (parent !== null)
    node.append(drawing('path', {class: 'link', d: `M${layout.nodeX(parent)},${layout.y(parent)}V${y}H${x}`}));
  node.append(drawing('circle', {class: 'bar', cx: x, cy: y, r: Math.min(3.5, layout.rowHeight / 3)}));
  if (layout.hasNames) node.append(drawing('text', {x: x + 7, y: y + 4}, nodeName(run, edge.reader)));
  return node;
}

function treeBar(run, layout, edge, y, now) {
  const from = layout.x(edge.started);
  return drawing('rect', {class: `bar ${edge.kind}`, x: from, width: Math.max(1.5, layout.x(Math.min(edge.ended, now)) - from),
    y: y - layout.rowHeight * 0.35, height: Math.max(1.5, layout.rowHeight * 0.7)}, drawing('title', {}, edgeTitle(run, edge)));
}

// The drawing as it was at the time `now`.
function treeDrawing(run, tree, width, now) {
  const layout = treeLayout(tree, width);
  const svg = drawing('svg', {viewBox: `0 0 ${width} ${layout.height}`, height: layout.height, role: 'img', 'aria-label': 'How the chunk spread'},
    timeMarks(tree, layout, width));
  for (const row of tree.rows.filter(({edge}) => edge.started <= now)) {
    const y = layout.y(row);
    if (row.edge.ended <= now) svg.append(drawing('line', {class: 'holds', x1: layout.x(row.edge.ended), x2: layout.x(now), y1: y, y2: y}));
    svg.append(treeNode(run, layout, row), treeBar(run, layout, row.edge, y, now));
  }
  svg.append(drawing('line', {class: 'cursor', x1: layout.x(now), x2: layout.x(now), y1: 0, y2: layout.height - 24}));
  return svg;
}

function hopsTable(rows) {
  const depths = [];
  for (const {edge, depth} of rows) (depths[depth] ??= []).push(edge.ended);
  return table(['hops from the origin', 'nodes', 'first had it', 'last had it'], depths.flatMap((ends, depth) =>
    [[depth, ends.length, `${Math.min(...ends).toFixed(3)} s`, `${Math.max(...ends).toFixed(3)} s`]]));
}

// The moment that the address names, as in report.html#tree=0.5, or the end.
function momentAsked() {
  const share = Number(/(?:^|[#&])tree=([0-9.]+)/.exec(location.hash)?.[1] ?? 1);
  return share >= 0 && share <= 1 ? share : 1;
}

function treeNote(run, tree, rows) {
  const inVain = run.tree.edges.filter((edge) => edge.how !== 'done').length;
  const notes = [`Chunk ${run.tree.chunk} of ${run.tree.object}, ${bytesText(run.tree.bytes)}. The tree to the left says who had it from whom; bars say when, in the colour of the source.`];
  if (inVain > 0) notes.push(`${inVain} more transfers failed or were cancelled.`);
  if (run.tree.left_out > 0) notes.push(`${run.tree.left_out} later transfers were not recorded.`);
  if (rows.length > ROWS_MAX) notes.push(`The first ${ROWS_MAX} of ${rows.length} rows are drawn.`);
  return notes.join(' ');
}

function treeFigure(run) {
  const all = treeRows(run.tree.edges);
  if (all.length === 0) return null;
  const rows = all.slice(0, ROWS_MAX);
  const from = Math.min(...rows.map(({edge}) => edge.started));
  const tree = {rows, from, to: Math.max(...rows.map(({edge}) => edge.ended), from + 1e-6)};
  const slider = element('input', {type: 'range', min: 0, max: 1000, value: Math.round(momentAsked() * 1000), 'aria-label': 'moment'});
  const said = element('output');
  const button = element('button', {type: 'button'}, 'Play');
  const moment = () => from + (tree.to - from) * slider.value / 1000;
  let width = 0;
  const holder = drawnToFit(element('div'), (fitting) => {
    width = fitting;
    return treeDrawing(run, tree, width, moment());
  });
  const show = () => {
    const now = moment();
    const have = rows.filter(({edge}) => edge.ended <= now).length;
    const coming = rows.filter(({edge}) => edge.started <= now && edge.ended > now).length;
    said.textContent = `${now.toFixed(2)} s: ${have} of ${rows.length} have it, ${coming} receive it`;
    if (width > 0) holder.replaceChildren(treeDrawing(run, tree, width, now));
  };
  slider.addEventListener('input', show);
  button.addEventListener('click', () => play(slider, show));
  show();
  return element('figure', {class: 'card plot wide', id: 'tree'},
    element('figcaption', {}, element('h3', {}, 'How one chunk spread'), element('p', {}, treeNote(run, tree, all))),
    element('div', {class: 'controls'}, button, slider, said), holder,
    legendOf({isStacked: true, series: SOURCES.map(([name, color]) => ({name: `from ${name}`, color}))}), hopsTable(all));
}

// From the first byte to the last in some seconds.
function play(slider, show) {
  const started = performance.now();
  const step = (now) => {
    slider.value = Math.min(1000, (now - started) / 6);
    show();
    if (slider.value < 1000) requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}
