// Elements and numbers.

const SVG = 'http://www.w3.org/2000/svg';

// An element with attributes and children; texts become text, never markup.
function element(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

function drawing(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

function bytesText(bytes) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit + 1 < units.length) {
    value /= 1024;
    ++unit;
  }
  return `${unit === 0 ? value : value.toFixed(value < 100 ? 1 : 0)} ${units[unit]}`;
}

function scaledText(value, units) {
  let unit = 0;
  let scaled = value;
  while (scaled >= 1000 && unit + 1 < units.length) {
    scaled /= 1000;
    ++unit;
  }
  const digits = scaled === 0 || scaled >= 100 || Number.isInteger(scaled) ? 0 : scaled >= 10 ? 1 : 2;
  return `${scaled.toFixed(digits)}${units[unit]}`;
}

const rateText = (bytesPerSecond) => scaledText(bytesPerSecond, [' B/s', ' kB/s', ' MB/s', ' GB/s', ' TB/s']);
const countText = (count) => scaledText(count, ['', ' k', ' M', ' G']);
const percentText = (share) => `${(share * 100).toFixed(share > 0 && share < 0.0995 ? 1 : 0)} %`;

function secondsText(seconds) {
  if (seconds >= 7200) return `${(seconds / 3600).toFixed(1)} h`;
  if (seconds >= 180) return `${(seconds / 60).toFixed(1)} min`;
  return `${seconds.toFixed(seconds < 100 ? 2 : 0)} s`;
}

// A word of the JSON as people write it.
const words = (name) => name.replaceAll('_', ' ');

const sum = (values) => values.reduce((total, value) => total + value, 0);
