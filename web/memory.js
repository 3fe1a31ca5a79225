/* What this browser did here, 'vote' or 'report', for an item {kind, id, date}: remembered across visits
 * or, where the browser keeps nothing for this page, until the page is left. */
const sinceLoaded = new Set()

/* The date tells items apart that have one id in two data sets. */
function keyOf(deed, { kind, id, date }) {
  return `atelier-qa ${deed} ${kind} ${id} ${date}`
}

export function hasDone(deed, item) {
  return sinceLoaded.has(keyOf(deed, item)) || isKept(keyOf(deed, item))
}

/* Returns whether the next visit will know it. */
export function remember(deed, item) {
  const key = keyOf(deed, item)
  sinceLoaded.add(key)
  try {
    localStorage.setItem(key, '')
  } catch { /* storage is off or full */ }
  return isKept(key)
}

function isKept(key) {
  try {
    return localStorage.getItem(key) !== null
  } catch {
    return false
  }
}
