// What a run ends with: a text on the terminal, and the same as text, as JSON (k6's own figures) and
// as one HTML page that needs nothing else, in SUMMARY_DIR.

import { ENDPOINTS } from './api.js';
import * as plots from './plots.js';
import { NO_RESPONSE, SLICES, STATUSES, plannedIterations, plannedRate } from './plan.js';
import { baseUrl, popularity, products, text } from './settings.js';

const STYLE = open(import.meta.resolve('./report.css'));
const { escape, readable } = plots;

export function report(plan, results) {
  const run = summary(plan, results);
  const file = `${text('SUMMARY_DIR', 'build/k6')}/${plan.name}`;
  const words = asText(run);
  return {
    stdout: `\n${words}\n  ${file}.html\n\n`,
    [`${file}.txt`]: words,
    [`${file}.json`]: JSON.stringify({ ...results, plan, baseUrl, ended: run.ended }, null, 1),
    [`${file}.html`]: asPage(run),
  };
}

// ---- What the figures say ----

function summary(plan, results) {
  const values = (name) => (results.metrics[name] || { values: {} }).values;
  const latencyOf = (tag) => values(`http_req_duration{${tag}}`);
  const latency = latencyOf('part:run');
  const { reason, began } = results.setup_data || {};
  const seconds = (began ? Date.now() - began : results.state.testRunDurationMs) / 1000;
  const thresholds = Object.entries(results.metrics).flatMap(([metric, { thresholds: all }]) =>
    Object.entries(all || {}).map(([rule, { ok }]) =>
      ({ metric, rule, ok, was: values(metric)[rule.split(/[<>=]/)[0]] || 0 })))
    .filter(({ rule }) => !/>=0$/.test(rule))
    .sort((a, b) => a.ok - b.ok || (a.metric < b.metric ? -1 : 1));
  const early = Boolean(plan.duration) && seconds < 0.99 * plan.duration;
  return {
    plan, seconds, early, reason, latency, thresholds,
    ended: new Date().toISOString(),
    verdict: reason || !latency.count ? 'aborted' : thresholds.some(({ ok }) => !ok) ? 'failed'
      : early ? 'aborted' : 'passed',
    requests: latency.count || 0,
    rate: (latency.count || 0) / Math.min(seconds, plan.duration || seconds),
    failedShare: values('http_req_failed').rate || 0,
    dropped: values('dropped_iterations').count || 0,
    endpoints: ENDPOINTS.map((name) => ({ title: name, latency: latencyOf(`name:${name}`) }))
      .filter((endpoint) => endpoint.latency.count > 0),
    statuses: statusesOf(values, latency.count || 0),
    slices: slicesOf(plan, values, latencyOf),
    checks: checksOf(results.root_group),
  };
}

function statusesOf(values, total) {
  const countOf = (tag) => values(`http_reqs{${tag},part:run}`).count || 0;
  const sum = (rows) => rows.reduce((all, row) => all + row.count, 0);
  const answered = STATUSES.map((status) => ({
    title: status,
    count: countOf(`status:${status}`),
    style: /^2/.test(status) ? 'good' : /^4/.test(status) ? 'other' : 'bad',
  }));
  const known = Object.entries(NO_RESPONSE).map(([code, title]) =>
    ({ title, count: countOf(`error_code:${code}`), style: 'bad' }));
  const unknown = { title: 'no response', count: countOf('status:0') - sum(known), style: 'bad' };
  const rows = [...answered, ...known, unknown];
  return [...rows, { title: 'another', count: total - sum(rows), style: 'other' }]
    .filter((row) => row.count > 0);
}

function slicesOf(plan, values, latencyOf) {
  if (!plan.duration) {
    return [];
  }
  const length = plan.duration / SLICES;
  return Array.from({ length: SLICES }, (_, index) => {
    const latency = latencyOf(`slice:${index}`);
    const rate = (latency.count || 0) / length;
    return { begins: index * length, ends: (index + 1) * length, latency, rate,
      failed: rate * (values(`http_req_failed{slice:${index}}`).rate || 0) };
  }).filter((slice) => slice.rate > 0);
}

function checksOf(group) {
  return [...group.checks, ...group.groups.flatMap(checksOf)];
}

// ---- As text ----

const FIGURES = [['requests', 'count'], ['p50', 'med'], ['p95', 'p(95)'], ['p99', 'p(99)'],
  ['p99.9', 'p(99.9)'], ['slowest', 'max']];

// A threshold on one of many slices is worth a line only when it failed.
const told = (run) => run.thresholds.filter(({ metric, ok }) => !ok || !metric.includes('{slice:'));

function facts(run) {
  const { plan } = run;
  const rates = (plan.points || []).map(([, rate]) => Math.round(rate));
  return [baseUrl, `${run.ended.slice(0, 19).replace('T', ' ')} UTC`, `${readable(run.seconds)} s`,
    ...(rates.length ? [`${[...new Set([rates[0], Math.max(...rates)])].map(readable).join(' to ')} ` +
      'iterations a second', `${readable(products)} products, ${popularity}`] : [])].join(' · ');
}

// Of a run that was ended early, because a threshold says so or by Ctrl-C.
function ending({ plan, slices, early }) {
  const last = slices[slices.length - 1];
  if (!last || !early) {
    return '';
  }
  const rate = Math.round(plannedRate(plan, (last.begins + last.ends) / 2));
  return `Ended after ${readable(last.ends)} of ${readable(plan.duration)} s, when ` +
    `${readable(rate)} iterations a second were planned.`;
}

