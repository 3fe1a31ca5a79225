// The moderators' page: asks the paths below /moderation (include/admin/desk.h), and decides. What shoppers have
// written is put into the page as text, never as markup.

const COUNT = 20;
const TABLE_COUNT = 50;
const PATIENCE_MS = 15000;
const TOKEN = "atelier-qa moderation token";
const WORDS = {approve: "Approved", hide: "Hidden", restore: "Restored", erase: "Erased", undo: "Undone",
  hold: "Held", release: "Released"};

const find = id => document.getElementById(id);

// `shown` is the item that decisions are about: the one whose details are there. `turn` and `asked` number the loads of
// the queue and of details; only the latest of each is shown.
const state = {items: [], chosen: -1, shown: null, page: 1, total: 0, logPage: 1, productsPage: 1, last: null, turn: 0,
  asked: 0, isBusy: false};

function element(name, text = "", className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  made.className = className;
  return made;
}

function plural(number, word) {
  return `${number} ${word}${number === 1 ? "" : "s"}`;
}

function time(date) {
  const made = element("time", new Date(date).toLocaleString());
  made.dateTime = date;
  return made;
}

// ---- Asking ----

class Refusal extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

async function ask(path, options = {}) {
  const response = await fetch(path, {
    ...options, cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS),
    headers: {...options.headers, Authorization: `Bearer ${sessionStorage.getItem(TOKEN)}`}});
  const body = await response.json();
  if (!response.ok) {
    throw new Refusal(response.status, body.detail);
  }
  return body;
}

function decide(decision) {
  return ask("/moderation/decisions", {
    method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(decision)});
}

function tell(error) {
  if (error.status === 401) {
    showSignIn(sessionStorage.getItem(TOKEN) ? "This token is not known." : "");
    return;
  }
  find("notice").textContent = error.status ? `${error.message}.` : `The service does not respond (${error.message}).`;
  find("notice").hidden = false;
}

function silence() {
  find("notice").hidden = true;
}

// ---- What is shown ----

function showPart(name) {
  find("sign-in").hidden = name !== "sign-in";
  find("filters").hidden = find("work").hidden = name !== "work";
  find("log").hidden = name !== "log";
  find("products").hidden = name !== "products";
  find("show-log").hidden = find("show-products").hidden = find("sign-out").hidden = name === "sign-in";
}

// Somebody else may sign in next: nothing that was shown is left, no decision to undo, and no load under way.
function showSignIn(why) {
  sessionStorage.removeItem(TOKEN);
  state.turn++;
  state.asked++;
  state.items = [];
  state.last = null;
  showPart("sign-in");
  find("total").textContent = "";
  find("done-text").textContent = "";
  find("undo").hidden = true;
  find("items").replaceChildren();
  showNoDetail("Nothing is chosen");
  find("held").replaceChildren();
  find("entries").replaceChildren();
  find("notice").textContent = why;
  find("notice").hidden = !why;
  find("token").value = "";
  find("token").focus();
}

// Nothing of the page is left for who signs in next: no item, no filter and no decision to undo.
function signOut() {
  sessionStorage.removeItem(TOKEN);
  find("filters").reset();
  location.reload();
}

function describeReasons(item) {
  return Object.entries(item.reasons).map(([reason, number]) => `${reason} ${number}`).join(", ");
}

function describeState(item) {
  return `${item.state}, ${item.shown ? "shown" : "not shown"}`;
}

function lineOf(item, index) {
  const made = element("li");
  const button = element("button");
  const more = element("span", "", "more");
  const facts = [describeReasons(item), describeState(item), item.item, `product ${item.product_id}`];
  button.type = "button";
  button.dataset.index = index;
  const why = item.state === "waiting" && item.counted === 0 ? "New" : plural(item.counted, "report");
  more.append(element("b", why), ` ${facts.filter(Boolean).join(" · ")}`);
  button.append(element("span", item.body, "text"), more);
  made.append(button);
  return made;
}

