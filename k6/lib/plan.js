// When how many requests are sent, and what fails the run: k6's options made from a plan.
//
// A plan is { name, title, duration, points, phase }: the rate goes in straight lines through `points`,
// which are [second, iterations a second]. Iterations start when they are due, whether or not earlier
// ones are answered. The run is cut into SLICES of equal length; the tag `slice` makes figures over
// time of k6's totals. `phase`, where there is one, names the part of the run that a share of it lies
// in, for thresholds of its own.

import exec from 'k6/execution';
import { ENDPOINTS } from './api.js';
import { number, p95Ms, p99Ms } from './settings.js';

export const SLICES = 40;
export const STATUSES = ['200', '201', '202', '204', '400', '404', '429', '500', '502', '503', '504'];
export const NO_RESPONSE = {  // k6's error codes
  1050: 'no response in time', 1211: 'no connection in time', 1212: 'connection refused',
  1213: 'no connection', 1220: 'connection reset', 1000: 'connection closed',
};

// Have k6 keep figures of one value of a tag. They cannot fail.
const KEEP = { http_reqs: ['count>=0'], http_req_duration: ['max>=0'], http_req_failed: ['rate>=0'] };

export function steady(name, title, rate, duration) {
  return { name, title, duration, points: [[0, rate], [duration, rate]] };
}

// An executor that starts iterations at the plan's rate. Each virtual user has at most one request
// open; when all of them have, what is due is dropped, and counted. All are made before the run, since
// making one takes long: VUS of them, by default enough for answers that take 200 ms.
export function arrivals(plan, more = {}) {
  const highest = Math.max(...plan.points.map(([, rate]) => rate));
  const users = number('VUS', Math.max(100, Math.ceil(highest / 5)));
  const common = { timeUnit: '1s', preAllocatedVUs: users, gracefulStop: '10s', ...more };
  const whole = Math.round;
  if (plan.points.every(([, rate]) => rate === highest)) {
    return { executor: 'constant-arrival-rate', rate: whole(highest),
      duration: `${plan.duration}s`, ...common };
  }
  return {
    executor: 'ramping-arrival-rate', startRate: whole(plan.points[0][1]), ...common,
    stages: plan.points.slice(1).map(([second, rate], index) => (
      { target: whole(rate), duration: `${Math.round(1000 * (second - plan.points[index][0]))}ms` })),
  };
}

// Less than 1 % errors and failed checks, no more than 1 % dropped, and each endpoint's latency.
export function usualThresholds(plan, endpoints = ENDPOINTS) {
  return {
    http_req_failed: ['rate<0.01'],
    checks: ['rate>0.99'],
    dropped_iterations: [`count<${Math.max(1, 0.01 * plannedIterations(plan)).toFixed(0)}`],
    ...eachOf(endpoints.map((name) => `http_req_duration{name:${name}}`),
      [`p(95)<${p95Ms}`, `p(99)<${p99Ms}`]),
  };
}

export function eachOf(names, thresholds) {
  return Object.fromEntries(names.map((name) => [name, thresholds]));
}

export function plannedIterations(plan) {
  return plan.points.slice(1).reduce((sum, [second, rate], index) => {
    const [before, rateBefore] = plan.points[index];
    return sum + (second - before) * (rate + rateBefore) / 2;
  }, 0);
}

export function plannedRate({ points }, second) {
  const next = Math.max(points.findIndex(([at]) => at > second), 1);
  const [[from, rateFrom], [to, rateTo]] = [points[next - 1], points[next]];
  return rateFrom + (rateTo - rateFrom) * (second - from) / (to - from || 1);
}

export const sliceNames = (metric) => Array.from({ length: SLICES }, (_, slice) =>
  `${metric}{slice:${slice}}`);

export function optionsFor(plan, thresholds, scenarios = { [plan.name]: arrivals(plan) }) {
  const kept = [...[...STATUSES, '0'].map((status) => `http_reqs{status:${status},part:run}`),
    ...Object.keys(NO_RESPONSE).map((code) => `http_reqs{error_code:${code},part:run}`),
    ...ENDPOINTS.map((name) => `http_req_duration{name:${name}}`), 'http_req_duration{part:run}',
    ...(plan.duration ? [...sliceNames('http_req_duration'), ...sliceNames('http_req_failed')] : [])];
  return {
    scenarios,
    thresholds: {
      ...Object.fromEntries(kept.map((name) => [name, KEEP[name.split('{')[0]]])),
      ...thresholds,
    },
    summaryTrendStats: ['min', 'avg', 'med', 'p(90)', 'p(95)', 'p(99)', 'p(99.9)', 'max', 'count'],
    systemTags: ['name', 'status', 'method', 'scenario', 'check', 'group', 'error_code',
      'expected_response'],
    setupTimeout: '60s',
  };
}

// To be called when an iteration begins: ends the run where `setup` gave a reason for that, which the
// report tells; else has the iteration's figures counted where they belong.
export function mark(plan, { reason, began }) {
  if (reason) {
    exec.test.abort('no load was sent');
  }
  const tags = exec.vu.metrics.tags;
  tags.part = 'run';
  if (plan.duration) {
    const share = (Date.now() - began) / 1000 / plan.duration;
    tags.slice = String(Math.min(Math.floor(share * SLICES), SLICES - 1));
    if (plan.phase) {
      tags.phase = plan.phase(share);
    }
  }
}
