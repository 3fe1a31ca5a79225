/* The page: a product, its questions and their answers. */
import { describeProduct } from './catalogue.js'
import { compose } from './composer.js'
import { buildItem, buildPhoto } from './item.js'
import { perform, showFieldError, showSuccess } from './notice.js'
import { Pages } from './pages.js'
import { folded } from './text.js'

const firstAnswers = 2
const manyItems = 100 /* enough to have a new item among them */
const itemAddress = /^#(question|answer)-\d+$/
const maxProduct = 2147483647
const byId = id => document.getElementById(id)
const asked = new URLSearchParams(location.search).get('product_id') || '1'
const number = /^\d+$/.test(asked) ? Number(asked) : NaN

const questions = new Pages({
  path: `/qa/questions?product_id=${encodeURIComponent(asked)}&`,
  idName: 'question_id',
  list: byId('question-list'),
  more: byId('more-questions'),
  build: buildQuestion
})

start()

function start() {
  showFrame()
  for (const button of document.querySelectorAll('[data-close]')) {
    button.addEventListener('click', () => button.closest('dialog').close(button.dataset.close))
  }
  byId('picker').addEventListener('submit', openPickedProduct)
  byId('search').addEventListener('input', search)
  byId('show-all').addEventListener('click', showAll)
  byId('ask').addEventListener('click', ask)
  questions.more.addEventListener('click', () => perform(byId('list-notice'), showMoreQuestions))
  perform(byId('list-notice'), showFirstQuestions)
}

/* ---- The product ---- */

function showFrame() {
  byId('number').value = asked
  byId('json').href = `/qa/questions?product_id=${encodeURIComponent(asked)}`
  byId('product-name').textContent = `Product no. ${asked}`
  for (const [id, neighbour] of [['previous', number - 1], ['next', number + 1]]) {
    byId(id).href = `?product_id=${neighbour}`
    byId(id).hidden = !isProductNumber(neighbour)
  }
}

function isProductNumber(n) {
  return n >= 1 && n <= maxProduct
}

function openPickedProduct(event) {
  event.preventDefault()
  const text = byId('number').value.trim()
  const good = /^\d+$/.test(text) && isProductNumber(Number(text))
  showFieldError(byId('number'), good ? '' : `Please enter a number from 1 to ${maxProduct}.`)
  if (good) location.assign(`?product_id=${Number(text)}`)
}

function showProduct(questionsOfPage) {
  const product = describeProduct(number, questionsOfPage.flatMap(wordsOf).join(' '),
    questionsOfPage.flatMap(photosOf))
  const price = { style: 'currency', currency: 'EUR', maximumFractionDigits: 0 }
  document.title = `${product.name} – Atelier`
  byId('product').style.setProperty('--main', product.hex)
  byId('product-picture').setAttribute('href', `pictures.svg#${product.picture}`)
  byId('product-shelf').textContent = `${product.shelf} · No. ${number}`
  byId('product-name').textContent = product.name
  byId('product-price').textContent = product.price.toLocaleString(undefined, price)
  byId('product-text').textContent = product.text
  byId('product-colour').textContent = product.colour
  byId('product-details').hidden = byId('tools').hidden = false
}

function wordsOf(question) {
  return [question.question_body, ...Object.values(question.answers).map(answer => answer.body)]
}

function photosOf(question) {
  return Object.values(question.answers).flatMap(answer => answer.photos)
}

/* ---- The list of questions ---- */

async function showFirstQuestions() {
  try {
    const loaded = await questions.reload(itemAddress.test(location.hash) ? manyItems : undefined)
    showProduct(loaded.slice(0, 5))
  } catch (problem) {
    byId('product-picture').setAttribute('href', 'pictures.svg#parcel')
    if (problem.field !== 'product_id') throw problem
    showFieldError(byId('number'), problem.message)
    byId('questions').hidden = true
  } finally {
    byId('question-area').setAttribute('aria-busy', 'false')
  }
  search()
  if (itemAddress.test(location.hash)) pointAt(location.hash.slice(1))
}

async function showMoreQuestions() {
  await questions.showMore()
  search()
}