function showItems() {
  find("items").replaceChildren(...state.items.map(lineOf));
  find("nothing").hidden = state.items.length > 0;
  find("total").textContent = plural(state.total, "item") + (state.total === 1000 ? " or more" : "");
  find("page-number").textContent = `Page ${state.page}`;
  find("before").disabled = state.page === 1;
  find("next").disabled = state.page * COUNT >= state.total;
}

function markChosen() {
  for (const button of find("items").querySelectorAll("button")) {
    button.setAttribute("aria-current", String(Number(button.dataset.index) === state.chosen));
  }
}

function list(title, lines) {
  if (lines.length === 0) {
    return [];
  }
  const made = element("ul");
  made.append(...lines);
  return [element("h3", title), made];
}

function lineOfNeighbour(item) {
  const made = element("li");
  const facts = element("p", `${item.name} · ${item.item} · ${describeState(item)}`, "quiet");
  made.append(element("p", item.body, "text"), facts);
  return made;
}

function lineOfReport(report) {
  const made = element("li");
  made.append(time(report.date), ` ${report.reason ?? ""}`);
  if (report.note) {
    made.append(element("p", report.note, "text"));
  }
  return made;
}

function lineOfEntry(entry) {
  const made = element("li");
  made.append(time(entry.date), ` ${entry.action}, by ${entry.actor}`);
  if (entry.note) {
    made.append(element("p", entry.note, "text"));
  }
  return made;
}

function nameOf(item) {
  return `${item.kind === "question" ? "Question" : "Answer"} ${item.id}`;
}

function showDetail(shown) {
  const {item} = shown;
  state.shown = item;
  const reasons = describeReasons(item);
  find("detail-title").textContent = nameOf(item);
  const facts = element("p", `${item.name} · `, "quiet");
  facts.append(time(item.date), ` · product ${item.product_id} · helpful ${item.helpfulness}`);
  find("facts").replaceChildren(
    element("p", `${plural(item.reports, "report")}${reasons && ` (${reasons})`} · ${describeState(item)}`),
    element("p", item.body, "text"), facts,
    ...list("Photos", item.photos.map(url => element("li", url, "text"))));
  find("surroundings").replaceChildren(
    ...list("Its question", shown.question ? [lineOfNeighbour(shown.question)] : []),
    ...list("Reports", shown.reports.map(lineOfReport)),
    ...list("Its answers", shown.answers.map(lineOfNeighbour)),
    ...list("Decisions", shown.log.map(lineOfEntry)));
  for (const button of find("actions").querySelectorAll("button")) {
    button.disabled = item.state === "erased" || (button.dataset.action === "approve" && item.state === "approved") ||
      (button.dataset.action === "hide" && item.state === "hidden");
  }
  find("actions").hidden = find("note-line").hidden = false;
}

function showNoDetail(why) {
  state.shown = null;
  find("detail-title").textContent = why;
  find("facts").replaceChildren();
  find("surroundings").replaceChildren();
  find("actions").hidden = find("note-line").hidden = true;
}

// ---- The queue ----

const chosenItem = () => state.items[state.chosen];

async function choose(index, takesFocus = false) {
  state.chosen = index;
  markChosen();
  const item = chosenItem();
  const asked = ++state.asked;
  find("note").value = "";
  showNoDetail(item ? "Loading …" : "Nothing is chosen");
  if (!item) {
    return;
  }
  if (takesFocus) {
    find("items").querySelector("[aria-current=true]").focus();
  }
  try {
    const shown = await ask(`/moderation/item?${new URLSearchParams({item: item.item})}`);
    if (asked === state.asked) {
      showDetail(shown);
      silence();
    }
  } catch (error) {
    if (asked === state.asked) {
      showNoDetail("Not loaded");
      tell(error);
    }
  }
}

function wanted(page) {
  const parameters = new URLSearchParams({show: find("show").value, page, count: COUNT});
  for (const [id, name] of [["search", "q"], ["kind", "kind"], ["reason", "reason"], ["product", "product_id"]]) {
    if (find(id).value.trim()) {
      parameters.set(name, find(id).value.trim());
    }
  }
  return parameters;
}

