// Shows /status.json (src/admin/status_json.c), and asks for it again and again while somebody looks.
"use strict";

const REFRESH_MS = 2000;
const PATIENCE_MS = 5000;
const SVG = "http://www.w3.org/2000/svg";

const find = id => document.getElementById(id);

function element(name, text, className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  made.className = className;
  return made;
}

function count(number) {
  return number === null ? "–" : number.toLocaleString("en", {maximumFractionDigits: number < 100 ? 1 : 0});
}

function milliseconds(number) {
  return number === null ? "–" : `${number.toLocaleString("en", {maximumSignificantDigits: 3})} ms`;
}

function percent(ratio) {
  return ratio === null ? "–" : `${(100 * ratio).toLocaleString("en", {maximumFractionDigits: 1})} %`;
}

function bytes(number) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  for (; number >= 1024 && unit < units.length - 1; unit++) {
    number /= 1024;
  }
  return `${number.toLocaleString("en", {maximumSignificantDigits: 3})} ${units[unit]}`;
}

function duration(seconds) {
  const whole = Math.floor(seconds);
  if (whole < 60) {
    return `${whole}\u00a0s`;
  }
  if (whole < 3600) {
    return `${Math.floor(whole / 60)}\u00a0min ${whole % 60}\u00a0s`;
  }
  if (whole < 86400) {
    return `${Math.floor(whole / 3600)}\u00a0h ${Math.floor(whole % 3600 / 60)}\u00a0min`;
  }
  return `${Math.floor(whole / 86400)}\u00a0d ${Math.floor(whole % 86400 / 3600)}\u00a0h`;
}

// A text that is read aloud when it changes; written anew it would be read again.
function tell(id, text) {
  if (find(id).textContent !== text) {
    find(id).textContent = text;
  }
}

// ---- The parts of the page ----

function badgeOf(status) {
  if (status.state === "stopping") {
    return ["Stopping", "bad"];
  }
  if (status.fault) {
    return [status.is_ready ? "Hanging" : "Not ready", "bad"];
  }
  if (status.paused) {
    return ["Paused", "fair"];
  }
  if (status.state !== "serving" || status.workers.ready < status.workers.wanted) {
    return [status.state === "serving" ? "Ready in part" : "Reloading", "fair"];
  }
  return ["Ready", "good"];
}

function describePause(pause) {
  return pause && `for ${duration(pause.paused_ms / 1000)}, for ${duration(pause.ends_in_ms / 1000)} more at most · ` +
    `${pause.quiet_workers} of ${pause.workers} workers have no session · ${count(pause.calls)} calls wait`;
}

function showState(status) {
  const [word, kind] = badgeOf(status);
  tell("badge", word);
  find("badge").className = `badge ${kind}`;
  find("version").textContent = [status.version, status.revision].filter(Boolean).join(" · ");
  find("summary").textContent = [
    status.fault, describePause(status.paused), `${status.workers.ready} of ${status.workers.wanted} workers ready`,
    `up ${duration(status.uptime_s)}`].filter(Boolean).join(" · ");
  document.title = `${word}: Atelier Q&A`;
}

function sparkline(values) {
  const highest = Math.max(...values, 1e-9);
  const points = values.map((value, index) =>
    `${(100 * index / Math.max(values.length - 1, 1)).toFixed(1)},${(29 - 28 * value / highest).toFixed(1)}`);
  const svg = document.createElementNS(SVG, "svg");
  const line = document.createElementNS(SVG, "polyline");
  svg.setAttribute("viewBox", "0 0 100 30");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  line.setAttribute("points", points.join(" "));
  svg.append(line);
  return svg;
}

function figure(title, value, more = "", history = null, isBad = false) {
  const made = element("div", "", isBad ? "figure bad" : "figure");
  made.append(element("h2", title), element("p", value, "value"), element("p", more, "more"));
  if (history && history.length > 1) {
    made.append(sparkline(history.map(one => one ?? 0)));
  }
  return made;
}

