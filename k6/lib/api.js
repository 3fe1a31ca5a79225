// One function for each endpoint of the service. Each sends one request, checks status, content type
// and form of what comes back, and returns it: the parsed answer of a GET, the new element of a POST,
// for a PUT whether it worked; null when anything was wrong. The endpoint's name is the `name` of its
// metrics.

import http from 'k6/http';
import { check } from 'k6';
import * as forms from './forms.js';
import { baseUrl } from './settings.js';

export const ENDPOINTS = [
  'list_questions', 'list_answers', 'add_question', 'add_answer',
  'vote_question', 'vote_answer', 'report_question', 'report_answer',
];

const FINE = http.expectedStatuses(200, 201, 204);
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

// The same requests for less of k6's time: whether they worked, by status and content type alone.
export const glanceAtQuestions = (productId) =>
  glance('list_questions', questionsOf(productId, COUNT));
export const glanceAtAnswers = (questionId) =>
  glance('list_answers', answersTo(questionId, COUNT));

export function addQuestion(productId, question) {
  const response = send('add_question', 'POST', '/qa/questions',
    { product_id: productId, ...question });
  return checkedJson('add_question', response, 201, (added) => forms.isQuestion(added) &&
    added.question_body === question.body && Object.keys(added.answers).length === 0);
}

export function addAnswer(questionId, answer) {
  const response = send('add_answer', 'POST', `/qa/questions/${questionId}/answers`, answer);
  return checkedJson('add_answer', response, 201, (added) => forms.isAnswer(added) &&
    added.body === answer.body && added.photos.length === answer.photos.length);
}

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

// `more`: parameters of k6's own, such as headers. Where no answer comes, k6 counts why, for the report,
// instead of logging a line for each request.
export function send(name, method, path, body, expected = FINE, more = {}) {
  try {
    return http.request(method, baseUrl + path, body ? JSON.stringify(body) : null, {
      headers: body ? JSON_HEADERS : {},
      responseCallback: expected,
      tags: { name },
      timeout: '10s',
      throw: true,
      ...more,
    });
  } catch {
    return { status: 0, headers: {}, body: null };
  }
}

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
