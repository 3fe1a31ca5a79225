// A sudden crowd: RATE requests a second (500), then within a second SPIKE_RATE (ten times that) for a
// fifth of DURATION (2m), then RATE again. Errors are bounded throughout; the latency before and after
// the spike, from five seconds after it on, must be the usual one.
import { report } from './lib/report.js';
import { begin, mix } from './lib/shoppers.js';
import { eachOf, optionsFor, plannedIterations } from './lib/plan.js';
import { number, p95Ms, p99Ms, seconds } from './lib/settings.js';

const RECOVERY_S = 5;
const usual = number('RATE', 500);
const crowd = number('SPIKE_RATE', 10 * usual);
const duration = seconds('DURATION', '2m');
const [begins, ends] = [0.4 * duration, 0.6 * duration];
const edge = Math.min(1, 0.02 * duration);

const plan = {
  name: 'spike',
  title: 'Spike: a sudden crowd',
  duration,
  points: [[0, usual], [begins, usual], [begins + edge, crowd], [ends, crowd], [ends + edge, usual],
    [duration, usual]],
  phase: (share) => {
    const second = share * duration;
    const calm = ends + edge + Math.min(RECOVERY_S, 0.1 * duration);
    return second < begins ? 'before' : second < calm ? 'spike' : 'after';
  },
};

export const options = optionsFor(plan, {
  ...eachOf(['before', 'spike', 'after'].map((phase) => `http_req_failed{phase:${phase}}`),
    ['rate<0.01']),
  ...eachOf(['before', 'after'].map((phase) => `http_req_duration{phase:${phase}}`),
    [`p(95)<${p95Ms}`, `p(99)<${p99Ms}`]),
  checks: ['rate>0.99'],
  dropped_iterations: [`count<${Math.max(1, Math.ceil(0.01 * plannedIterations(plan)))}`],
});

export const setup = begin;

export default function (data) {
  mix(plan, data);
}

export const handleSummary = (results) => report(plan, results);
