/* What questions and answers have in common: a text, its author and date, votes, reports, photos.
 * All text is inserted as text. */
import { schemeOf } from './address.js'
import { put } from './api.js'
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
  prepareVote(part('helpful'), `/qa/${kind}s/${id}/helpful`, helpful)
  part('report').addEventListener('click', () => report(kind, id, body, onReported))
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

/* One vote for an item and visit. */
function prepareVote(button, path, count) {
  const show = () => {
    button.querySelector('.count').textContent = count.toLocaleString()
    button.setAttribute('aria-pressed', String(sessionStorage.getItem(path) !== null))
  }
  const vote = async () => {
    await put(path)
    sessionStorage.setItem(path, 'voted')
    count++
    show()
  }
  let sending = false
  button.addEventListener('click', async () => {
    if (sending || sessionStorage.getItem(path)) return
    sending = true
    await perform(byId('notice'), vote)
    sending = false
  })
  show()
}

async function report(kind, id, body, onReported) {
  if (!await confirmReport(kind, body)) return
  await perform(byId('notice'), async () => {
    await put(`/qa/${kind}s/${id}/report`)
    onReported()
    byId('questions').focus({ preventScroll: true })
    showSuccess(byId('notice'), `Thank you. The ${kind} is hidden now.`)
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