function asText(run) {
  const row = (title, cells) =>
    `  ${title.padEnd(18)}${cells.map((cell) => cell.padStart(10)).join('')}`;
  const cells = (latency) => FIGURES.map(([, figure]) => readable(latency[figure] || 0));
  const head = [
    `${run.plan.title}: ${run.verdict === 'passed' ? 'passed' : run.verdict.toUpperCase()}`,
    `  ${facts(run)}`,
  ];
  if (run.requests === 0) {
    return [...head, `  ${whyNothing(run)}`, ''].join('\n');
  }
  return [
    ...head,
    `  ${readable(run.requests)} requests, ${readable(run.rate)} a second, ` +
      `${readable(100 * run.failedShare)} % failed, ${readable(run.dropped)} iterations dropped`,
    ...(ending(run) ? [`  ${ending(run)}`] : []),
    '',
    row('latency in ms', FIGURES.map(([name]) => name)),
    ...run.endpoints.map((endpoint) => row(endpoint.title, cells(endpoint.latency))),
    row('all', cells(run.latency)),
    '',
    `  status: ${run.statuses.map(({ title, count }) => `${title} × ${readable(count)}`).join(', ')}`,
    ...run.checks.filter((each) => each.fails > 0).map((each) =>
      `  ✗ ${each.name}: ${readable(each.fails)} of ${readable(each.fails + each.passes)} failed`),
    ...told(run).filter(({ ok }) => !ok).map(({ metric, rule, was }) =>
      `  ✗ ${metric}: ${rule}, was ${readable(was)}`),
    ...metLines(run),
    '',
  ].join('\n');
}

const whyNothing = ({ reason }) => reason || 'the run ended before any request was sent';

function metLines(run) {  // one for each metric
  const rules = {};
  for (const { metric, rule } of told(run).filter(({ ok }) => ok)) {
    rules[metric] = [...(rules[metric] || []), rule];
  }
  return Object.entries(rules).map(([metric, all]) => `  ✓ ${metric}: ${all.join(', ')}`);
}

// ---- As a page ----

const tile = (value, name, bad = false) =>
  `<div class="tile${bad ? ' bad' : ''}"><b>${escape(value)}</b><span>${escape(name)}</span></div>`;
const section = (title, words, content) =>
  `<section><h2>${escape(title)}</h2><p>${escape(words)}</p>${content}</section>`;

function table(headings, rows) {  // a cell is a text, or [text, class]
  const cell = (value) => (Array.isArray(value)
    ? `<td class="${value[1]}">${escape(value[0])}</td>` : `<td>${escape(value)}</td>`);
  return `<table><tr>${headings.map((name) => `<th>${escape(name)}</th>`).join('')}</tr>` +
    `${rows.map((row) => `<tr>${row.map(cell).join('')}</tr>`).join('')}</table>`;
}

const verdict = (ok) => (ok ? ['met', 'good'] : ['missed', 'bad']);

function asPage(run) {
  const { plan } = run;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escape(plan.title)}</title><style>${STYLE}</style></head><body><main>
<header><h1>${escape(plan.title)}</h1>
<span class="verdict ${run.verdict === 'passed' ? 'good' : 'bad'}">${run.verdict}</span></header>
<p class="facts">${escape(facts(run))}</p>
${run.requests === 0 ? section('No load was sent', whyNothing(run), '') : asSections(run)}
</main></body></html>
`;
}

function asSections(run) {
  const { plan, latency } = run;
  const ms = (value) => `${readable(value || 0)} ms`;
  const overTime = run.slices.length === 0 ? [] : [
    section('Requests over time', 'What came back or failed, beside the iterations that were planned. ' +
      ending(run),
      plots.rateOverTime(run.slices, plan.points, plan.duration)),
    section('Latency over time', 'From sending a request until its response is complete. The scale is ' +
      'logarithmic.', plots.latencyOverTime(run.slices, plan.duration))];
  const byEndpoint = run.endpoints.length === 0 ? [] : [
    section('Latency by endpoint', 'Half, 95 %, 99 % and 99.9 % of the responses came within.',
      plots.latencyByEndpoint(run.endpoints) +
      table(['endpoint', ...FIGURES.map(([name], index) => (index ? `${name} ms` : name))],
        [...run.endpoints, { title: 'all', latency }].map((row) =>
          [row.title, ...FIGURES.map(([, figure]) => readable(row.latency[figure] || 0))])))];
  return `<div class="tiles">${[
    tile(readable(run.requests), 'requests'), tile(readable(run.rate), 'a second'),
    tile(`${readable(100 * run.failedShare)} %`, 'failed', run.failedShare >= 0.01),
    tile(ms(latency.med), 'p50'), tile(ms(latency['p(95)']), 'p95'), tile(ms(latency['p(99)']), 'p99'),
    tile(readable(run.dropped), 'dropped', run.dropped > 0.01 * plannedOf(plan)),
  ].join('')}</div>
${[...overTime, ...byEndpoint].join('\n')}
${run.statuses.length ? section('Responses by status', '', plots.counts(run.statuses)) : ''}
${section('Thresholds', 'Each that was missed fails the run.', table(['metric', 'must be', 'was', ''],
    told(run).map(({ metric, rule, ok, was }) => [metric, rule, readable(was), verdict(ok)])))}
${section('Checks', '', table(['check', 'passed', 'failed'], run.checks.map((each) =>
    [each.name, readable(each.passes), each.fails ? [readable(each.fails), 'bad'] : '0'])))}`;
}

const plannedOf = (plan) => (plan.points ? plannedIterations(plan) : 0);