// The page counts as turned when it is there.
async function load({page = state.page, index = 0, takesFocus = false} = {}) {
  const turn = ++state.turn;
  find("queue").setAttribute("aria-busy", "true");
  try {
    const found = await ask(`/moderation/items?${wanted(page)}`);
    if (turn !== state.turn) {
      return;
    }
    if (found.items.length === 0 && page > 1) {
      await load({page: page - 1, index: COUNT - 1, takesFocus});
      return;
    }
    showPart("work");
    Object.assign(state, {page, items: found.items, total: found.total});
    showItems();
    await choose(Math.min(index, state.items.length - 1), takesFocus);
  } catch (error) {
    if (turn === state.turn) {
      tell(error);
    }
  } finally {
    if (turn === state.turn) {
      find("queue").setAttribute("aria-busy", "false");
    }
  }
}

function turn(pages) {
  load({page: state.page + pages, takesFocus: true});
}

function move(steps) {
  const index = state.chosen + steps;
  if (state.items[index]) {
    choose(index, true);
  } else if (steps > 0 && !find("next").disabled) {
    turn(1);
  } else if (steps < 0 && state.page > 1) {
    turn(-1);
  }
}

// ---- Decisions ----

async function carryOut(decision, index) {
  if (state.isBusy) {
    return;
  }
  state.isBusy = true;
  try {
    const {entry, item} = await decide(decision);
    silence();
    find("done-text").textContent = entry === null ? `${item.item}: nothing to change.`
      : `${WORDS[decision.action]}: ${item.item} (${describeState(item)}).`;
    const canUndo = entry !== null && decision.action !== "erase";
    state.last = canUndo ? {item: item.item, entry, index} : null;
    find("undo").hidden = !canUndo;
    await load({index, takesFocus: true});
  } catch (error) {
    tell(error);
  } finally {
    state.isBusy = false;
  }
}

async function act(action) {
  const item = state.shown;
  const index = state.chosen;
  const button = find("actions").querySelector(`[data-action=${action}]`);
  if (!item || button.disabled || state.isBusy) {
    return;
  }
  const note = find("note").value.trim();
  if (action === "erase") {
    const dialog = find("erase-dialog");
    find("erase-title").textContent = `Erase ${nameOf(item).toLowerCase()} for good?`;
    dialog.returnValue = "no";
    dialog.showModal();
    await new Promise(resolve => dialog.addEventListener("close", resolve, {once: true}));
    if (dialog.returnValue !== "yes") {
      return;
    }
  }
  await carryOut({item: item.item, action, ...note && {note}}, index);
}

function undo() {
  if (state.last) {
    const {item, entry, index} = state.last;
    carryOut({item, action: "undo", entry}, index);
  }
}

// ---- The log ----

function describe(situation) {
  return situation?.state ? describeState(situation) : "";
}

async function loadLog() {
  try {
    const {entries} = await ask(`/moderation/log?${new URLSearchParams({page: state.logPage, count: TABLE_COUNT})}`);
    find("entries").replaceChildren(...entries.map(entry => {
      const row = element("tr");
      const when = element("td");
      when.append(time(entry.date));
      row.append(when, ...[entry.actor, entry.action, entry.item ?? "", describe(entry.before), describe(entry.after),
        entry.note ?? ""].map(text => element("td", text)));
      return row;
    }));
    find("log-before").disabled = state.logPage === 1;
    find("log-next").disabled = entries.length < TABLE_COUNT;
    showPart("log");
    find("log-title").focus();
    silence();
  } catch (error) {
    tell(error);
  }
}

// ---- Held products ----

function rowOfProduct(product) {
  const row = element("tr");
  const since = element("td");
  const release = element("td");
  const button = element("button", "Release");
  button.type = "button";
  button.dataset.product = product.product_id;
  button.ariaLabel = `Release product ${product.product_id}`;
  since.append(time(product.date));
  release.append(button);
  row.append(element("td", product.product_id), release, since, element("td", product.actor),
    element("td", product.note ?? ""));
  return row;
}

