/* What questions and answers have in common: a text, its author and date, votes, reports, photos.
 * All text is inserted as text. */
import { schemeOf } from './address.js'
import { put } from './api.js'
import { hasDone, remember } from './memory.js'
import { perform, showSuccess } from './notice.js'

const byId = id => document.getElementById(id)

/* Makes an item from the template of its kind, 'question' or 'answer'. */
export function buildItem({ kind, id, body, author, date, helpful, onReported }) {
  const item = fromTemplate(kind)
  const part = name => item.querySelector(`.${name}`)
  item.id = `${kind}-${id}`
  part('text').id = `${item.id}-text`
  part('text').textContent = body
  part('author').textContent = author
  showDate(item.querySelector('time'), date)
  for (const button of item.querySelectorAll('button')) button.setAttribute('aria-describedby', part('text').id)
  prepareVote(part('helpful'), { kind, id, date }, helpful)
  prepareReport(part('report'), { kind, id, date }, body, onReported)
  return item
}

function showDate(time, iso) {
  const date = new Date(iso)
  time.dateTime = iso
  time.textContent = date.toLocaleDateString(undefined, { dateStyle: 'medium' })
  time.title = date.toLocaleString()
}

function fromTemplate(name) {
  return byId(`${name}-template`).content.firstElementChild.cloneNode(true)
}

/* A photo, or a drawing in the place of one that cannot be shown. */
export function buildPhoto(url, alt) {
  const item = fromTemplate('photo')
  const image = item.querySelector('img')
  const showPlaceholder = () => item.replaceChildren(fromTemplate('placeholder'))
  const address = photoAddress(url)
  if (address) {
    image.addEventListener('error', showPlaceholder)
    image.alt = alt
    image.src = item.querySelector('a').href = address
  } else {
    showPlaceholder()
  }
  return item
}

/* Null unless it leads to http or https; an address that starts with a host is taken as https. */
function photoAddress(url) {
  try {
    const address = new URL(schemeOf(url) || url.startsWith('/') ? url : `https://${url}`, location.href)
    return /^https?:$/.test(address.protocol) ? address.href : null
  } catch {
    return null
  }
}

/* One vote for an item and browser. */
function prepareVote(button, item, count) {
  const show = () => {
    const voted = hasDone('vote', item)
    button.querySelector('.count').textContent = count.toLocaleString()
    button.setAttribute('aria-pressed', String(voted))
    button.setAttribute('aria-disabled', String(voted))
    button.title = voted ? 'You found this helpful' : ''
  }
  const vote = async () => {
    await put(`/qa/${item.kind}s/${item.id}/helpful`)
    count++
    const kept = remember('vote', item)
    show()
    if (!kept) showSuccess(byId('notice'), 'Your vote is counted. This browser keeps no data of this page, so the page will not remember it.')
  }
  let sending = false
  button.addEventListener('click', async () => {
    show() /* perhaps it was given in another tab */
    if (sending || hasDone('vote', item)) return
    sending = true
    await perform(byId('notice'), vote)
    sending = false
  })
  show()
}

/* What was reported here and is shown all the same has been looked at by somebody. */
function prepareReport(button, item, body, onReported) {
  if (hasDone('report', item)) {
    button.textContent = 'Reported'
    button.disabled = true
  }
  button.addEventListener('click', async () => {
    if (!await confirmReport(item.kind, body)) return
    await perform(byId('notice'), async () => {
      await put(`/qa/${item.kind}s/${item.id}/report`)
      remember('report', item)
      onReported()
      byId('questions').focus({ preventScroll: true })
      showSuccess(byId('notice'), `Thank you. The ${item.kind} is hidden now.`)
    })
  })
}

function confirmReport(kind, body) {
  const dialog = byId('reporter')
  byId('reporter-title').textContent = `Report this ${kind}?`
  byId('reporter-context').textContent = body
  dialog.returnValue = ''
  dialog.showModal()
  return new Promise(resolve =>
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'report'), { once: true }))
}
