// Does everything work? Each endpoint once in each of ITERATIONS (10) rounds, on products that no shop
// has: what is written is in the next answer, what is reported is gone, what is wrong is refused.
// All checks must pass. Nothing visible is left behind.
import http from 'k6/http';
import { check } from 'k6';
import exec from 'k6/execution';
import * as api from './lib/api.js';
import { mark, optionsFor } from './lib/plan.js';
import { report } from './lib/report.js';
import { number } from './lib/settings.js';

const rounds = number('ITERATIONS', 10);
const plan = { name: 'smoke', title: 'Smoke: does everything work?' };

export const options = optionsFor(plan, {
  checks: ['rate==1'],
  http_req_failed: ['rate==0'],
  iterations: [`count==${rounds}`],
}, { smoke: { executor: 'shared-iterations', vus: 2, iterations: rounds, maxDuration: '2m' } });

const question = (text) => ({ body: text, name: 'k6', email: 'k6@load.example' });
const answer = (text, photos = []) => ({ ...question(text), photos });

export const setup = () => ({ reason: api.whyUnreachable() });

export default function (data) {
  mark(plan, data);
  // The highest product ids, so that two runs at a time hardly meet.
  const product = 2147483647 - Math.floor(Math.random() * 1e8);
  const texts = ['Does it shrink? "\\ é 👍 </script>', 'In which colours?'];
  const asked = texts.map((text) => api.addQuestion(product, question(text)));
  if (asked.includes(null)) {
    exec.test.abort('nothing can be added');
  }
  const [first, second] = asked.map((added) => added.question_id);

  questionsArePages(product, first, second);
  const answered = answersAreListed(product, second);
  questionsAreFound(product, first, second);
  votesAreCounted(product, second, answered);
  reportsHide(product, first, second, answered);
  wrongIsRefused(product);
}

function questionsArePages(product, first, second) {
  const one = api.listQuestions(product, 1);
  const all = api.listQuestions(product, 1000);
  check(null, {
    'new questions are listed, the older one first': () =>
      ids(all).join() === [first, second].join(),
    'a page has as many as were asked for': () => ids(one).join() === String(first),
  });
}

function answersAreListed(product, question_id) {
  const photos = ['https://images.example/1.jpg', 'https://images.example/2.jpg'];
  const added = api.addAnswer(question_id, answer('Not mine.', photos));
  const id = added && added.answer_id;
  const listed = api.listAnswers(question_id);
  const nested = answersOf(product, question_id);
  check(null, {
    'a new answer is in its list': () => JSON.stringify(listed.results) === JSON.stringify([added]),
    'and with its question': () => nested[id].body === 'Not mine.',
    'its photos are objects there and addresses here': () =>
      listed.results[0].photos.map((photo) => photo.url).join() === photos.join() &&
      nested[id].photos.join() === photos.join(),
  });
  return id;
}

function questionsAreFound(product, first, second) {
  const newest = api.sortQuestions(product, 'newest');
  const found = api.searchQuestions(product, 'COLOURS which');
  const none = api.searchQuestions(product, 'nowhere');
  const alone = api.showQuestion(second);
  const counts = api.showCounts([product]);
  const page = api.showDocument(first);
  check(null, {
    'the newest question comes first': () => ids(newest).join() === [second, first].join(),
    'a question is found by its words': () => ids(found).join() === String(second) && found.total === 1 &&
      JSON.stringify(found.matches.questions[second]) === '[[3,8],[9,16]]',
    'and by no others': () => none.total === 0,
    'a question is shown alone': () => alone.question_id === second && alone.product_id === String(product),
    'questions and answers are counted': () =>
      counts.results[0].questions === 2 && counts.results[0].answers === 1,
    'a web page shows text as text': () => page.split('</script>').length === 2,
  });
}

function votesAreCounted(product, question_id, answer_id) {
  api.voteQuestion(question_id);
  api.voteAnswer(answer_id);
  api.voteAnswer(answer_id);
  const list = api.listQuestions(product);
  const listed = api.listAnswers(question_id);
  check(null, {
    'a vote is counted, and the question comes first': () =>
      list.results[0].question_id === question_id && list.results[0].question_helpfulness === 1,
    'votes for an answer are counted in both lists': () =>
      list.results[0].answers[answer_id].helpfulness === 2 && listed.results[0].helpfulness === 2,
  });
  votersVoteOnce(question_id, answer_id);
}

function votersVoteOnce(question_id, answer_id) {
  const path = `/qa/answers/${answer_id}/helpful`;
  const voter = { headers: { 'Qa-Voter': `k6-smoke-${Math.random().toString(36).slice(2, 10)}-voter` } };
  const helpfulness = () => api.listAnswers(question_id).results[0].helpfulness;
  const sent = ['PUT', 'PUT', 'DELETE', 'PUT', 'DELETE'].map((method) => {
    const { status } = api.send('voter', method, path, null, undefined, voter);
    return `${status} ${helpfulness()}`;
  });
  check(null, {
    'a voter counts once, and takes the vote back': () =>
      sent.join(', ') === '204 3, 204 3, 204 2, 204 3, 204 2',
  });
}

function reportsHide(product, first, second, answer_id) {
  api.reportAnswer(answer_id);
  const listed = api.listAnswers(second);
  const nested = answersOf(product, second);
  api.reportQuestion(first);
  const left = api.listQuestions(product);
  api.reportQuestion(second);
  const none = api.listQuestions(product);
  check(null, {
    'a reported answer is gone from both lists': () =>
      listed.results.length === 0 && Object.keys(nested).length === 0,
    'a reported question is gone': () => ids(left).join() === String(second),
    'and the last one too': () => none.results.length === 0,
  });
}

function wrongIsRefused(product) {
  api.refused('GET', '/qa/questions', 400);
  api.refused('GET', `/qa/questions?product_id=${product}&count=0`, 400);
  api.refused('POST', '/qa/questions', 400, { product_id: product, body: '', name: 'k6' });
  api.refused('PUT', '/qa/answers/9223372036854775807/helpful', 404);
  api.refused('PUT', '/qa/nowhere', 404);
  const health = api.send('health', 'GET', '/healthz');
  const ready = api.send('health', 'GET', '/readyz');
  const page = `/qa/questions?product_id=${product}`;
  const tag = api.send('validate', 'GET', page).headers.Etag;
  const again = api.send('validate', 'GET', page, null, http.expectedStatuses(304),
    { headers: { 'If-None-Match': tag } });
  check(null, {
    'healthy and ready': () => health.status === 200 && ready.status === 200,
    'an unchanged page is not sent again': () => tag && again.status === 304 && !again.body,
  });
}

const ids = (list) => list.results.map((listed) => listed.question_id);

function answersOf(product, question_id) {
  const list = api.listQuestions(product, 1000);
  return list.results.find((listed) => listed.question_id === question_id).answers;
}

export const handleSummary = (results) => report(plan, results);
