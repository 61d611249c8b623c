// Puts the page together. A run is a section, so that a page can hold several.

// What a script gets wrong is seen, and found by tests.
function tellErrors() {
  window.addEventListener('error', (event) => {
    const box = document.getElementById('script-errors') ?? document.body.insertBefore(element('pre', {id: 'script-errors'}), document.body.firstChild);
    box.append(`${event.message} (line ${event.lineno})\n`);
  });
}

function countsTable(name, counts) {
  const rows = Object.entries(counts).filter(([, count]) => count > 0).map(([kind, count]) => [words(kind), count]);
  return rows.length === 0 ? null : element('div', {class: 'card'}, element('h3', {}, name), table(['', ''], rows));
}

function decisionTables(run) {
  const {decisions, transfers, notices} = run.load;
  const others = {hedges: decisions.hedges, cancels: decisions.cancels, opens: decisions.opens, opens_ended: decisions.opens_ended, resolves: decisions.resolves};
  return element('div', {class: 'plots narrow'},
    countsTable('Assignments by reason', decisions.assignments),
    countsTable('Evictions by reason', decisions.evictions),
    countsTable('Other decisions', others),
    countsTable('Transfers by end', {done: transfers.done, cancelled: transfers.cancelled, died: transfers.died}),
    countsTable('Failed transfers by reason', transfers.failed),
    countsTable("The tracker's notices", notices));
}

function troubles(run) {
  const parts = [];
  if (run.violations.length > 0)
    parts.push(element('h2', {class: 'bad'}, 'Violations'), table(['seconds', 'checker', 'what'], run.violations.map((one) => [one.seconds, one.checker, one.what])));
  if (run.failures.length > 0)
    parts.push(element('h2', {}, 'Reads that failed'), table(['node', 'code', 'message'], run.failures.map((one) => [nodeName(run, one.node), one.code, one.message])));
  if (run.faults.length > 0)
    parts.push(element('h2', {}, 'Faults'), table(['seconds', 'kind', 'target', ''], run.faults.map((one) => [one.seconds, words(one.kind), one.target, one.phase])));
  return parts;
}

function runSection(run) {
  const {bytes_from: from, bytes_crossing: crossing} = run.series;
  return element('section', {},
    headOf(run), tilesOf(run), ...(run.violations.length > 0 ? troubles(run) : []),
    element('h2', {}, 'How long it took'),
    element('div', {class: 'plots'}, completionPlot(run),
      momentPlot(run, 'reads', 'Reads over time', [['reads_open', 'open', 'tone'], ['reads_done', 'complete', 'second', 'dashed']]),
      element('div', {class: 'card wide'}, timesTable(run))),
    element('h2', {}, 'Where bytes came from'),
    element('div', {class: 'plots'},
      trafficPlot(run, 'sources', 'Traffic by source', from, SOURCES, 'What superpeers read at the origin is part of it.'),
      trafficPlot(run, 'tiers', 'Traffic by the uplinks it crossed', crossing, TIERS, 'Local: within a rack, or on one switch.'),
      bucketBars(run)),
    element('h2', {}, 'Load'),
    element('div', {class: 'plots'},
      linkPlot(run, 'reader_up', 'reader_down'), linkPlot(run, 'superpeer_up', 'superpeer_down'),
      linkPlot(run, 'rack_up', 'rack_down'), linkPlot(run, 'zone_up', 'zone_down'), linkPlot(run, 'region_up', 'region_down'),
      linkPlot(run, 'origin'),
      momentPlot(run, 'superpeer-chunks', 'Chunks that superpeers hold', [['superpeer_chunks', 'chunks', 'superpeers']]),
      trackerPlot(run),
      momentPlot(run, 'transfers', 'Transfers under way', [['transfers', 'transfers', 'tone']])),
    element('h2', {}, 'The way of one chunk'),
    element('div', {class: 'plots'}, treeFigure(run)),
    element('h2', {}, 'Decisions and ends'), decisionTables(run),
    ...(run.violations.length > 0 ? [] : troubles(run)));
}

tellErrors();
const data = JSON.parse(document.getElementById('data').textContent);
document.title = `${data.runs.map((run) => run.scenario).join(', ')}: tyto-sim`;
document.getElementById('report').replaceChildren(...data.runs.map(runSection));
for (const draw of toBeDrawn) draw();
