// One function for each endpoint of the service. Each sends one request, checks status, content type
// and form of what comes back, and returns it: the parsed answer of a GET, the new element of a POST,
// for a PUT whether it worked; null when anything was wrong. The endpoint's name is the `name` of its
// metrics.

import http from 'k6/http';
import { check, sleep } from 'k6';
import * as forms from './forms.js';
import { baseUrl, retries } from './settings.js';

export const ENDPOINTS = [
  'list_questions', 'list_answers', 'add_question', 'add_answer',
  'vote_question', 'vote_answer', 'report_question', 'report_answer',
  'sort_questions', 'search_questions', 'show_question', 'show_counts', 'show_document',
];

const FINE = http.expectedStatuses(200, 201, 202, 204);
const JSON_HEADERS = { 'Content-Type': 'application/json' };

const COUNT = 5;  // what a request gets that names none

const questionsOf = (productId, count) => `/qa/questions?product_id=${productId}&count=${count}`;
const answersTo = (questionId, count) => `/qa/questions/${questionId}/answers?count=${count}`;

export function listQuestions(productId, count = COUNT) {
  const response = send('list_questions', 'GET', questionsOf(productId, count));
  return checkedJson('list_questions', response, 200,
    (list) => forms.isQuestionList(list, productId) && list.results.length <= count);
}

export function listAnswers(questionId, count = COUNT) {
  const response = send('list_answers', 'GET', answersTo(questionId, count));
  return checkedJson('list_answers', response, 200,
    (list) => forms.isAnswerList(list, questionId, count) && list.results.length <= count);
}

export function sortQuestions(productId, order) {
  const response = send('sort_questions', 'GET', `${questionsOf(productId, COUNT)}&sort=${order}`);
  return checkedJson('sort_questions', response, 200, (list) => forms.isQuestionList(list, productId));
}

// Also where the words are; `total` is how many are found in all.
export function searchQuestions(productId, words) {
  const path = `${questionsOf(productId, COUNT)}&q=${encodeURIComponent(words)}&highlight=true`;
  const response = send('search_questions', 'GET', path, null, FINE, { headers: { Prefer: 'count=exact' } });
  const list = checkedJson('search_questions', response, 200, (found) =>
    forms.isQuestionList(found, productId) && forms.areMatches(found.matches) &&
    response.headers['Preference-Applied'] === 'count=exact');
  return list && { ...list, total: Number(response.headers['Total-Count']) };
}

export function showQuestion(questionId) {
  const response = send('show_question', 'GET', `/qa/questions/${questionId}`);
  return checkedJson('show_question', response, 200, forms.isQuestion);
}

export function showCounts(productIds) {
  const response = send('show_counts', 'GET', `/qa/counts?product_ids=${productIds.join()}`);
  return checkedJson('show_counts', response, 200, (counts) => forms.areCounts(counts, productIds));
}

export function showDocument(questionId) {
  const response = send('show_document', 'GET', `/q/${questionId}`);
  return check(response, {
    ...withStatusAndType('show_document', response, 200, 'text/html; charset=utf-8'),
    'show_document: form': () => response.body.includes('"@type" : "QAPage"'),
  }) ? response.body : null;
}

// The same requests for less of k6's time: whether they worked, by status and content type alone.
export const glanceAtQuestions = (productId) =>
  glance('list_questions', questionsOf(productId, COUNT));
export const glanceAtAnswers = (questionId) =>
  glance('list_answers', answersTo(questionId, COUNT));

export function addQuestion(productId, question) {
  const response = send('add_question', 'POST', '/qa/questions',
    { product_id: productId, ...question });
  return checkedJson('add_question', response, addedOrWaits(response), (added) => forms.isQuestion(added) &&
    added.question_body === question.body && Object.keys(added.answers).length === 0);
}

export function addAnswer(questionId, answer) {
  const response = send('add_answer', 'POST', `/qa/questions/${questionId}/answers`, answer);
  return checkedJson('add_answer', response, addedOrWaits(response), (added) => forms.isAnswer(added) &&
    added.body === answer.body && added.photos.length === answer.photos.length);
}