async function loadProducts() {
  try {
    const {products, total} = await ask(
      `/moderation/products?${new URLSearchParams({page: state.productsPage, count: TABLE_COUNT})}`);
    if (products.length === 0 && state.productsPage > 1) {
      state.productsPage--;
      await loadProducts();
      return;
    }
    find("held").replaceChildren(...products.map(rowOfProduct));
    find("held-table").hidden = total === 0;
    find("none-held").hidden = total > 0;
    find("products-before").disabled = state.productsPage === 1;
    find("products-next").disabled = state.productsPage * TABLE_COUNT >= total;
    showPart("products");
    find("products-title").focus();
    silence();
  } catch (error) {
    tell(error);
  }
}

async function holdOrRelease(action, product, note = "") {
  if (state.isBusy) {
    return;
  }
  state.isBusy = true;
  try {
    const {entry, item} = await decide({item: `products/${product}`, action, ...note && {note}});
    find("done-text").textContent = entry === null ? `${item.item}: nothing to change.`
      : `${WORDS[action]}: ${item.item}.`;
    find("undo").hidden = true;
    state.last = null;
    find("hold").reset();
    await loadProducts();
  } catch (error) {
    tell(error);
  } finally {
    state.isBusy = false;
  }
}

function turnProducts(pages) {
  state.productsPage += pages;
  loadProducts();
}

// ---- People ----

const KEYS = {
  j: () => move(1), k: () => move(-1), a: () => act("approve"), h: () => act("hide"), r: () => act("restore"),
  e: () => act("erase"), u: undo, "/": () => find("search").focus(), n: () => find("note").focus()};

document.addEventListener("keydown", event => {
  const isTyping = event.target.matches("input, select, textarea");
  if (event.key === "Escape" && isTyping) {
    event.target.blur();
    return;
  }
  if (isTyping || event.ctrlKey || event.altKey || event.metaKey || find("work").hidden ||
      find("erase-dialog").open || !Object.hasOwn(KEYS, event.key)) {
    return;
  }
  event.preventDefault();
  if (!event.repeat || "jk".includes(event.key)) {  // a key that is held decides once
    KEYS[event.key]();
  }
});

find("sign-in").addEventListener("submit", event => {
  event.preventDefault();
  sessionStorage.setItem(TOKEN, find("token").value.trim());
  load();
});
find("filters").addEventListener("submit", event => {
  event.preventDefault();
  load({page: 1});
});
for (const id of ["show", "kind", "reason"]) {
  find(id).addEventListener("change", () => find("filters").requestSubmit());
}
find("items").addEventListener("click", event => {
  const button = event.target.closest("button");
  if (button) {
    choose(Number(button.dataset.index));
  }
});
find("actions").addEventListener("click", event => {
  const button = event.target.closest("button");
  if (button) {
    act(button.dataset.action);
  }
});
find("undo").addEventListener("click", undo);
find("before").addEventListener("click", () => turn(-1));
find("next").addEventListener("click", () => turn(1));
find("sign-out").addEventListener("click", signOut);
find("show-log").addEventListener("click", () => {
  state.logPage = 1;
  loadLog();
});
find("log-before").addEventListener("click", () => {
  state.logPage--;
  loadLog();
});
find("log-next").addEventListener("click", () => {
  state.logPage++;
  loadLog();
});
find("close-log").addEventListener("click", () => load());
find("show-products").addEventListener("click", () => {
  find("hold-product").value = chosenItem()?.product_id ?? "";
  state.productsPage = 1;
  loadProducts();
});
find("products-before").addEventListener("click", () => turnProducts(-1));
find("products-next").addEventListener("click", () => turnProducts(1));
find("close-products").addEventListener("click", () => load());
find("hold").addEventListener("submit", event => {
  event.preventDefault();
  holdOrRelease("hold", find("hold-product").value, find("hold-note").value.trim());
});
find("held").addEventListener("click", event => {
  const button = event.target.closest("button");
  if (button) {
    holdOrRelease("release", button.dataset.product);
  }
});

if (sessionStorage.getItem(TOKEN)) {
  load();
} else {
  showSignIn("");
}
