// The live page. Every text goes into the page as text, never as HTML; all figures come from the server's events.
"use strict";

const $ = (id) => document.getElementById(id);
const STATES = [
  ["started", "started"], ["attempting", "doubt"], ["queued", "waiting"], ["uncertain", "doubt"], ["failed", "failed"],
  ["rejected", "failed"], ["expired", "none"], ["suppressed", "none"], ["duplicate", "none"], ["withdrawn", "none"],
];
const ORDERS = {
  pause: { question: "Pause the campaign?", yes: "Pause",
    effect: "Nothing new leaves until somebody lets it go on; requests that are on their way finish. A run that begins meanwhile waits as well." },
  go: { question: "Let the campaign go on?", yes: "Go on", effect: "The run sends again, or the next one does." },
  stop: { question: "Stop the run?", yes: "Stop the run",
    effect: "The run waits for the answers it has asked for, and ends. Running the campaign again goes on where it was." },
  pace: { question: "Change the pace?", yes: "Change", label: "Requests per second, or auto",
    effect: "For the run that goes on, to its end. More than the account allows is throttled by the service." },
  suppress: { question: "Suppress a number?", yes: "Suppress", label: "Number, with + and the country",
    effect: "No campaign of this journal sends to it any more. What was requested before is not undone." },
};

let maySteer = false;
let source = null;
let shown = null;
let points = [];
let lastEvent = 0;
let unreadable = false;

const grouped = (n) => Number(n).toLocaleString("en-US");
const perSecond = (n) => (n === null || n === undefined ? "–" : `${n >= 100 ? Math.round(n) : Math.round(n * 100) / 100}/s`);

function span(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

function when(stamp) {
  if (!stamp) return "–";
  return new Date(stamp).toLocaleString([], { dateStyle: "medium", timeStyle: "medium" });
}

// Text from outside as it may stand on the page: what would turn a line around or cannot be seen is written out. (Joiners, of
// which emoji and scripts are made, stay.)
const ACTIVE = /[\p{Cc}\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e0fff}]/gu;
const visible = (text) => String(text).replace(ACTIVE, (c) => `\\u{${c.codePointAt(0).toString(16)}}`);

function element(name, text, classes) {
  const made = document.createElement(name);
  if (text !== undefined && text !== null) made.textContent = visible(text);
  if (classes) made.className = classes;
  return made;
}

