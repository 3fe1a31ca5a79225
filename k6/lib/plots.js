// Plots as SVG, coloured by the classes of report.css.

const WIDTH = 950;

export function escape(value) {
  return String(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

// 1234567 as 1,234,567; small numbers with as many digits as they are worth.
export function readable(value) {
  const digits = Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  const [whole, rest] = value.toFixed(digits).split('.');
  return whole.replace(/\B(?=(\d{3})+$)/g, ',') + (rest ? `.${rest}` : '');
}

const at = (coordinate) => coordinate.toFixed(1);
const size = (length) => at(Math.max(length, 0));
const title = (hint) => `<title>${escape(hint)}</title>`;

const svg = (height, name, parts) =>
  `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escape(name)}">` +
  `${parts.join('')}</svg>`;
const line = (x1, y1, x2, y2, style) =>
  `<line x1="${at(x1)}" y1="${at(y1)}" x2="${at(x2)}" y2="${at(y2)}" class="${style}"/>`;
const polyline = (points, style) =>
  `<polyline points="${points.map(([x, y]) => `${at(x)},${at(y)}`).join(' ')}" class="${style}"/>`;
const label = (x, y, value, anchor = 'start', style = 'quiet') =>
  `<text x="${at(x)}" y="${at(y)}" text-anchor="${anchor}" class="${style}">${escape(value)}</text>`;
const box = (x, y, width, height, style, hint) =>
  `<rect x="${at(x)}" y="${at(y)}" width="${size(width)}" height="${size(height)}" ` +
  `class="fill ${style}">${title(hint)}</rect>`;
const dot = (x, y, radius, style, hint) =>
  `<circle cx="${at(x)}" cy="${at(y)}" r="${radius}" class="fill ${style}">${title(hint)}</circle>`;

function legend(names) {  // pairs of name and class, from the left
  let x = 0;
  return names.map(([name, style]) => {
    const sign = style === 'planned'
      ? line(x, 9, x + 16, 9, style) : box(x + 2, 4, 10, 10, style, name);
    const words = label(x + 20, 13, name);
    x += 44 + 6.6 * name.length;
    return sign + words;
  });
}

// 1, 2 or 5 times a power of ten, so that about five steps reach the highest value.
function niceStep(highest) {
  const raw = highest / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= raw);
}

function logarithmic(values, from, to) {
  const low = Math.floor(Math.log10(Math.max(Math.min(...values), 0.1)));
  const high = Math.max(Math.ceil(Math.log10(Math.max(...values, 0.1) * 1.0001)), low + 1);
  const place = (value) =>
    from + (to - from) * (Math.log10(Math.max(value, 10 ** low)) - low) / (high - low);
  const powers = Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index));
  place.ticks = high - low > 1 ? powers : [powers[0], 2 * powers[0], 5 * powers[0], powers[1]];
  return place;
}

const milliseconds = (value) => (value >= 1000 ? `${value / 1000} s` : `${+value.toFixed(1)} ms`);

// ---- Over time ----

const LEFT = 70, RIGHT = 20, TOP = 34, HEIGHT = 220;
const BOTTOM = TOP + HEIGHT;

function timeAxis(duration) {
  const x = (second) => LEFT + (WIDTH - LEFT - RIGHT) * second / duration;
  const unit = duration > 7200 ? [3600, 'h'] : duration > 180 ? [60, 'min'] : [1, 's'];
  const step = niceStep(duration / unit[0]) * unit[0];
  const parts = [line(LEFT, BOTTOM, WIDTH - RIGHT, BOTTOM, 'axis')];
  for (let second = 0; second <= duration * 1.0001; second += step) {
    parts.push(line(x(second), BOTTOM, x(second), BOTTOM + 5, 'axis'),
      label(x(second), BOTTOM + 19, `${+(second / unit[0]).toFixed(2)} ${unit[1]}`, 'middle'));
  }
  return { x, parts };
}

