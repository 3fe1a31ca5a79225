// A moderate load for long: RATE requests a second (300) for DURATION (1h). Look for what grows.
// Besides the usual thresholds, the last quarter of the run must be as fast as the first one must.
import { report } from './lib/report.js';
import { begin, mix } from './lib/shoppers.js';
import { eachOf, optionsFor, steady, usualThresholds } from './lib/plan.js';
import { number, p95Ms, p99Ms, seconds } from './lib/settings.js';

const plan = {
  ...steady('soak', 'Soak: a moderate load for long', number('RATE', 300), seconds('DURATION', '1h')),
  phase: (share) => (share < 0.25 ? 'first' : share < 0.75 ? 'middle' : 'last'),
};

export const options = optionsFor(plan, {
  ...usualThresholds(plan),
  ...eachOf(['http_req_duration{phase:first}', 'http_req_duration{phase:last}'],
    [`p(95)<${p95Ms}`, `p(99)<${p99Ms}`]),
});

export const setup = begin;

export default function (data) {
  mix(plan, data);
}

export const handleSummary = (results) => report(plan, results);
