// Each endpoint by itself: RATE iterations a second (200) for DURATION (15s), one endpoint after the
// other, or only the one that ENDPOINT names, such as list_questions or vote_answer. An iteration is
// one request; that of a report adds first what it reports.
import { ENDPOINTS } from './lib/api.js';
import { report } from './lib/report.js';
import { act, begin } from './lib/shoppers.js';
import { arrivals, eachOf, optionsFor, steady, usualThresholds } from './lib/plan.js';
import { number, oneOf, seconds } from './lib/settings.js';

const chosen = oneOf('ENDPOINT', 'all', ...ENDPOINTS);
const endpoints = chosen === 'all' ? ENDPOINTS : [chosen];
const rate = number('RATE', 200);
const each = seconds('DURATION', '15s');

const plan = steady('endpoints', chosen === 'all' ? 'Each endpoint by itself' : `Only ${chosen}`,
  rate, each * endpoints.length);

const scenarios = Object.fromEntries(endpoints.map((name, index) => [name,
  arrivals(steady(name, name, rate, each), { startTime: `${index * each}s`, env: { ACTION: name } })]));

export const options = optionsFor(plan, {
  ...usualThresholds(plan, endpoints),
  ...eachOf(endpoints.map((name) => `iterations{scenario:${name}}`), ['count>0']),
}, scenarios);

export const setup = begin;

export default function (data) {
  act(__ENV.ACTION, plan, data);
}

export const handleSummary = (results) => report(plan, results);
