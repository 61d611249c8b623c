// What a run was, and its main figures.

function headOf(run) {
  const isGood = run.violations.length === 0;
  const verdict = isGood ? 'every checker was content' : `${run.violations.length} violations`;
  return element('header', {},
    element('p', {class: 'quiet'}, 'tyto-sim: Tyto in virtual time'),
    element('h1', {}, run.scenario),
    element('p', {class: isGood ? 'verdict good' : 'verdict bad'}, verdict),
    factsOf([
      ['seed', run.seed],
      ['version', run.version],
      ['event hash', element('code', {}, run.event_hash)],
      ['events', run.events.total],
      ['virtual time', `${run.virtual_seconds} s`],
      ['again', element('code', {}, run.replay || 'not known')],
    ]));
}

function factsOf(rows) {
  const list = element('dl', {class: 'facts'});
  for (const [name, value] of rows) list.append(element('dt', {}, name), element('dd', {}, value instanceof Node ? value : String(value)));
  return list;
}

// Each tile tells a figure of the JSON, which `data-figure` names.
function tile(figure, name, text, value) {
  return element('div', {class: 'tile', 'data-figure': figure, 'data-value': value}, element('b', {}, text), element('span', {}, name));
}

function tilesOf(run) {
  const all = run.times[0];
  const traffic = run.traffic;
  const tiles = [
    tile('reads.complete', `of ${run.reads.total} reads complete`, String(run.reads.complete), run.reads.complete),
    tile('times.seconds.p50', 'half the readers', secondsText(all.seconds.p50), all.seconds.p50),
    tile('times.seconds.max', 'the last reader', secondsText(all.seconds.max), all.seconds.max),
    tile('times.stretch.p50', 'of the fluid limit, p50', all.stretch.p50.toFixed(3), all.stretch.p50),
    tile('times.stretch.p99', 'of the fluid limit, p99', all.stretch.p99.toFixed(3), all.stretch.p99),
    tile('amplification', 'amplification', run.amplification.toFixed(3), run.amplification),
    tile('traffic.from_origin', 'from the origin', bytesText(traffic.from_origin), traffic.from_origin),
    tile('traffic.wasted', 'wasted', bytesText(traffic.wasted), traffic.wasted),
  ];
  if (traffic.rack_copies.length > 0) {
    const most = Math.max(...traffic.rack_copies);
    tiles.push(tile('traffic.rack_copies', 'copies into a rack, at most', most.toFixed(3), most));
    for (const tier of ['cross_rack', 'cross_zone', 'cross_region']) {
      if (tier === 'cross_rack' || traffic.crossing[tier] > 0)
        tiles.push(tile(`traffic.crossing.${tier}`, words(tier), bytesText(traffic.crossing[tier]), traffic.crossing[tier]));
    }
  }
  tiles.push(tile('load.decisions.total', 'decisions', countText(run.load.decisions.total), run.load.decisions.total));
  return element('div', {class: 'tiles'}, ...tiles);
}

function table(heads, rows) {
  const cell = (tag) => (value) => element(tag, typeof value === 'string' && value.length > 40 ? {class: 'words'} : {}, String(value));
  return element('div', {class: 'scroll'}, element('table', {},
    element('thead', {}, element('tr', {}, ...heads.map(cell('th')))),
    element('tbody', {}, ...rows.map((row) => element('tr', {}, ...row.map(cell('td')))))));
}

function timesTable(run) {
  const row = (times, kind, text) => [`${kind}${times.readers === 'all' ? '' : ` of ${times.readers} readers`}`,
    ...['p50', 'p90', 'p99', 'max'].map((rank) => text(times[kind === 'seconds' ? 'seconds' : 'stretch'][rank]))];
  return table(['', 'p50', 'p90', 'p99', 'max'], run.times.flatMap((times) => [
    row(times, 'seconds', (value) => value.toFixed(3)), row(times, 'of the fluid limit', (value) => value.toFixed(3))]));
}
