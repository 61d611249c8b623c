// From what was counted since the start to what happened between.

const POINTS_MAX = 160;

// The places of samples to draw up to a time: every so many, and the last.
function placesUpTo(seconds, most) {
  const count = seconds.findIndex((at) => at > most);
  const last = count < 0 ? seconds.length - 1 : count;
  const step = Math.max(1, Math.ceil(last / POINTS_MAX));
  const places = [];
  for (let i = 0; i < last; i += step) places.push(i);
  places.push(last);
  return places;
}

// Per second, drawn at the end of each interval.
function ratePoints(seconds, counts, places) {
  return places.slice(1).map((place, i) => {
    const before = places[i];
    const span = seconds[place] - seconds[before];
    return [seconds[place], span > 0 ? (counts[place] - counts[before]) / span : 0];
  });
}

const momentPoints = (seconds, values, places) => places.map((place) => [seconds[place], values[place]]);

// The greatest value of each interval.
function peakPoints(seconds, values, places) {
  return places.slice(1).map((place, i) => [seconds[place], Math.max(...values.slice(places[i] + 1, place + 1))]);
}

// When the last byte moved or the last read ended, and a little more.
function endOfAction(run) {
  const {seconds, bytes_from: from} = run.series;
  const totals = seconds.map((_, i) => sum(Object.values(from).map((counts) => counts[i])));
  const last = totals.findIndex((total) => total === totals.at(-1));
  return Math.max(seconds[Math.max(last, 0)], run.reads.last_ended_seconds, 1e-3) * 1.03;
}
