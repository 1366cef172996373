// @ts-check
/** Twins side by side, one pair after the other, and groups of near-duplicates. */

import { ask, attempt, count, frame, h, listKeys, named, part, query, root, typing } from "./lib.js";
import { Marks } from "./marks.js";

const dataset = await attempt(() => ask("api/dataset"));
const marks = new Marks(dataset?.classes ?? [], () => note());
/** @type {any} */
let pair = null;
let total = 0;
let at = 0;
let kind = "";

/** Show what the address says. */
async function read() {
  const asked = new URL(location.href).searchParams;
  kind = asked.get("kind") ?? "leak";
  at = Number(asked.get("at") ?? 1) - 1;
  part("kind").value = kind;
  part("pair").hidden = kind === "groups";
  part("groups").hidden = kind !== "groups";
  return kind === "groups" ? groups() : show();
}

/** @param {number} to */
function go(to) {
  if (to < 0 || to >= total) return;
  history.replaceState(null, "", `?${query({ kind, at: to + 1 })}`);
  attempt(read);
}

async function show() {
  const found = await ask(`api/pairs?${query({ kind, from: Math.max(0, at), n: 1 })}`);
  total = found.total;
  pair = found.pairs[0] ?? null;
  part("place").textContent = pair ? `${count(at + 1)} of ${count(total)}` : "No pairs.";
  part("actions").hidden = !pair;
  if (!pair) return part("sides").replaceChildren();
  const [left, right] = [picture(pair.left), picture(pair.right)];
  const canvas = h("canvas", { role: "img", "aria-label": "Difference of the two pictures" });
  part("sides").replaceChildren(side("Left", pair.left, left), side("Right", pair.right, right),
    h("figure", {}, canvas, h("figcaption", {}, "Difference: black where both are the same")));
  part("facts").textContent = pair.reason;
  note();
  await Promise.all([left.decode(), right.decode()]);
  difference(canvas, left, right);
}

/** @param {any} sample @returns {HTMLImageElement} */
function picture(sample) {
  return h("img", { src: frame(sample.n, 0, 384), alt: `Sample of ${sample.label}` });
}

/** @param {string} name @param {any} sample @param {Node} shown */
function side(name, sample, shown) {
  const text = [sample.split, named(sample.label), sample.signer].filter(Boolean).join(" / ");
  return h("figure", {}, shown, h("figcaption", {},
    h("b", {}, name), ` ${text} `,
  h("a", { href: `${root}samples?n=${sample.n}` }, sample.id),
    h("span", { class: "state", "data-id": sample.id })));
}

/** Write the marks under the pictures. */
function note() {
  for (const place of document.querySelectorAll("[data-id]")) {
    const mark = marks.all.get(/** @type {HTMLElement} */ (place).dataset.id ?? "");
    place.textContent = mark ? ` marked: ${[mark.action, mark.label, mark.group].filter(Boolean).join(" ")}` : "";
  }
}

/** @param {HTMLCanvasElement} canvas @param {HTMLImageElement} left @param {HTMLImageElement} right */
function difference(canvas, left, right) {
  [canvas.width, canvas.height] = [left.naturalWidth, left.naturalHeight];
  const brush = canvas.getContext("2d");
  if (!brush) return;
  brush.drawImage(left, 0, 0);
  brush.globalCompositeOperation = "difference";
  brush.drawImage(right, 0, 0, canvas.width, canvas.height);
}

/** Mark, and go on to the next pair. @param {any[]} samples @param {any} change */
function decide(samples, change) {
  attempt(async () => { await marks.set(samples, change); go(at + 1); });
}

/** @type {Record<string, () => void>} */
const actions = {
  a: () => decide([pair.left], { action: "exclude" }),
  d: () => decide([pair.right], { action: "exclude" }),
  g: () => decide([pair.left, pair.right],
    { action: "group", group: pair.left.group || pair.right.group || pair.left.id }),
  k: () => decide([pair.left, pair.right], { action: "keep" }),
  z: () => attempt(() => marks.undo()),
  ArrowLeft: () => go(at - 1),
  ArrowRight: () => go(at + 1),
};

/** Groups of near-duplicates, the largest first, as they come into sight. */
async function groups() {
  const found = await ask("api/groups?n=50&members=200");
  part("place").textContent = found.total ? `${count(found.total)} groups, the largest first` : "No groups.";
  part("groups").replaceChildren(...found.groups.map((/** @type {any} */ group, /** @type {number} */ i) =>
    h("section", { class: "group" }, h("h2", {}, `Group ${i + 1}: ${count(group.size)} samples`),
      group.size > group.samples.length && h("p", {}, `The first ${group.samples.length} of them are marked.`),
      h("div", { class: "row" }, ...group.samples.slice(0, 24).map((/** @type {any} */ sample) =>
        h("a", { href: `${root}samples?n=${sample.n}` },
          h("img", { src: frame(sample.n, 0, 96), loading: "lazy", alt: `${named(sample.label)} ${sample.id}` }),
          h("span", { class: "state", "data-id": sample.id })))),
      h("div", { class: "buttons" },
        h("button", { type: "button", click: () => attempt(() =>
          marks.set(group.samples.slice(1), { action: "exclude" })) }, "Exclude all but the first"),
        h("button", { type: "button", click: () => attempt(() =>
          marks.set(group.samples, { action: "group", group: group.samples[0].id })) }, "Same group")))));
  note();
}

for (const [id, key] of Object.entries({ left: "a", right: "d", group: "g", keep: "k", undo: "z",
  before: "ArrowLeft", after: "ArrowRight" })) part(id).addEventListener("click", () => actions[key]());
document.addEventListener("keydown", (event) => {
  if (typing(event) || (kind === "groups" && event.key !== "z") || !actions[event.key]) return;
  if (!pair && event.key !== "z") return;
  actions[event.key]();
  event.preventDefault();
});
part("kind").addEventListener("change", () => {
  history.pushState(null, "", `?${query({ kind: part("kind").value })}`);
  attempt(read);
});
window.addEventListener("popstate", () => attempt(read));
listKeys([["a", "exclude the left one"], ["d", "exclude the right one"], ["g", "same group"],
  ["k", "keep both"], ["z", "undo"], ["← →", "previous, next"]]);
await attempt(() => marks.load());
await attempt(read);
