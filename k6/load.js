// The usual load: RATE requests a second (1,000) for DURATION (1m), a shop's mix of reads and writes.
import { report } from './lib/report.js';
import { begin, mix } from './lib/shoppers.js';
import { optionsFor, steady, usualThresholds } from './lib/plan.js';
import { number, seconds } from './lib/settings.js';

const plan = steady('load', 'Load at a constant rate', number('RATE', 1000),
  seconds('DURATION', '1m'));

export const options = optionsFor(plan, usualThresholds(plan));

export const setup = begin;

export default function (data) {
  mix(plan, data);
}

export const handleSummary = (results) => report(plan, results);
