// @ts-check
/** What the dataset is worth, what was found in it, and how it is divided. */

import { ask, attempt, count, frame, h, named, part, query, root } from "./lib.js";

const WORST = 100;
/** Findings of samples that have no picture to show. */
const UNREADABLE = ["missing", "corrupt", "crash"];

/** @param {Record<string, any>} filter @param {...any} text */
function to(filter, ...text) {
  return h("a", { href: `${root}samples?${query(filter)}` }, ...text);
}

/** Read the dataset, again while its audit runs. */
async function read() {
  const found = await ask("api/dataset");
  part("verdict").replaceChildren(h("p", { class: `verdict ${found.verdict.level}` }, found.verdict.sentence),
    h("ul", {}, ...[...found.verdict.reasons, ...found.certificate].map((line) => h("li", {}, line))));
  part("facts").textContent = `${count(found.samples)} ${found.kind}s of ${count(found.classes.length)} classes, `
    + `format ${found.format}${found.unreadable ? `, ${count(found.unreadable)} cannot be read` : ""}`;
  const { state, done, total, error } = found.audit;
  part("audit").replaceChildren(...(state === "running"
    ? [`The audit runs: ${count(done)} of ${count(total)} `, h("progress", { value: done, max: total || 1,
      "aria-label": "Audit" })] : [error ? `The audit failed: ${error}` : ""]));
  part("cards").replaceChildren(...found.findings.map(card));
  divide(found.counts, Object.keys(found.splits));
  part("runs").replaceChildren(...found.runs.map((/** @type {any} */ run) =>
    h("li", {}, h("a", { href: `${root}runs/${run.r}` }, run.name))));
  part("runs-box").hidden = !found.runs.length;
  if (state === "running") setTimeout(() => attempt(read), 1500);
}

/** @param {{kind: string, n: number, meaning: string, examples: number[], messages: string[]}} found */
function card({ kind, n, meaning, examples, messages }) {
  return h("section", { class: "card" }, h("h3", {}, `${kind}: ${count(n)}`), h("p", {}, meaning),
    h("ul", {}, ...messages.slice(0, 3).map((message) => h("li", {}, message))),
    h("div", { class: "row" }, ...(UNREADABLE.includes(kind) ? [] : examples).map((one) =>
      h("a", { href: `${root}samples?${query({ finding: kind, n: one })}` },
        h("img", { src: frame(one, 0, 96), alt: `Sample ${one}`, loading: "lazy" })))),
    examples.length > 0 && to({ finding: kind, missing: UNREADABLE.includes(kind) ? "show" : null }, "Look at them"));
}

/** Samples per class and split, each number a link to them.
 * @param {Record<string, Record<string, number>>} counts @param {string[]} splits */
function divide(counts, splits) {
  const rows = Object.entries(counts);
  const most = Math.max(...rows.flatMap(([, of]) => Object.values(of)), 1);
  const shown = rows.slice(0, WORST);
  part("division").replaceChildren(h("table", { class: "division" },
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Class"),
      ...splits.map((split) => h("th", { scope: "col" }, split || "all")))),
    h("tbody", {}, ...shown.map(([label, of]) => h("tr", {}, h("th", { scope: "row" }, named(label)),
      ...splits.map((split) => h("td", { "--share": (of[split] ?? 0) / most },
        of[split] ? to({ label, split }, count(of[split])) : "–")))))));
  if (rows.length > WORST) {
    part("division").append(h("p", {}, `The first ${WORST} of ${count(rows.length)} classes. `, to({}, "All")));
  }
}

await attempt(read);
