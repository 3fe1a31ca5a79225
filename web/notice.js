/* Messages: what went well, and problems, with an offer to try again where that does no harm. */
import { Problem } from './api.js'

const fadeMs = 6000

/* Runs an action; a problem is shown in `place`, from where the action can be run again. */
export async function perform(place, action) {
  clear(place)
  try {
    await action()
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem
    showProblem(place, problem, () => perform(place, action))
  }
}

export function showSuccess(place, text) {
  const message = element('p', text, 'notice good')
  place.replaceChildren(message)
  setTimeout(() => message.remove(), fadeMs)
}

/* `again` repeats what failed; it is offered once the service's Retry-After has passed. */
export function showProblem(place, problem, again) {
  const message = element('div', '', 'notice')
  message.append(element('p', problem.message))
  if (problem.repeatable) message.append(retryButton(problem.waitS, again))
  message.append(button('Dismiss', () => clear(place)))
  place.replaceChildren(message)
}

export function clear(place) {
  place.replaceChildren()
}

/* Marks a field of a form; an empty text takes the mark away. */
export function showFieldError(input, text) {
  document.getElementById(`${input.id}-error`).textContent = text
  input.setAttribute('aria-invalid', String(text !== ''))
}

function retryButton(waitS, again) {
  const retry = button('Try again', again)
  if (waitS > 0) countDown(retry, waitS)
  return retry
}

function countDown(retry, seconds) {
  retry.disabled = seconds > 0
  retry.textContent = seconds > 0 ? `Try again in ${seconds} s` : 'Try again'
  if (seconds > 0) setTimeout(countDown, 1000, retry, seconds - 1)
}

function button(label, onClick) {
  const made = element('button', label)
  made.type = 'button'
  made.addEventListener('click', onClick)
  return made
}

function element(name, text, className = '') {
  return Object.assign(document.createElement(name), { textContent: text, className })
}
