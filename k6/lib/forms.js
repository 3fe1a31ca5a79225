// The forms that the service promises for what it answers: each function says whether a value has
// its form.

const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

const isText = (value) => typeof value === 'string' && value !== '';
const isCount = (value) => Number.isInteger(value) && value >= 0;
const isId = (value) => Number.isInteger(value) && value > 0;

export function isQuestion(question) {
  return isId(question.question_id) && isText(question.question_body) &&
    DATE.test(question.question_date) && isText(question.asker_name) &&
    isCount(question.question_helpfulness) && question.reported === false &&
    Object.entries(question.answers).every(([key, answer]) =>
      key === String(answer.id) && isAnswerText(answer) && answer.photos.every(isText));
}

export function isAnswer(answer) {
  return isId(answer.answer_id) && isAnswerText(answer) &&
    answer.photos.every((photo) => isId(photo.id) && isText(photo.url));
}

function isAnswerText(answer) {
  return isText(answer.body) && DATE.test(answer.date) && isText(answer.answerer_name) &&
    isCount(answer.helpfulness);
}

export function isQuestionList(list, productId) {
  return list.product_id === String(productId) && list.results.every(isQuestion);
}

export function isAnswerList(list, questionId, count) {
  return list.question === String(questionId) && list.page === 1 && list.count === count &&
    list.results.every(isAnswer);
}

export const areMatches = (matches) => ['questions', 'answers'].every((kind) =>
  Object.values(matches[kind]).every((ranges) => ranges.length > 0 &&
    ranges.every(([first, after]) => isCount(first) && after > first)));

export const areCounts = (counts, productIds) => counts.results.length === productIds.length &&
  counts.results.every((row, index) => row.product_id === productIds[index] &&
    isCount(row.questions) && isCount(row.answers));

export function isProblem(problem, status) {
  return problem.status === status && isText(problem.type) && isText(problem.title) &&
    isText(problem.detail);
}
