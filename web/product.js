/* The page: a product, and <product-questions>, which shows its questions and tells what it has loaded. */
import { describeProduct } from './catalogue.js'

const maxProduct = 2147483647
const byId = id => document.getElementById(id)
const widget = document.querySelector('product-questions')
const parameters = new URLSearchParams(location.search)
const asked = parameters.get('product_id') || '1'
const number = /^\d+$/.test(asked) ? Number(asked) : NaN

start()

function start() {
  showFrame()
  byId('picker').addEventListener('submit', openPickedProduct)
  byId('language').addEventListener('change', showLanguage)
  widget.addEventListener('qa-load', event => showProduct(event.detail.questions.slice(0, 5)), { once: true })
  widget.addEventListener('qa-problem', () => showPicture('parcel'), { once: true })
  widget.addEventListener('qa-ask', event => keepAddress(`question-${event.detail.question_id}`))
  widget.addEventListener('qa-answer', event => keepAddress(`answer-${event.detail.answer_id}`))
  if (parameters.get('lang')) byId('language').value = widget.lang = parameters.get('lang')
  if (isProductNumber(number)) widget.productId = number
  else showWrongNumber()
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
  if (good) location.assign(`?product_id=${Number(text)}`)
  else sayWrongNumber()
}

function sayWrongNumber() {
  byId('number-error').textContent = `Please enter a number from 1 to ${maxProduct}.`
  byId('number').ariaInvalid = 'true'
}

function showWrongNumber() {
  sayWrongNumber()
  showPicture('parcel')
  byId('questions').hidden = true
}

function showPicture(name) {
  byId('product-picture').setAttribute('href', `pictures.svg#${name}`)
}

function showProduct(questions) {
  const product = describeProduct(number, questions.flatMap(wordsOf).join(' '), questions.flatMap(photosOf))
  const price = { style: 'currency', currency: 'EUR', maximumFractionDigits: 0 }
  document.title = `${product.name} – Atelier`
  byId('product').style.setProperty('--main', product.hex)
  showPicture(product.picture)
  byId('product-shelf').textContent = `${product.shelf} · No. ${number}`
  byId('product-name').textContent = product.name
  byId('product-price').textContent = product.price.toLocaleString(undefined, price)
  byId('product-text').textContent = product.text
  byId('product-colour').textContent = product.colour
  byId('product-details').hidden = false
  widget.setAttribute('product-name', product.name)
}

function wordsOf(question) {
  return [question.question_body, ...Object.values(question.answers).map(answer => answer.body)]
}

function photosOf(question) {
  return Object.values(question.answers).flatMap(answer => answer.photos)
}

/* ---- The questions ---- */

function showLanguage() {
  widget.lang = byId('language').value
}

/* The page's address names what was written last, for the next visit. */
function keepAddress(id) {
  history.replaceState(null, '', `#${id}`)
}
