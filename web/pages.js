/* A list that grows page by page. Items that are on it already are not added again, so a page may
 * overlap what is shown: after a report, say, when all that follow have moved up. */
import { get } from './api.js'

const pageSize = 5

export class Pages {
  #shown = new Map()

  /* `path` ends in ? or &; `build` makes the element of an item, whose id is item[idName]; the
   * button `more` is there while the service has more. */
  constructor({ path, idName, list, more, build }) {
    Object.assign(this, { path, idName, list, more, build })
  }

  get elements() {
    return [...this.#shown.values()]
  }

  /* Returns how many of the items are new. */
  add(items) {
    const fresh = items.filter(item => !this.#shown.has(item[this.idName]))
    for (const item of fresh) this.#shown.set(item[this.idName], this.build(item))
    this.list.append(...this.elements.slice(this.#shown.size - fresh.length))
    return fresh.length
  }

  remove(id) {
    this.#shown.get(id).remove()
    this.#shown.delete(id)
  }

  /* Adds a page and goes to its first item. */
  async showMore() {
    const before = this.#shown.size
    let page = Math.floor(before / pageSize) + 1
    while (this.add(await this.#read(page, pageSize)) === 0 && !this.more.hidden) page++
    this.elements[before]?.focus()
  }

  /* Loads the first `count` items anew and returns them. */
  async reload(count = pageSize) {
    const items = await this.#read(1, count)
    this.elements.forEach(element => element.remove())
    this.#shown.clear()
    this.add(items)
    return items
  }

  /* A page, and a look at the item that follows it. */
  async #read(page, count) {
    const [{ results }, next] = await Promise.all([
      get(`${this.path}page=${page}&count=${count}`),
      get(`${this.path}page=${page * count + 1}&count=1`)
    ])
    this.more.hidden = next.results.length === 0
    return results
  }
}
