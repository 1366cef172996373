// @ts-check
/** The samples of a dataset: facets, grid, and all that is known of one. */

import { ask, attempt, bars, count, frame, h, listKeys, named, part, percent, query, root, say, typing }
  from "./lib.js";
import { Grid } from "./grid.js";
import { KEYS, Marks } from "./marks.js";
import { player } from "./player.js";

const FACETS = { label: "Class", split: "Split", signer: "Signer", finding: "Finding", mark: "Mark",
  answer: "Answer", other_answer: "Other run", said: "Taken for", group: "Group", missing: "Files" };
/** Plain words for values of the API. @type {Record<string, string>} */
const WORDS = { "missing hide": "readable", "missing only": "unreadable" };
/** Single choices that a link may make; they are no facets. */
const SINGLE = ["run", "other", "sort"];
const MANY = 10;

/** @type {Record<string, string[]>} */
let filter = {};
/** @type {Record<string, any>} */
let opened = {};
let facetRun = 0;
/** Browsers limit how often an address may change: it waits until the arrow key rests. */
let later = 0;
const wide = new Set();

const dataset = await attempt(() => ask("api/dataset"));
const grid = new Grid(part("grid"), (at, row) => { go({ at, n: row.n }); attempt(() => open(row.n)); },
  (at) => {
    tell();
    clearTimeout(later);
    later = window.setTimeout(() => go({ at }), 200);
  });
const marks = new Marks(dataset?.classes ?? [], (id, mark) => {
  grid.mark(id, mark);
  if (opened.id === id) attempt(() => open(opened.n));
  window.clearTimeout(facetRun);
  facetRun = window.setTimeout(() => attempt(facets), 300);
});

/** Keep what is seen in the address. @param {Record<string, any>} state @param {boolean} [anew] */
function go(state, anew = false) {
  clearTimeout(later);
  const address = new URL(location.href);
  for (const [name, value] of Object.entries(state)) {
    address.searchParams.delete(name);
    for (const one of [value].flat()) if (one !== null) address.searchParams.append(name, String(one));
  }
  history[anew ? "pushState" : "replaceState"](null, "", address);
  tell();
}

/** Say which of how many samples is chosen. */
function tell() {
  part("place").textContent = grid.total ? `${count(grid.at + 1)} of ${count(grid.total)}` : "none";
}

/** Show what the address says. */
async function read() {
  const asked = new URL(location.href).searchParams;
  filter = {};
  for (const name of [...Object.keys(FACETS), ...SINGLE]) {
    if (asked.has(name)) filter[name] = asked.getAll(name);
  }
  part("sort").value = filter.sort?.[0] ?? "stored";
  part("csv").href = `${root}api/samples.csv?${query(filter)}`;
  grid.show(filter, await facets(), Number(asked.get("at") ?? 0));
  go({});
  const n = asked.get("n");
  if (n === null) part("sample").replaceChildren(h("p", {}, "Open a sample to see all of it."));
  else if (Number(n) !== opened.n) await open(Number(n));
}

/** Change the filter and begin at its start. @param {string} name @param {string[]} values */
function choose(name, values) {
  go({ [name]: values, at: null }, true);
  attempt(read);
}

/** Draw the facets; answers how many samples there are. @returns {Promise<number>} */
async function facets() {
  const { sort, ...asked } = filter;
  const { total, facets: found } = await ask(`api/facets?${query(asked)}`);
  part("facets").replaceChildren(...Object.entries(FACETS).map(([name, title]) =>
    facet(name, title, Object.entries(found[name] ?? {}))).filter(Boolean));
  return total;
}

/** @param {string} name @param {string} title @param {[string, number][]} values */
function facet(name, title, values) {
  const chosen = filter[name] ?? [];
  const told = values.filter(([value, n]) => n && !["", "none", "hide"].includes(value));
  if (!told.length && !chosen.length) return null;
  const most = Math.max(...values.map(([, n]) => n), 1);
  const seen = values.filter(([value], i) => i < MANY || wide.has(name) || chosen.includes(value));
  const more = values.length > MANY && h("button", { type: "button", class: "more", click: () => {
    if (!wide.delete(name)) wide.add(name);
    attempt(facets);
  } }, wide.has(name) ? "fewer" : `all ${count(values.length)}`);
  return h("fieldset", {}, h("legend", {}, title), ...seen.map(([value, n]) => h("button", {
    type: "button", class: "value", "aria-pressed": String(chosen.includes(value)), "--share": n / most,
    click: () => choose(name, chosen.includes(value) ? chosen.filter((one) => one !== value)
      : name === "missing" ? [value] : [...chosen, value]),
  }, h("span", {}, WORDS[`${name} ${value}`] ?? named(value)), h("b", {}, count(n)))), more);
}

