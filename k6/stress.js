// Rising load until something gives: ten steps from RATE (1,000) to MAX_RATE (ten times that) requests
// a second in DURATION (5m). The run ends and fails as soon as a slice of it has 5 % errors or a p95
// above LIMIT_MS (1,000), or requests are dropped: the report shows at which rate. A run that comes to
// its end has not found the limit.
import { report } from './lib/report.js';
import { begin, mix } from './lib/shoppers.js';
import { eachOf, optionsFor, sliceNames } from './lib/plan.js';
import { number, seconds } from './lib/settings.js';

const STEPS = 10;
const lowest = number('RATE', 1000);
const highest = number('MAX_RATE', 10 * lowest);
const duration = seconds('DURATION', '5m');

const stop = (threshold) => [{ threshold, abortOnFail: true }];

function staircase() {
  const points = [];
  for (let step = 0; step < STEPS; step++) {
    const rate = lowest + (highest - lowest) * step / (STEPS - 1);
    points.push([duration * step / STEPS, rate], [duration * (step + 1) / STEPS, rate]);
  }
  return points;
}

const plan = { name: 'stress', title: 'Stress: rising load until something gives', duration,
  points: staircase() };

export const options = optionsFor(plan, {
  ...eachOf(sliceNames('http_req_failed'), stop('rate<0.05')),
  ...eachOf(sliceNames('http_req_duration'), stop(`p(95)<${number('LIMIT_MS', 1000)}`)),
  dropped_iterations: stop(`count<${Math.ceil(highest / 2)}`),
  checks: ['rate>0.95'],
});

export const setup = begin;

export default function (data) {
  mix(plan, data);
}

export const handleSummary = (results) => report(plan, results);