// `slices`: { begins, ends, rate, failed }, in seconds and requests a second; `planned`: pairs of
// second and rate.
export function rateOverTime(slices, planned, duration) {
  const highest = Math.max(...slices.map((slice) => slice.rate), ...planned.map(([, rate]) => rate));
  const step = niceStep(highest);
  const top = Math.ceil(highest / step) * step;
  const y = (rate) => BOTTOM - HEIGHT * rate / top;
  const { x, parts } = timeAxis(duration);
  const grid = [];
  for (let rate = 0; rate <= top * 1.0001; rate += step) {
    grid.push(line(LEFT, y(rate), WIDTH - RIGHT, y(rate), 'grid'),
      label(LEFT - 8, y(rate) + 4, readable(rate), 'end'));
  }
  const bars = slices.map(({ begins, ends, rate, failed }) => {
    const [left, width] = [x(begins) + 0.75, x(ends) - x(begins) - 1.5];
    const hint = `from ${begins.toFixed(1)} s: ${readable(rate)}/s, ${readable(failed)}/s failed`;
    const split = y(rate - failed);
    return box(left, split, width, BOTTOM - split, 'answered', hint) +
      (failed ? box(left, y(rate), width, split - y(rate), 'bad', hint) : '');
  });
  return svg(BOTTOM + 28, 'requests a second over time', [
    ...legend([['requests a second', 'answered'], ['failed', 'bad'],
      ['iterations planned', 'planned']]),
    ...grid, ...bars,
    polyline(planned.map(([second, rate]) => [x(second), y(rate)]), 'planned'), ...parts]);
}

const CURVES = [['med', 'p50', 'median'], ['p(95)', 'p95', 'p95'], ['p(99)', 'p99', 'p99'],
  ['max', 'slowest', 'tail']];

// `slices`: { begins, ends, latency }, latency being k6's figures of a trend.
export function latencyOverTime(slices, duration) {
  const values = slices.flatMap((slice) => CURVES.map(([figure]) => slice.latency[figure]));
  const y = logarithmic(values, BOTTOM, TOP);
  const { x, parts } = timeAxis(duration);
  const grid = y.ticks.map((tick) => line(LEFT, y(tick), WIDTH - RIGHT, y(tick), 'grid') +
    label(LEFT - 8, y(tick) + 4, milliseconds(tick), 'end'));
  const curves = CURVES.map(([figure, name, style]) => {
    const points = slices.map(({ begins, ends, latency }) =>
      ({ x: x((begins + ends) / 2), y: y(latency[figure]), ms: latency[figure] }));
    return polyline(points.map((point) => [point.x, point.y]), `curve ${style}`) +
      points.map((point) => dot(point.x, point.y, 2.5, style, `${name}: ${readable(point.ms)} ms`))
        .join('');
  });
  return svg(BOTTOM + 28, 'latency over time', [
    ...legend(CURVES.map(([, name, style]) => [name, style])), ...grid, ...curves, ...parts]);
}

// ---- By endpoint, by status ----

const QUANTILES = [['med', 'p50', 'median'], ['p(95)', 'p95', 'p95'], ['p(99)', 'p99', 'p99'],
  ['p(99.9)', 'p99.9', 'tail']];

// `rows`: { title, latency }.
export function latencyByEndpoint(rows) {
  const left = 160, step = 34;
  const bottom = 34 + step * rows.length;
  const values = rows.flatMap((row) => QUANTILES.map(([figure]) => row.latency[figure]));
  const x = logarithmic(values, left, WIDTH - RIGHT - 20);
  const grid = x.ticks.map((tick) => line(x(tick), 28, x(tick), bottom, 'grid') +
    label(x(tick), bottom + 18, milliseconds(tick), 'middle'));
  const parts = rows.map((row, index) => {
    const y = 34 + step * (index + 0.5);
    return label(left - 14, y + 4, row.title, 'end', 'strong') +
      line(x(row.latency.med), y, x(row.latency['p(99.9)']), y, 'spread') +
      QUANTILES.slice().reverse().map(([figure, name, style]) =>
        dot(x(row.latency[figure]), y, 6, style,
          `${row.title}, ${name}: ${readable(row.latency[figure])} ms`)).join('');
  });
  return svg(bottom + 26, 'latency by endpoint', [
    ...legend(QUANTILES.map(([, name, style]) => [name, style])), ...grid, ...parts]);
}

// `rows`: { title, count, style }.
export function counts(rows) {
  const left = 160, right = 130, step = 30;
  const highest = Math.max(...rows.map((row) => row.count));
  const total = rows.reduce((sum, row) => sum + row.count, 0);
  return svg(step * rows.length + 4, 'answers by status', rows.map((row, index) => {
    const y = step * index + 4;
    const width = Math.max((WIDTH - left - right) * row.count / highest, 2);
    const share = readable(100 * row.count / total);
    return label(left - 14, y + 15, row.title, 'end', 'strong') +
      box(left, y, width, 20, row.style, `${row.title}: ${row.count}`) +
      label(left + width + 8, y + 15, `${readable(row.count)} (${share} %)`);
  }));
}