/** Show all that is known of a sample. @param {number} n */
async function open(n) {
  const known = await ask(`api/samples/${n}`);
  const { sample } = known;
  const key = document.activeElement?.closest("#sample button")?.getAttribute("aria-keyshortcuts");
  if (opened.n !== sample.n) say(`Opened ${sample.id}`);
  opened = sample;
  const facts = { class: sample.label, split: sample.split, signer: sample.signer, group: sample.group,
    source: known.source, size: known.size?.join(" × "), frames: known.frames > 1 ? known.frames : "",
    fps: known.fps, ...known.columns, ...known.measures, notes: known.notes.join("; ") };
  const mark = sample.mark;
  part("sample").replaceChildren(...[
    h("h2", {}, `${named(sample.label)} `, h("small", {}, sample.id)), picture(known),
    marks.buttons(sample),
    mark && h("p", { class: "mark" }, `Marked: ${[mark.action, mark.label, mark.group].filter(Boolean)
      .join(" ")}${mark.note && `. ${mark.note}`}`),
    ...known.findings.map((/** @type {any} */ found) =>
      h("p", { class: "finding" }, h("b", {}, found.kind), ` ${found.message}`)),
    known.twins.length > 0 && h("h3", {}, "Twins"),
    known.twins.length > 0 && h("ul", { class: "twins" }, ...known.twins.map(twin)),
    ...known.answers.filter((/** @type {any} */ answer) => answer.said !== null).flatMap(
      (/** @type {any} */ answer) => [h("h3", {}, `Answer of ${answer.name}`),
        h("p", {}, `${answer.right}: ${named(answer.said)}. Its own class got ${percent(answer.p_true)}.`),
        bars(answer.top)]),
    h("h3", {}, "Known"),
    h("table", {}, h("tbody", {}, ...Object.entries(facts).filter(([, value]) => value != null && value !== "")
      .map(([name, value]) => h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, String(value)))))),
  ].filter(Boolean));
  if (key) part("sample").querySelector(`[aria-keyshortcuts="${key}"]`)?.focus();
}

/** @param {any} known */
function picture(known) {
  if (known.error) return h("p", { class: "screen" }, known.error);
  if (known.sample.kind === "clip") return player(known, dataset.version);
  return h("img", { class: `screen ${known.size?.[0] <= 64 ? "tiny" : ""}`,
    alt: `Sample of ${known.sample.label}`, src: frame(known.sample.n, 0, 512) });
}

/** @param {any} twin */
function twin({ kind, correlation, sample: { n, id, label, split } }) {
  return h("li", {}, h("a", { href: `${root}samples?n=${n}` }, h("img", { src: frame(n, 0, 96), alt: "" }),
    `${kind} ${correlation}: ${[split, label, id].filter(Boolean).join(" / ")}`));
}

listKeys([["arrows", "move"], ["Page Up, Page Down, Home, End", "move far"], ["Enter", "open"], ...KEYS]);
part("sort").addEventListener("change", () => choose("sort", [part("sort").value]));
part("jump").addEventListener("change", () => {
  grid.move(Number(part("jump").value) - 1);
  part("grid").focus();
});
part("size").addEventListener("change", () => {
  grid.side = Number(part("size").value);
  grid.show(filter, grid.total, grid.at);
});
document.addEventListener("keydown", (event) => {
  const at = /** @type {Element} */ (event.target);
  if (typing(event) || !at.closest("#grid, #sample")) return;
  if (marks.press(event.key, at.closest("#grid") ? grid.row : opened.id ? opened : null)) {
    event.preventDefault();
  }
});
window.addEventListener("popstate", () => attempt(read));
await attempt(read);
await attempt(() => marks.load());