function showFigures(figures) {
  const {history} = figures;
  find("figures").replaceChildren(
    figure("Requests a second", count(figures.requests_per_s),
      `${count(figures.nginx_hits_per_s)} by NGINX`, history.requests_per_s),
    figure("Half within", milliseconds(figures.p50_ms), "in a worker"),
    figure("99 of 100 within", milliseconds(figures.p99_ms), "in a worker", history.p99_ms),
    figure("Errors a second", count(figures.failures_per_s), "5xx of workers", history.failures_per_s,
      figures.failures_per_s > 0),
    figure("Found in the cache", percent(figures.hit_ratio), "of all pages"),
    figure("Commits a second", count(figures.commits_per_s), `${count(figures.active_requests)} requests in flight`,
      history.commits_per_s));
  find("figures").hidden = false;
}

function row(name, ...cells) {
  const made = document.createElement("tr");
  const head = element("th", name);
  head.scope = "row";
  made.append(head, ...cells.map(cell => cell instanceof Node ? cell : element("td", cell)));
  return made;
}

function showPool(figures) {
  find("lanes").replaceChildren(...figures.lanes.map(lane =>
    row(lane.name, count(lane.waiting), count(lane.running))));
  find("connections").replaceChildren(...figures.connections.map(one =>
    row(`for ${one.for}`, count(one.used), count(one.idle), count(one.connecting))));
  find("pool").hidden = false;
}

function showCache(cache) {
  const share = percent(cache.used_bytes / cache.size_bytes);
  const facts = cache.size_bytes > 0
    ? {"Size": bytes(cache.size_bytes), "In use": `${bytes(cache.used_bytes)} (${share})`}
    : {"Size": "off"};
  if (cache.round_age_ms !== null) {
    facts["Last round of the validator"] = `${milliseconds(cache.round_age_ms)} ago`;
  }
  find("cache-facts").replaceChildren(...Object.entries(facts).flatMap(([name, value]) =>
    [element("dt", name), element("dd", value)]));
  find("cache").hidden = false;
}

function kindOf(state) {
  return {ready: "good", silent: "bad", "no database": "bad"}[state] ?? "fair";
}

function showProcesses(status) {
  const supervisor = row("supervisor",
    status.supervisor.tick_age_s > 3 ? element("td", "silent", "bad") : element("td", "ready", "good"),
    duration(status.uptime_s), String(status.supervisor.pid), "");
  find("processes").replaceChildren(supervisor, ...status.processes.map(one =>
    row(one.role === "worker" ? `worker ${one.index}` : one.role, element("td", one.state, kindOf(one.state)),
      duration(one.uptime_s), String(one.pid), String(one.generation))));
}

function showEvents(events) {
  find("no-events").hidden = events.length > 0;
  find("events").replaceChildren(...events.map(event => {
    const made = document.createElement("li");
    const time = element("time", `${duration(event.age_s)} ago`);
    time.dateTime = new Date(Date.now() - 1000 * event.age_s).toISOString();
    time.title = new Date(Date.now() - 1000 * event.age_s).toLocaleString();
    made.append(time, element("span", event.what));
    return made;
  }));
}

function show(status) {
  showState(status);
  if (status.figures) {
    showFigures(status.figures);
    showPool(status.figures);
    showCache(status.figures.cache);
  }
  showProcesses(status);
  showEvents(status.events);
  find("updated").textContent = `Updated ${new Date().toLocaleTimeString()}`;
}

// ---- Again and again ----

function showSilence(error) {
  tell("notice", `The admin process does not respond (${error.message}): what is below is old.`);
  find("notice").hidden = false;
  find("badge").className = "badge";
  document.title = "No answer: Atelier Q&A";
}

async function refresh() {
  try {
    const response = await fetch("/status.json", {cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS)});
    if (!response.ok) {
      throw new Error(`status ${response.status}`);
    }
    show(await response.json());
    tell("notice", "");
    find("notice").hidden = true;
  } catch (error) {
    showSilence(error);
  }
}

async function goOn() {
  if (!document.hidden) {
    await refresh();
  }
  setTimeout(goOn, REFRESH_MS);
}

document.addEventListener("visibilitychange", () => document.hidden || refresh());
goOn();
