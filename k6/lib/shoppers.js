// What shoppers do: for each endpoint an action that is one iteration, and the mix of all of them.
// Products are asked for by popularity; votes and answers go to what was read at the beginning, so
// that it exists; reported is only what this run itself has added.

import * as api from './api.js';
import { mark } from './plan.js';
import { baseUrl, popularity, products } from './settings.js';

const PAGES_READ = 400;
const PAGES_AT_ONCE = 20;
const OWN_KEPT = 100;
const LISTS_READ = 0.1;  // of the lists, those whose form is checked: k6 needs long to parse one

// Requests in a thousand.
const MIX = {
  list_questions: 650, list_answers: 250, vote_question: 40, vote_answer: 40,
  add_question: 9, add_answer: 9, report_question: 1, report_answer: 1,
};

const QUESTION = { body: 'k6: Does it shrink in the wash?', name: 'k6', email: 'k6@load.example' };
const ANSWER = {
  body: 'k6: Not mine. 👍', name: 'k6', email: 'k6@load.example',
  photos: ['/photos/jacket/navy-1.svg'],
};

// ---- Popularity ----

// Popular products shall not be neighbours in the database: a rank becomes an id by a multiplication
// that meets every product once.
const step = coprime(Math.floor(products * 0.618) + 1);

function coprime(candidate) {
  const divisor = (a, b) => (b ? divisor(b, a % b) : a);
  while (divisor(candidate, products) !== 1) {
    candidate++;
  }
  return candidate;
}

// "zipf": the product of rank r is asked for 1/r times as often as the first. The logarithm of such a
// rank is evenly distributed.
export function randomProduct() {
  const rank = popularity === 'zipf'
    ? Math.min(Math.floor(Math.exp(Math.random() * Math.log(products + 1))), products)
    : 1 + Math.floor(Math.random() * products);
  return 1 + ((rank * step) % products);
}

// ---- What exists ----

// A script's `setup`: what every virtual user gets; `reason` says why no load can be sent.
export function begin() {
  const ids = { questions: [], answers: [] };
  const statuses = {};
  let reason = api.whyUnreachable();
  try {
    for (let read = 0; read < PAGES_READ && !reason; read += PAGES_AT_ONCE) {
      const found = api.idsOfPages(Array.from({ length: PAGES_AT_ONCE }, randomProduct), statuses);
      ids.questions.push(...found.questions);
      ids.answers.push(...found.answers);
    }
  } catch (error) {
    reason = api.unreachable(error);
  }
  if (!reason && (ids.questions.length === 0 || ids.answers.length === 0)) {
    reason = whyNothingFound(statuses);
  }
  return { ids, reason, began: Date.now() };
}

function whyNothingFound(statuses) {
  const others = Object.keys(statuses).filter((status) => status !== '200');
  return others.length > 0
    ? `${baseUrl}/qa/questions answered ${others.join(', ')}: is this the service, and is it ready?`
    : `found no questions with answers: is there data, and has it ${products} products (PRODUCTS)?`;
}

const oneOf = (list) => list[Math.floor(Math.random() * list.length)];

// ---- Actions ----

const list = (read, glanceAt) => (Math.random() < LISTS_READ ? read : glanceAt);

const own = { questions: [], answers: [] };  // of this virtual user, added and not reported

function keep(list, id) {
  if (list.length < OWN_KEPT) {
    list.push(id);
  }
}

function addQuestion() {
  const question = api.addQuestion(randomProduct(), QUESTION);
  if (question) {
    keep(own.questions, question.question_id);
  }
}

function addAnswer(ids) {
  const answer = api.addAnswer(oneOf(ids.questions), ANSWER);
  if (answer) {
    keep(own.answers, answer.answer_id);
  }
}

function reportOwn(list, add, report, ids) {
  if (list.length === 0) {
    add(ids);
  }
  if (list.length > 0) {
    report(list.pop());
  }
}

const ACTIONS = {
  list_questions: () => list(api.listQuestions, api.glanceAtQuestions)(randomProduct()),
  list_answers: (ids) => list(api.listAnswers, api.glanceAtAnswers)(oneOf(ids.questions)),
  sort_questions: () => api.sortQuestions(randomProduct(), 'newest'),
  search_questions: () => api.searchQuestions(randomProduct(), 'it size'),
  show_question: (ids) => api.showQuestion(oneOf(ids.questions)),
  show_counts: () => api.showCounts(Array.from({ length: 20 }, randomProduct)),
  show_document: (ids) => api.showDocument(oneOf(ids.questions)),
  add_question: addQuestion,
  add_answer: addAnswer,
  vote_question: (ids) => api.voteQuestion(oneOf(ids.questions)),
  vote_answer: (ids) => api.voteAnswer(oneOf(ids.answers)),
  report_question: (ids) => reportOwn(own.questions, addQuestion, api.reportQuestion, ids),
  report_answer: (ids) => reportOwn(own.answers, addAnswer, api.reportAnswer, ids),
};

// One iteration.
export function act(endpoint, plan, data) {
  mark(plan, data);
  ACTIONS[endpoint](data.ids);
}

export function mix(plan, data) {
  let rest = Math.random() * 1000;
  const chosen = Object.keys(MIX).find((name) => (rest -= MIX[name]) < 0) || 'list_questions';
  act(chosen, plan, data);
}