function drawn(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function say(text, bad) {
  $("message").textContent = visible(text ?? "");
  $("message").className = bad ? "bad" : "";
  $("message").hidden = !text;
}

const left = (status) => status.queued + status.attempting;

// What it does now, in a sentence.
function now(status) {
  if (status.paused_at) {
    return `paused by ${status.paused_by}, ${span((Date.now() - Date.parse(status.paused_at)) / 1000)} ago; ` +
      (status.running ? "the run waits" : "nothing runs");
  }
  if (status.running) {
    if (status.quota_full_until) return `the active chats quota is full; tried again at ${when(status.quota_full_until)}`;
    if (status.reason) return `running: ${status.reason}`;
    const slower = status.pace_asked && status.pace < status.pace_asked * 0.995;
    return slower ? `running; the service takes ${perSecond(status.pace)} of ${perSecond(status.pace_asked)}` : "running";
  }
  if (status.run === null || status.run === undefined) return "never run";
  if (!status.ended_at) return "ended unexpectedly (killed or crashed); run it again to go on";
  const end = status.exit === 0 ? "finished" : `ended with exit code ${status.exit}`;
  return status.reason ? `${end}: ${status.reason}` : end;
}

function fillList(look) {
  maySteer = look.may_steer;
  if (look.error) say(`The journal cannot be read: ${look.error}`, true);
  else if ($("message").className === "bad") say("");
  $("none").hidden = look.campaigns.length > 0;
  $("list").hidden = look.campaigns.length === 0;
  const rows = look.campaigns.map((status) => {
    const row = element("tr");
    const name = element("th");
    name.scope = "row";
    const link = element("a", status.campaign);
    link.href = `#${encodeURIComponent(status.campaign)}`;
    name.append(link);
    row.append(name, element("td", now(status)), element("td", grouped(status.started), "n"),
      element("td", grouped(left(status)), "n"), element("td", grouped(status.rows), "n"), element("td", when(status.ends_at)));
    return row;
  });
  $("list").tBodies[0].replaceChildren(...rows);
}

function fillOne(status) {
  $("one").hidden = false;
  $("name").textContent = visible(status.campaign);
  document.title = `${visible(status.campaign)}: ${grouped(status.started)} of ${grouped(status.rows)} started`;
  $("now").textContent = visible(now(status));
  const kinds = STATES.filter(([state]) => status[state]);
  bar(status, kinds);
  const line = (head, rows) => {
    const row = element("tr");
    const name = element("th", head);
    name.scope = "row";
    const share = status.rows ? `${(100 * rows / status.rows).toFixed(1)} %` : "";
    row.append(name, element("td", grouped(rows), "n"), element("td", share, "n"));
    return row;
  };
  $("states").tBodies[0].replaceChildren(...kinds.map(([state]) => line(state, status[state])));
  $("states").tFoot.replaceChildren(line("rows", status.rows));
  deliveries(status.deliveries);
  senders(status);
  const waiting = status.waiting;
  const facts = [
    ["started a minute", status.started_per_minute === null ? "–" : grouped(Math.round(status.started_per_minute))],
    ["pace", status.pace === null ? "–" : perSecond(status.pace)],
    ["asked for", status.pace_asked === null ? (status.running ? "what the service takes" : "–") : perSecond(status.pace_asked)],
    ["in flight", status.in_flight === null ? "–" : grouped(status.in_flight)],
    ["throttled in this run", grouped(status.throttled)],
    ["left", left(status) ? grouped(left(status)) : "nothing"],
    ...(status.closed ? [["hours are closed", `${grouped(status.closed.rows)}${status.closed.opens_at ? `, the first open at ${when(status.closed.opens_at)}` : ""}`]] : []),
    ...(waiting ? [["waits for hours, times or limits", `${grouped(waiting.rows)}, the first until ${when(waiting.first_until)}`]] : []),
    ["time left", status.running && status.time_left_s !== null ? span(status.time_left_s) : "–"],
    ["ends", when(status.ends_at)],
  ];
  $("speed").replaceChildren(...facts.flatMap(([name, value]) => [element("dt", name), element("dd", value)]));
  const asks = status.steering.slice().reverse().map((ask) =>
    element("li", `${when(ask.at)}: ${ask.what}, by ${ask.who}; ${ask.done_at ? "done" : "not answered yet"}`));
  $("asks").replaceChildren(...(asks.length ? asks : [element("li", "nobody yet")]));
  $("steering").hidden = !maySteer;
  const paused = Boolean(status.paused_at);
  for (const button of document.querySelectorAll("#steering button")) {
    const action = button.dataset.action;
    button.disabled = (action === "pause" && paused) || (action === "go" && !paused) ||
      ((action === "stop" || action === "pace") && !status.running);
  }
  note(status);
  chart();
}

// What became of the messages; nothing where no event of the account is known.
function deliveries(counts) {
  $("messages").hidden = !counts;
  if (!counts) return;
  const kinds = [["delivered", counts.delivered], ["undelivered", counts.undelivered], ["on the way", counts.pending],
    ["no receipt came", counts.unknown], ["nothing was told", counts.waiting]];
  const total = kinds.reduce((sum, [, rows]) => sum + rows, 0);
  const rows = kinds.map(([name, rows]) => {
    const row = element("tr");
    const head = element("th", name);
    head.scope = "row";
    const share = total ? `${(100 * rows / total).toFixed(1)} %` : "";
    row.append(head, element("td", grouped(rows), "n"), element("td", share, "n"));
    return row;
  });
  $("deliveries").tBodies[0].replaceChildren(...rows);
}

// How each sender fares; nothing where the campaign has one.
function senders(status) {
  const all = status.senders ?? [];
  $("by-sender").hidden = all.length === 0;
  const rows = all.map((sender) => {
    const row = element("tr");
    const head = element("th", sender.name);
    head.scope = "row";
    if (sender.halted) head.append(element("span", `halted: ${sender.halted}`, "halted"));
    const onTheirWay = status.running ? sender.attempting : 0;
    const asked = sender.parts_per_second_asked;
    const reached = asked === null ? sender.parts_per_second : Math.min(sender.parts_per_second ?? 0, asked);
    const speed = sender.parts_per_second === null ? "–" : perSecond(reached);
    row.append(head, element("td", grouped(sender.queued + onTheirWay), "n"), element("td", grouped(sender.started), "n"),
      element("td", grouped(sender.failed), "n"), element("td", grouped(sender.uncertain + sender.attempting - onTheirWay), "n"),
      element("td", asked === null ? speed : `${speed} of ${perSecond(asked)}`, "n"), element("td", day(sender)));
    return row;
  });
  $("senders").tBodies[0].replaceChildren(...rows);
}

// A sender's messages of the day, and when the next one begins.
function day(sender) {
  if (sender.per_day === null || sender.per_day === undefined) return "no cap";
  if (Date.parse(sender.day_ends_at) <= Date.now()) return `${grouped(sender.per_day)} messages a day`;
  const full = sender.sent_today >= sender.per_day ? "full: " : "";
  return `${full}${grouped(sender.sent_today)} of ${grouped(sender.per_day)}, until ${when(sender.day_ends_at)}`;
}

function bar(status, kinds) {
  const picture = drawn("svg", { viewBox: "0 0 1000 20", preserveAspectRatio: "none", "aria-hidden": "true" });
  let x = 0;
  for (const [state, kind] of kinds) {
    const width = 1000 * status[state] / status.rows;
    picture.append(drawn("rect", { x, y: 0, width, height: 20, class: kind }));
    x += width;
  }
  $("bar").replaceChildren(picture);
  $("bar").setAttribute("aria-label", kinds.map(([state]) => `${state} ${grouped(status[state])}`).join(", ") || "no rows");
}

function note(status) {
  const at = Date.now();
  const last = points[points.length - 1];
  if (last && at - last.at < 900) return;
  points.push({ at, started: status.started, pace: status.running ? status.pace : null,
    paused: Boolean(status.paused_at), full: Boolean(status.quota_full_until) });
  if (points.length > 600) points = points.filter((_, index) => index % 2 === 0);
}

function chart() {
  // As wide as its place, so that its words are as large as others.
  const [width, height, floor] = [Math.max(300, $("chart").clientWidth), 200, 180];
  const picture = drawn("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" });
  if (points.length < 2) {
    $("chart").replaceChildren(element("p", "The chart begins when there are two points in time."));
    return;
  }
  const [first, last] = [points[0], points[points.length - 1]];
  const x = (at) => width * (at - first.at) / Math.max(1, last.at - first.at);
  const steps = points.slice(1).map((point, index) => {
    const before = points[index];
    const rate = Math.max(0, point.started - before.started) / Math.max(0.001, (point.at - before.at) / 1000);
    return { from: before.at, to: point.at, rate, pace: point.pace, held: point.paused || point.full };
  });
  const top = Math.max(1, ...steps.map((step) => Math.max(step.rate, step.pace && step.pace < 1e6 ? step.pace : 0))) * 1.1;
  const y = (rate) => floor - (floor - 12) * rate / top;
  for (const step of steps) {
    const [from, to] = [x(step.from), x(step.to)];
    if (step.held) picture.append(drawn("rect", { x: from, y: 12, width: to - from, height: floor - 12, class: "held" }));
    picture.append(drawn("rect", { x: from, y: y(step.rate), width: Math.max(0.5, to - from - 0.5), height: floor - y(step.rate), class: "started" }));
  }
  const line = steps.filter((step) => step.pace && step.pace < 1e6).map((step) => `${x(step.to)},${y(step.pace)}`).join(" ");
  if (line) picture.append(drawn("polyline", { points: line, class: "pace" }));
  picture.append(drawn("line", { x1: 0, x2: width, y1: floor, y2: floor, class: "axis" }));
  const word = (text, at, anchor, row) => {
    const made = drawn("text", { x: at, y: row, "text-anchor": anchor });
    made.textContent = text;
    picture.append(made);
  };
  word(`${perSecond(top / 1.1)} at most`, 0, "start", 10);
  word(new Date(first.at).toLocaleTimeString(), 0, "start", 196);
  word(new Date(last.at).toLocaleTimeString(), width, "end", 196);
  const latest = steps[steps.length - 1];
  picture.setAttribute("aria-label", `Contacts started per second over ${span((last.at - first.at) / 1000)}: ${perSecond(latest.rate)} now, ${perSecond(top / 1.1)} at most`);
  $("chart").replaceChildren(picture);
}