/* Brings an item into view, and into the page's address for the next visit. */
function pointAt(id) {
  const item = byId(id)
  if (!item) return
  history.replaceState(null, '', `#${id}`)
  item.classList.add('pointed')
  item.scrollIntoView({ block: 'center' })
  item.focus({ preventScroll: true })
}

function search() {
  const wanted = folded(byId('search').value.trim())
  const all = questions.elements
  for (const question of all) question.hidden = !folded(textOf(question)).includes(wanted)
  const found = all.filter(question => !question.hidden).length
  const searched = all.length === 1 ? 'one question' : `${all.length} questions`
  const loaded = questions.more.hidden ? searched : `${searched} loaded so far`
  byId('search-result').textContent = wanted ? `${found || 'Nothing'} found in ${loaded}` : ''
  byId('no-match').hidden = !wanted || found > 0 || all.length === 0
  byId('no-match-text').textContent = `Nothing found in ${loaded}.`
  byId('empty').hidden = all.length > 0 || !questions.more.hidden
}

function showAll() {
  byId('search').value = ''
  search()
  byId('search').focus()
}

function textOf(question) {
  return [...question.querySelectorAll('.text')].map(text => text.textContent).join('\n')
}

/* ---- Questions and answers ---- */

function buildQuestion(question) {
  const id = question.question_id
  const item = buildItem({
    kind: 'question',
    id,
    body: question.question_body,
    author: question.asker_name,
    date: question.question_date,
    helpful: question.question_helpfulness,
    onReported() {
      questions.remove(id)
      search()
    }
  })
  const answers = new Pages({
    path: `/qa/questions/${id}/answers?`,
    idName: 'answer_id',
    list: item.querySelector('.answers'),
    more: item.querySelector('.more'),
    build: answer => buildAnswer(answer, answers)
  })
  const inside = Object.values(question.answers).map(asListed).sort(mostHelpfulFirst)
  const pointed = inside.some(answer => location.hash === `#answer-${answer.answer_id}`)
  answers.add(pointed ? inside : inside.slice(0, firstAnswers))
  answers.more.hidden = pointed || inside.length <= firstAnswers
  answers.more.addEventListener('click', () => perform(byId('notice'), () => answers.showMore()))
  item.querySelector('.reply').addEventListener('click', () => reply(question, answers))
  return item
}

function buildAnswer(answer, answers) {
  const item = buildItem({
    kind: 'answer',
    id: answer.answer_id,
    body: answer.body,
    author: answer.answerer_name,
    date: answer.date,
    helpful: answer.helpfulness,
    onReported: () => answers.remove(answer.answer_id)
  })
  const photos = answer.photos.map(({ url }, i) => buildPhoto(url, `Photo ${i + 1} by ${answer.answerer_name}`))
  item.querySelector('.photos').append(...photos)
  return item
}

/* An answer inside a question, in the form that the list of answers has. */
function asListed(answer) {
  return { ...answer, answer_id: answer.id, photos: answer.photos.map(url => ({ url })) }
}

/* JSON.parse sorts the keys of an object that look like small numbers. */
function mostHelpfulFirst(a, b) {
  return b.helpfulness - a.helpfulness || a.answer_id - b.answer_id
}

/* ---- Writing ---- */

function ask() {
  compose({
    title: 'Ask a question',
    context: byId('product-name').textContent,
    label: 'Your question',
    send: 'Send question',
    path: '/qa/questions',
    fields: { product_id: number },
    onPosted: created => showPosted(questions, created, 'question')
  })
}

function reply(question, answers) {
  compose({
    title: 'Answer this question',
    context: question.question_body,
    label: 'Your answer',
    send: 'Send answer',
    path: `/qa/questions/${question.question_id}/answers`,
    withPhotos: true,
    onPosted: created => showPosted(answers, created, 'answer')
  })
}

/* The list is loaded again, and has the new item: the service lets everyone read their writes. */
function showPosted(list, created, kind) {
  const id = created[`${kind}_id`]
  return perform(byId('notice'), async () => {
    await list.reload(manyItems)
    list.add([created])
    byId('search').value = ''
    search()
    pointAt(`${kind}-${id}`)
    showSuccess(byId('notice'), `Thank you. Your ${kind} is published.`)
  })
}
