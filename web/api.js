/* Calls of the service. A call returns the JSON of its answer, null for an empty one, or throws a
 * Problem, whose message can be shown to the reader as it is. */

const timeoutMs = 15000

export class Problem extends Error {
  /* {status, field, repeatable: whether sending it again does no harm, waitS: for so long not} */
  constructor(message, facts) {
    super(message)
    Object.assign(this, facts)
  }
}

export const get = path => call('GET', path)
export const put = path => call('PUT', path)
export const post = (path, body) => call('POST', path, body)

async function call(method, path, body) {
  let response
  try {
    response = await fetch(path, {
      method,
      headers: body && { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(timeoutMs)
    })
    if (response.ok) return response.status === 204 ? null : await response.json()
  } catch {
    throw new Problem(method === 'GET'
      ? 'The service could not be reached.'
      : 'No answer came. It may have been saved: please look before you send it again.',
    { repeatable: method === 'GET' })
  }
  throw await problemOf(method, response)
}

/* 429, 502 and 503 promise that nothing was written. */
async function problemOf(method, response) {
  const { status, statusText, headers } = response
  const { detail, field } = await response.json().catch(() => ({}))
  return new Problem(sentence(detail || `The service answered ${status} ${statusText}`), {
    status,
    field,
    repeatable: [429, 502, 503].includes(status) || (method === 'GET' && status >= 500),
    waitS: Number(headers.get('Retry-After'))
  })
}

/* As a sentence, but for a name such as product_id at its start. */
function sentence(text) {
  return text.replace(/^[a-z](?!\w*_)/, first => first.toUpperCase()).replace(/[^.!?]$/, '$&.')
}