async function fetched(path) {
  const answer = await fetch(path, { headers: { Accept: "application/json" } });
  const object = await answer.json();
  if (!answer.ok) throw new Error(object.error);
  return object;
}

async function problems(name) {
  if (shown !== name) return;
  try {
    const found = (await fetched(`api/campaigns/${encodeURIComponent(name)}/problems`)).problems;
    if (shown !== name) return;
    $("no-problems").hidden = found.length > 0;
    $("problems").hidden = found.length === 0;
    $("problems").tBodies[0].replaceChildren(...found.map((problem) => {
      const row = element("tr");
      row.append(element("td", problem.state), element("td", problem.code ?? ""), element("td", grouped(problem.rows), "n"),
        element("td", problem.what), element("td", problem.advice));
      return row;
    }));
  } catch (error) {
    say(error.message, true);
  }
}

function reports(name) {
  const of = (format, words) => {
    const link = element("a", words);
    link.href = `api/campaigns/${encodeURIComponent(name)}/report.${format}`;
    return link;
  };
  $("reports").replaceChildren(of("html", "the whole report"), " · ", of("json", "as JSON"), " · ", of("csv", "rows as CSV"),
    " (rows have phone numbers; the server must have been started to show them)");
}

function listen(path, fill) {
  if (source) source.close();
  source = new EventSource(path);
  source.addEventListener("look", (event) => {
    lastEvent = Date.now();
    $("connection").textContent = "live";
    $("connection").className = "";
    if (unreadable) say("");
    unreadable = false;
    fill(JSON.parse(event.data));
  });
  // The figures that are shown are old ones until the next look.
  source.addEventListener("trouble", (event) => {
    unreadable = true;
    say(`The journal cannot be read: ${JSON.parse(event.data).error}`, true);
  });
  source.addEventListener("error", () => {
    $("connection").textContent = "the server does not answer; trying again. The run is not affected.";
    $("connection").className = "lost";
  });
}

