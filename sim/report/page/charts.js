// The plots of a run.

const SOURCES = [['peers', 'peers'], ['superpeers', 'superpeers'], ['origin', 'origin']];
const TIERS = [['local', 'peers'], ['cross_rack', 'superpeers'], ['cross_zone', 'own'], ['cross_region', 'origin']];
const LINK_WORDS = {
  reader_up: 'uplinks of readers', reader_down: 'downlinks of readers',
  superpeer_up: 'uplinks of superpeers', superpeer_down: 'downlinks of superpeers',
  origin: 'link of the origin', rack_up: 'uplinks of racks', rack_down: 'downlinks of racks',
  zone_up: 'uplinks of zones', zone_down: 'downlinks of zones',
  region_up: 'uplinks of regions', region_down: 'downlinks of regions',
};

// What all plots over time have in common, and the places of the samples that they draw.
function timeline(run) {
  const xMax = endOfAction(run);
  return {places: placesUpTo(run.series.seconds, xMax),
    common: {xMax, xText: 'seconds since the start', faults: run.faults}};
}

function completionPlot(run) {
  const {from_start: fromStart, from_asking: fromAsking, fluid_limit: limit} = run.completions;
  const steps = (curve) => [[0, 0], ...curve.flatMap(([at, share], i) => [[at, i === 0 ? 0 : curve[i - 1][1]], [at, share]])];
  const series = [
    {name: 'since asking', color: 'tone', points: steps(fromAsking)},
    {name: 'fluid limit, since asking', color: 'origin', dash: 'dotted', points: steps(limit)},
  ];
  // If all asked at one moment, it would be the first curve again.
  const waits = fromStart.map(([at], i) => at - fromAsking[i][0]);
  if (Math.max(0, ...waits) - Math.min(...waits) > 0.01)
    series.push({name: 'since the start of the run', color: 'second', dash: 'dashed', points: steps(fromStart)});
  const xMax = Math.max(1e-3, ...series.map((one) => one.points.at(-1)[0])) * 1.03;
  return plotFigure({id: 'completion', title: 'Complete reads', xMax, xText: 'seconds', series, yMax: 1, yText: percentText,
    note: 'The share of all reads that had their object by then. Where ideal flow would be is the fluid limit.'});
}

function trafficPlot(run, id, title, counts, kinds, note) {
  const {places, common} = timeline(run);
  const shown = kinds.filter(([name], i) => i === 0 || counts[name].at(-1) > 0);
  return plotFigure({...common, id, title, note, isStacked: true, yText: rateText,
    series: shown.map(([name, color]) => ({name: words(name), color, points: ratePoints(run.series.seconds, counts[name], places)}))});
}

function linkPlot(run, up, down) {
  const {places, common} = timeline(run);
  const {seconds, links} = run.series;
  const series = [];
  for (const [group, color] of [[up, 'tone'], [down, 'second']]) {
    if (!links[group]) continue;
    const rate = run.load.links[group].bytes_per_s;
    const name = LINK_WORDS[group];
    series.push({name, color, points: ratePoints(seconds, links[group].bytes, places).map(([at, value]) => [at, value / rate])});
    if (run.load.links[group].links > 1)
      series.push({name: `the busiest of ${run.load.links[group].links}`, color, dash: 'dotted', points: peakPoints(seconds, links[group].busiest_permille, places).map(([at, value]) => [at, value / 1000])});
  }
  if (series.length === 0) return null;
  return plotFigure({...common, id: `links-${up}`, title: `Load: ${LINK_WORDS[up].replace('uplinks', 'links')}`, yMax: 1, yText: percentText, series,
    note: 'Share of their rate that was used.'});
}

function momentPlot(run, id, title, kinds, note) {
  const {places, common} = timeline(run);
  return plotFigure({...common, id, title, note, yText: countText,
    series: kinds.map(([field, name, color, dash]) => ({name, color, dash, points: momentPoints(run.series.seconds, run.series[field], places)}))});
}

function trackerPlot(run) {
  const {places, common} = timeline(run);
  const points = (field) => ratePoints(run.series.seconds, run.series[field], places);
  return plotFigure({...common, id: 'tracker', title: 'Trackers: per second', yText: countText, note: 'Exchanges, and decisions, as peers received them.', series: [
    {name: 'decisions', color: 'tone', points: points('decisions')},
    {name: 'exchanges', color: 'second', dash: 'dashed', points: points('exchanges')}]});
}

// A bar a bucket: where its readers had their bytes from.
function bucketBars(run) {
  const kinds = [['from_own_store', 'own store', 'own'], ['from_peers', 'peers', 'peers'],
    ['from_superpeers', 'superpeers', 'superpeers'], ['from_origin', 'origin', 'origin']];
  const height = 34;
  const holder = drawnToFit(element('div'), (width) => {
    const svg = drawing('svg', {viewBox: `0 0 ${width} ${run.traffic.buckets.length * height * 1.7}`, height: run.traffic.buckets.length * height * 1.7, role: 'img', 'aria-label': 'Where bytes came from'});
    run.traffic.buckets.forEach((bucket, row) => {
      const whole = Math.max(1, sum(kinds.map(([field]) => bucket[field])));
      const top = row * height * 1.7;
      let x = 0;
      svg.append(drawing('text', {x: 0, y: top + 14}, `${bucket.name}, ${bytesText(whole)}`));
      for (const [field, name, color] of kinds) {
        const part = width * bucket[field] / whole;
        if (part > 0) svg.append(drawing('rect', {class: `bar ${color}`, x, y: top + 20, width: part, height: height - 6}, drawing('title', {}, `${name}: ${bytesText(bucket[field])}`)));
        x += part;
      }
    });
    return svg;
  });
  const legend = legendOf({isStacked: true, series: kinds.map(([, name, color]) => ({name, color}))});
  const share = (bucket, field) => percentText(bucket[field] / Math.max(1, sum(kinds.map((kind) => bucket[kind[0]]))));
  return element('figure', {class: 'card plot', id: 'buckets'},
    element('figcaption', {}, element('h3', {}, 'Where readers had their bytes from'), element('p', {}, 'By bucket. What superpeers read at the origin for all is told apart.')),
    holder, legend,
    table(['bucket', ...kinds.map(([, name]) => name), 'superpeers read'], run.traffic.buckets.map((bucket) =>
      [bucket.name, ...kinds.map(([field]) => share(bucket, field)), bytesText(bucket.superpeers_from_origin)])));
}