// With pre-moderation what is new waits until somebody approves it.
const addedOrWaits = (response) => (response.status === 202 ? 202 : 201);

export const voteQuestion = (id) => put('vote_question', `/qa/questions/${id}/helpful`);
export const voteAnswer = (id) => put('vote_answer', `/qa/answers/${id}/helpful`);
export const reportQuestion = (id) => put('report_question', `/qa/questions/${id}/report`);
export const reportAnswer = (id) => put('report_answer', `/qa/answers/${id}/report`);

// Why the service cannot be reached; null where anything answers.
export function whyUnreachable() {
  try {
    http.get(`${baseUrl}/healthz`, { throw: true, tags: { name: 'reach' }, timeout: '10s' });
    return null;
  } catch (error) {
    return unreachable(error);
  }
}

export const unreachable = (error) => `cannot reach ${baseUrl}: ${error.message.replace(/^\w+ "[^"]*": /, '')}`;

// Ids of questions and answers that exist, from the pages of these products; `statuses` gets how often
// each status came. Throws where no answer comes.
export function idsOfPages(productIds, statuses) {
  const ids = { questions: [], answers: [] };
  const requests = productIds.map((id) => ['GET', `${baseUrl}/qa/questions?product_id=${id}`, null,
    { throw: true, tags: { name: 'read_ids' } }]);
  for (const response of http.batch(requests)) {
    statuses[response.status] = (statuses[response.status] || 0) + 1;
    if (response.status === 200) {
      for (const question of response.json().results) {
        ids.questions.push(question.question_id);
        ids.answers.push(...Object.keys(question.answers));
      }
    }
  }
  return ids;
}

// A request that the service must refuse with this status and a problem.
export function refused(method, path, status, body) {
  const response = send('refused', method, path, body, http.expectedStatuses(status));
  return checkedJson('refused', response, status, (problem) => forms.isProblem(problem, status),
    'application/problem+json');
}

// `more`: parameters of k6's own, such as headers. A write whose outcome is not known is sent again, and has a
// key, so that it is made once.
export function send(name, method, path, body, expected = FINE, more = {}) {
  const isWrite = method !== 'GET' && retries > 0;
  const parameters = {
    responseCallback: expected,
    tags: { name },
    timeout: '10s',
    throw: true,
    ...more,
    headers: { ...(body && JSON_HEADERS), ...(isWrite && { 'Idempotency-Key': newKey() }), ...more.headers },
  };
  let response = ask(method, path, body, parameters);
  for (let tries = 0; isWrite && tries < retries && UNKNOWN.includes(response.status); tries++) {
    sleep(1);
    response = ask(method, path, body, parameters);
  }
  return response;
}

// Where no answer comes, k6 counts why, for the report, instead of logging a line for each request.
function ask(method, path, body, parameters) {
  try {
    return http.request(method, baseUrl + path, body ? JSON.stringify(body) : null, parameters);
  } catch {
    return { status: 0, headers: {}, body: null };
  }
}

// The write may have been made, or is under way.
const UNKNOWN = [0, 409, 502, 504];

const vu = Math.random().toString(36).slice(2);  // each virtual user has modules of its own
let keys = 0;
const newKey = () => `k6-${Date.now().toString(36)}-${vu}-${keys++}`;

function glance(name, path) {
  const response = send(name, 'GET', path, null, FINE, { responseType: 'none' });
  return check(response, withStatusAndType(name, response, 200, 'application/json'));
}

const withStatusAndType = (name, response, status, type) => ({
  [`${name}: status ${status}`]: () => response.status === status,
  [`${name}: ${type}`]: () => response.headers['Content-Type'] === type,
});

function put(name, path) {
  const response = send(name, 'PUT', path);
  return check(response, {
    [`${name}: status 204`]: () => response.status === 204,
    [`${name}: no body`]: () => !response.body,
  }) || null;
}

function checkedJson(name, response, status, hasForm, type = 'application/json') {
  let value = null;
  const fine = check(response, {
    ...withStatusAndType(name, response, status, type),
    [`${name}: form`]: () => {
      try {
        value = JSON.parse(response.body);
        return hasForm(value);
      } catch {
        return false;
      }
    },
  });
  return fine ? value : null;
}