async function route() {
  let name = "";
  try {
    name = decodeURIComponent(location.hash.slice(1));
  } catch {
    name = "";
  }
  shown = name || null;
  say("");
  $("all").hidden = Boolean(name);
  // Shown with its first figures.
  $("one").hidden = true;
  $("no-problems").hidden = true;
  document.title = "campaign";
  if (!name) {
    listen("api/events", fillList);
    return;
  }
  const base = `api/campaigns/${encodeURIComponent(name)}`;
  points = [];
  reports(name);
  try {
    maySteer = (await fetched("api/campaigns")).may_steer;
    const history = await fetched(`${base}/history`);
    if (shown !== name) return;
    points = history.points;
    listen(`${base}/events`, fillOne);
    problems(name);
  } catch (error) {
    say(`${name}: ${error.message}`, true);
  }
}

async function order(action, body) {
  const name = shown;
  try {
    const answer = await fetch(`api/campaigns/${encodeURIComponent(name)}/${action}`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
    const object = await answer.json();
    say(answer.ok ? object.done : object.error, !answer.ok);
  } catch {
    say("The server does not answer: nothing was changed, as far as this page knows.", true);
  }
}

function ask(action) {
  const { question, effect, yes, label } = ORDERS[action];
  $("question").textContent = visible(question);
  $("effect").textContent = visible(effect);
  $("yes").textContent = yes;
  $("field").hidden = !label;
  $("label").textContent = label ?? "";
  $("value").value = "";
  $("yes").onclick = () => {
    const value = $("value").value.trim();
    if (label && !value) {
      $("value").focus();
      return;
    }
    $("confirm").close();
    if (action === "pace") order(action, { rate: value === "auto" || value === "default" ? value : Number(value) });
    else if (action === "suppress") order(action, { number: value });
    else order(action, {});
  };
  $("confirm").showModal();
}

$("no").addEventListener("click", () => $("confirm").close());
$("value").addEventListener("keydown", (event) => {
  if (event.key === "Enter") $("yes").click();
});
for (const button of document.querySelectorAll("#steering button")) {
  button.addEventListener("click", () => ask(button.dataset.action));
}
setInterval(() => {
  if (shown) problems(shown);
}, 10000);
window.addEventListener("hashchange", route);
route();
