// The review page. What students wrote reaches the document as text nodes only.
"use strict";

const at = (id) => document.getElementById(id);
const state = { words: {}, lang: "en", question: null, current: null, picking: false, editing: null };

function node(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick") made.addEventListener("click", value);
    else if (value !== null && value !== false) made.setAttribute(name, value);
  }
  made.append(...children); // strings become text nodes
  return made;
}

function fill(template, values) {
  return template.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

function points(value) {
  const text = String(Math.round(value * 100) / 100);
  return (state.lang === "fr" ? text.replace(".", ",") : text).replace("-", "−");
}

// ------------------------------------------------------------ talking to the grader

function say(text, bad = false) {
  at("state").textContent = text;
  at("state").title = text;
  at("state").classList.toggle("bad", bad);
}

async function call(path, body) {
  const options = body === undefined ? {} : {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  };
  const answer = await fetch(path, options);
  const type = answer.headers.get("content-type") || "";
  const found = type.includes("json") ? await answer.json() : { error: await answer.text() };
  if (!answer.ok) throw new Error(found.error || answer.statusText);
  return found;
}

// One request at a time, in order; of the letters typed meanwhile only the last state is sent.
const queue = [];
let sending = false;

function send(path, body, then) {
  const last = queue[queue.length - 1];
  const further = last && body.typing && last.body.typing &&
    last.body.answers.join() === body.answers.join();
  if (further) last.body = body;
  else queue.push({ path, body, then });
  if (!sending) work();
}

async function work() {
  sending = true;
  document.body.setAttribute("aria-busy", "true");
  while (queue.length) {
    const job = queue.shift();
    say(state.words.saving);
    try {
      const found = await call(job.path, job.body);
      say(state.words.saved);
      if (job.then) job.then(found);
    } catch (error) {
      say(fill(state.words.failed, { why: error.message }), true);
      if (state.question) load(state.question.id, state.current, false).catch(() => {});
    }
  }
  sending = false;
  document.body.setAttribute("aria-busy", "false");
}

window.addEventListener("beforeunload", (event) => {
  if (sending || queue.length) event.preventDefault();
});

// ------------------------------------------------------------ what is shown

const all = () => state.question.groups.flat();
const current = () => all().find((answer) => answer.id === state.current) || null;
const isRead = (answer) => answer.points !== null;

async function load(id, answer = null, announce = true) {
  take(await call("/api/question/" + encodeURIComponent(id)));
  const wanted = all().find((a) => a.id === answer) || all().find((a) => !isRead(a)) || all()[0];
  show(wanted ? wanted.id : null, announce);
}

// New truth from the grader; letters still on their way are kept.
function take(question) {
  const mine = current_typing();
  state.question = question;
  if (mine) {
    const answer = all().find((a) => a.id === mine.id);
    if (answer) answer.comment = mine.comment;
  }
  draw();
}

function current_typing() {
  const box = at("comment");
  if (document.activeElement !== box || !state.question || !state.current) return null;
  return { id: state.current, comment: box.value };
}

function show(id, focus = true) {
  state.current = id;
  draw();
  const row = document.querySelector("#list [aria-current]");
  if (row) row.scrollIntoView({ block: "nearest" });
  at("text").scrollTop = 0;
  if (focus && document.activeElement === at("comment")) at("comment").blur();
}

function draw() {
  const { words, question } = state;
  at("progress").max = Math.max(1, question.students);
  at("progress").value = question.read;
  at("count").textContent = fill(words.read_of, { read: question.read, all: question.students });
  for (const option of at("question").options) {
    if (option.value === question.id) option.textContent = label(question);
  }
  at("asked").textContent = question.asked;
  at("asked").hidden = !question.asked;
  at("guide").hidden = !question.guide;
  at("guide").querySelector("p").textContent = question.guide;
  at("silent").textContent = question.silent ? fill(words.silent, { n: question.silent }) : "";
  drawList();
  drawAnswer();
  drawRubric();
  drawSnippets();
}

const label = (q) => q.title + " – " + q.read + "/" + q.students;

function drawList() {
  const { words, question } = state;
  const rows = [];
  let alone = false;
  question.groups.forEach((group) => {
    if (group.length > 1) {
      const n = group.reduce((sum, a) => sum + a.count, 0);
      rows.push(node("h2", {}, node("span", {}, words.group), node("span", {}, String(n))));
    } else if (!alone) {
      alone = true;
      rows.push(node("h2", {}, words.alone));
    }
    for (const answer of group) {
      const mark = node("span", { class: isRead(answer) ? "mark" : "many" },
        isRead(answer) ? "✓ " + points(answer.points) : answer.count > 1 ? "×" + answer.count : "");
      rows.push(node("button", {
        type: "button", class: isRead(answer) ? "read" : "",
        "aria-current": answer.id === state.current ? "true" : null,
        "data-answer": answer.id, onclick: () => show(answer.id),
      }, node("span", {}, answer.text.slice(0, 90)), mark));
    }
  });
  const scrolled = at("list").scrollTop;
  at("list").replaceChildren(...rows);
  at("list").scrollTop = scrolled;
}

function drawAnswer() {
  const { words } = state;
  const answer = current();
  at("commenting").hidden = !answer;
  at("give").hidden = !answer || group(answer).length < 2;
  if (!answer) {
    at("label").textContent = "";
    at("names").textContent = at("identical").textContent = at("second").textContent = "";
    at("text").textContent = words.nobody;
    at("points").textContent = "–";
    at("most").textContent = "/ " + points(state.question.points);
    return;
  }
  at("label").textContent = words.answer + " " + answer.label;
  at("names").textContent = answer.names.join(", ");
  at("identical").textContent = answer.count > 1 ? fill(words.identical, { n: answer.count }) : "";
  at("second").textContent = answer.second === null ? "" : fill(words.second, { points: points(answer.second) });
  at("second").classList.toggle("apart", answer.second !== null && isRead(answer) && answer.second !== answer.points);
  if (at("text").textContent !== answer.text) at("text").textContent = answer.text;
  if (document.activeElement !== at("comment") || at("comment").dataset.of !== answer.id) {
    at("comment").value = answer.comment;
    at("comment").dataset.of = answer.id;
  }
  at("points").textContent = isRead(answer) ? points(answer.points) : "–";
  at("points").classList.toggle("open", !isRead(answer));
  at("most").textContent = "/ " + points(state.question.points) +
    (isRead(answer) ? "" : " · " + words.unread);
  at("adjusted").textContent = (answer.adjust > 0 ? "+" : "") + points(answer.adjust);
  at("give").disabled = !isRead(answer) || !rest(answer).length;
}

function drawRubric() {
  const answer = current();
  const { words } = state;
  const rows = state.question.rubric.map((item, i) => {
    const chosen = !!answer && answer.items.includes(item.id);
    const key = i < 9 ? node("kbd", {}, String(i + 1)) : node("span");
    const worth = node("span", { class: "pts" }, (item.points > 0 ? "+" : "") + points(item.points));
    return node("div", { class: "row" },
      node("button", {
        type: "button", role: "checkbox", class: "choice", "aria-checked": String(chosen),
        "data-item": item.id, onclick: () => toggle(item.id),
      }, key, node("span", {}, item.text), worth),
      node("button", {
        type: "button", class: "edit", onclick: () => edit(item),
        "aria-label": words.edit + ": " + item.text, title: words.edit,
      }, "✎"));
  });
  rows.push(node("div", { class: "row" }, node("button", {
    type: "button", role: "checkbox", class: "choice",
    "aria-checked": String(!!answer && answer.zero), id: "zero", onclick: zero,
  }, node("kbd", {}, "0"), node("span", {}, words.zero), node("span", { class: "pts" }, "0")), node("span")));
  const focused = document.activeElement && document.activeElement.dataset.item;
  at("rubric").replaceChildren(...rows);
  if (focused) {
    const again = document.querySelector('[data-item="' + Number(focused) + '"]');
    if (again) again.focus();
  }
}

function drawSnippets() {
  const { snippets } = state.question;
  const rows = snippets.map((text, i) => node("button", {
    type: "button", onclick: () => insert(text),
  }, i < 9 ? node("kbd", {}, String(i + 1)) : node("span"), node("span", {}, text)));
  if (!rows.length) rows.push(node("p", { class: "soft" }, state.words.no_snippets));
  at("snippets").replaceChildren(...rows);
  at("snippets").classList.toggle("picking", state.picking);
}

// ------------------------------------------------------------ what the reader does

const group = (answer) => state.question.groups.find((g) => g.some((a) => a.id === answer.id));
const rest = (answer) => group(answer).filter((a) => a.id !== answer.id && !isRead(a));

function keep(answer, ids = [answer.id], typing = false) {
  const review = {
    items: answer.items, zero: answer.zero, adjust: answer.adjust, comment: answer.comment,
  };
  send("/api/review", { question: state.question.id, answers: ids, review, typing },
    (found) => { if (!queue.length) take(found); });
}

function toggle(id) {
  const answer = current();
  if (!answer) return;
  answer.items = answer.items.includes(id)
    ? answer.items.filter((i) => i !== id) : [...answer.items, id];
  answer.zero = false;
  reckon(answer);
  keep(answer);
}

function zero() {
  const answer = current();
  if (!answer) return;
  answer.zero = !answer.zero;
  if (answer.zero) { answer.items = []; answer.adjust = 0; }
  reckon(answer);
  keep(answer);
}

function adjust(by) {
  const answer = current();
  if (!answer) return;
  answer.adjust = Math.round((answer.adjust + by) * 100) / 100;
  reckon(answer);
  keep(answer);
}

// Shown at once; the grader's own sum replaces it a moment later.
function reckon(answer) {
  const { rubric, points: most } = state.question;
  const read = answer.items.length || answer.zero || answer.adjust;
  const sum = rubric.filter((i) => answer.items.includes(i.id))
    .reduce((total, i) => total + i.points, answer.adjust);
  answer.points = read ? Math.min(most, Math.max(0, sum)) : null;
  draw();
}

function give() {
  const answer = current();
  if (!answer || !isRead(answer)) return;
  const others = rest(answer);
  if (!others.length) return;
  for (const other of others) {
    Object.assign(other, {
      items: [...answer.items], zero: answer.zero, adjust: answer.adjust,
      comment: answer.comment, points: answer.points,
    });
  }
  draw();
  keep(answer, others.map((a) => a.id));
}

function insert(text) {
  const answer = current();
  picking(false);
  if (!answer) return;
  answer.comment = (answer.comment ? answer.comment.trimEnd() + "\n" : "") + text;
  at("comment").value = answer.comment;
  keep(answer);
  draw();
}

function picking(on) {
  state.picking = on && state.question.snippets.length > 0;
  at("snippets").classList.toggle("picking", state.picking);
  if (!state.picking) return;
  say(state.words.pick);
  at("snippets").scrollIntoView({ block: "nearest" });
}

function move(step) {
  const answers = all();
  const i = answers.findIndex((a) => a.id === state.current);
  const next = answers[Math.min(answers.length - 1, Math.max(0, i + step))];
  if (next) show(next.id);
}

function next() {
  const answers = all();
  const i = answers.findIndex((a) => a.id === state.current);
  const found = [...answers.slice(i + 1), ...answers.slice(0, i + 1)].find((a) => !isRead(a));
  if (found) show(found.id);
  else say(state.words.all_read);
}

function undo() {
  if (document.activeElement === at("comment")) at("comment").blur();
  send("/api/undo", { question: state.question.id }, (found) => {
    take(found);
    say(found.undone.length ? state.words.undone : state.words.nothing_undo);
    if (found.undone.length === 1) show(found.undone[0]);
  });
}

function edit(item) {
  state.editing = item ? item.id : null;
  at("item-text").value = item ? item.text : "";
  at("item-points").value = item ? points(item.points) : "1";
  at("item-save").textContent = item ? state.words.save : state.words.add;
  at("item-cancel").hidden = !item;
  if (item) at("item-text").focus();
}

at("item").addEventListener("submit", (event) => {
  event.preventDefault();
  const worth = Number(at("item-points").value.replace(",", ".").replace("−", "-"));
  const text = at("item-text").value.trim();
  if (!text || !Number.isFinite(worth)) return;
  const body = { question: state.question.id, item: state.editing, text, points: worth };
  send("/api/item", body, take);
  edit(null);
  document.activeElement.blur();
});
at("item-cancel").addEventListener("click", () => edit(null));
at("undo").addEventListener("click", undo);
at("give").addEventListener("click", give);
at("more").addEventListener("click", () => adjust(0.25));
at("less").addEventListener("click", () => adjust(-0.25));
at("help").addEventListener("click", () => at("keys").showModal());
at("question").addEventListener("change", () => {
  load(at("question").value);
  at("question").blur();
});
at("pages").addEventListener("click", () => {
  send("/api/pages", {}, (found) => say(state.words.pages_done + ": " + found.written));
});
at("keep").addEventListener("click", () => {
  const text = at("comment").value.trim();
  if (text) send("/api/snippet", { question: state.question.id, text }, take);
});
at("comment").addEventListener("input", () => {
  const answer = current();
  if (!answer) return;
  answer.comment = at("comment").value;
  keep(answer, [answer.id], true);
});

// Digits are told by their place, so that an AZERTY row, where they are shifted, does as well.
function digit(event) {
  const found = /^(?:Digit|Numpad)([0-9])$/.exec(event.code);
  if (found) return Number(found[1]);
  return /^[0-9]$/.test(event.key) ? Number(event.key) : null;
}

document.addEventListener("keydown", (event) => {
  if (!state.question || at("keys").open) return;
  const writing = /^(TEXTAREA|INPUT|SELECT)$/.test(event.target.tagName);
  if (writing) {
    if (event.key === "Escape") { edit(null); event.target.blur(); }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.target.blur(); next(); }
    return;
  }
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") {
    event.preventDefault();
    undo();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const pressed = digit(event);
  if (state.picking) {
    event.preventDefault();
    const text = pressed ? state.question.snippets[pressed - 1] : undefined;
    if (text !== undefined) insert(text);
    else picking(false);
    return;
  }
  if (pressed !== null) {
    const item = state.question.rubric[pressed - 1];
    event.preventDefault();
    if (pressed === 0) zero();
    else if (item) toggle(item.id);
    return;
  }
  const onButton = event.target.tagName === "BUTTON" || event.target.tagName === "SUMMARY";
  const does = {
    j: () => move(1), ArrowDown: () => move(1), k: () => move(-1), ArrowUp: () => move(-1),
    n: next, u: undo, g: give, c: () => at("comment").focus(), s: () => picking(true),
    "+": () => adjust(0.25), "-": () => adjust(-0.25), "−": () => adjust(-0.25),
    "?": () => at("keys").showModal(), Enter: onButton ? null : next,
  }[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (does) { event.preventDefault(); does(); }
});

(async () => {
  try {
    const found = await call("/api/start");
    Object.assign(state, { words: JSON.parse(document.querySelector("main").dataset.words), lang: found.lang });
    at("question").replaceChildren(
      ...found.questions.map((q) => node("option", { value: q.id }, label(q))));
    const first = found.questions.find((q) => q.read < q.students) || found.questions[0];
    if (!first) { at("text").textContent = state.words.nothing; return; }
    at("question").value = first.id;
    await load(first.id);
  } catch (error) {
    say(error.message, true);
  }
})();
