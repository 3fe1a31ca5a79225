/* The dialog in which a question or an answer is written: it checks the rules of the service
 * before it sends, shows a refusal beside the field, and keeps a draft until it has been sent. */
import { post } from './api.js'
import { clear, showFieldError, showProblem } from './notice.js'
import { characters, isEmail, isFilled, isPhotoUrl, limits } from './rules.js'

const byId = id => document.getElementById(id)
const dialog = byId('composer')
const form = dialog.querySelector('form')
const input = name => form.elements.namedItem(name)
const linesOf = text => text.split('\n').map(line => line.trim()).filter(line => line !== '')
let current

/* What is wrong with a field; an empty text when nothing is. */
const rules = {
  body: text => lengthProblem(text, limits.body),
  photos: text => photosProblem(linesOf(text)),
  name: text => lengthProblem(text, limits.name),
  email: text => isEmail(text) ? '' : 'Please enter an e-mail address, such as you@example.org.'
}

function lengthProblem(text, most) {
  if (isFilled(text, most)) return ''
  return characters(text) > most
    ? `At most ${most} characters, please; these are ${characters(text)}.`
    : 'Please fill this in.'
}

function photosProblem(urls) {
  if (urls.length > limits.photos) return `At most ${limits.photos} photos, please; these are ${urls.length}.`
  const wrong = urls.find(url => !isPhotoUrl(url))
  return wrong ? `Not an http or https address: ${wrong.slice(0, 60)}` : ''
}

/* `task` says what to write: {title, context, label, send, path, fields (sent along), withPhotos,
 * onPosted (gets what was created)}. */
export function compose(task) {
  if (task.path !== current?.path) input('body').value = input('photos').value = ''
  current = task
  for (const part of ['title', 'context', 'label', 'send']) byId(`composer-${part}`).textContent = task[part]
  byId('photos-field').hidden = !task.withPhotos
  for (const name in rules) showFieldError(input(name), '')
  clear(byId('composer-notice'))
  countCharacters()
  dialog.showModal()
  input('body').focus()
}

function countCharacters() {
  byId('body-count').textContent = `${characters(input('body').value)} of ${limits.body} characters`
}

/* Marks every field that breaks a rule and goes to the first of them. */
function check() {
  for (const name in rules) showFieldError(input(name), rules[name](input(name).value))
  const wrong = form.querySelector('[aria-invalid="true"]')
  wrong?.focus()
  return !wrong
}

async function send() {
  const task = current
  clear(byId('composer-notice'))
  byId('composer-send').disabled = true
  try {
    const created = await post(task.path, message(task))
    if (task === current) close()
    task.onPosted(created)
  } catch (problem) {
    showRefusal(problem)
  } finally {
    byId('composer-send').disabled = false
  }
}

function close() {
  current = undefined
  dialog.close()
}

function message({ fields, withPhotos }) {
  const [body, name, email] = ['body', 'name', 'email'].map(field => input(field).value)
  return { body, name, email, ...fields, ...withPhotos && { photos: linesOf(input('photos').value) } }
}

function showRefusal(problem) {
  if (!rules[problem.field]) return showProblem(byId('composer-notice'), problem, send)
  showFieldError(input(problem.field), problem.message)
  input(problem.field).focus()
}

form.addEventListener('input', ({ target }) => {
  countCharacters()
  if (target.ariaInvalid === 'true') showFieldError(target, rules[target.name](target.value))
})
form.addEventListener('submit', event => {
  event.preventDefault()
  if (check()) send()
})
