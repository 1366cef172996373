// @ts-check
/** A run: its numbers, curves and confusions, alone or beside another run. */

import { ask, attempt, count, h, named, part, percent, query, root, svg } from "./lib.js";

const r = Number(document.body.dataset.run);
const WIDE = 640;
const HIGH = 240;
const EDGE = 44;
const MOST = 48;
/** The split that matrix and classes are about. */
let split = "";

/** @typedef {{name: string, points: [number, number][]}} Series */

/** Lines over epochs: read by pointer or from the table, each can be hidden.
 * @param {string} title @param {Series[]} series */
function chart(title, series) {
  const all = series.flatMap(({ points }) => points);
  const left = Math.min(...all.map(([x]) => x));
  const right = Math.max(...all.map(([x]) => x), left + 1);
  const low = Math.min(0, ...all.map(([, y]) => y));
  const high = Math.max(...all.map(([, y]) => y)) || 1;
  const x = (/** @type {number} */ v) => EDGE + ((WIDE - EDGE - 8) * (v - left)) / (right - left);
  const y = (/** @type {number} */ v) => HIGH - 24 - ((HIGH - 36) * (v - low)) / (high - low);
  const lines = series.map(({ points }, i) => svg("polyline", { class: `series s${i % 6}`,
    points: points.map(([a, b]) => `${x(a)},${y(b)}`).join(" ") }));
  const cursor = svg("line", { class: "cursor", y1: 8, y2: HIGH - 24, x1: -9, x2: -9 });
  const said = h("output", { class: "where" });
  const ticks = [low, (low + high) / 2, high].flatMap((v) => [
    svg("line", { class: "rule", x1: EDGE, x2: WIDE - 8, y1: y(v), y2: y(v) }),
    svg("text", { x: EDGE - 6, y: y(v) + 4, "text-anchor": "end" }, v.toPrecision(3))]);
  const drawing = svg("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": title,
    pointermove: (/** @type {PointerEvent} */ event) => {
      const box = drawing.getBoundingClientRect();
      const at = ((event.clientX - box.left) / box.width) * WIDE;
      const epoch = Math.round(left + ((at - EDGE) * (right - left)) / (WIDE - EDGE - 8));
      const read = series.flatMap(({ name, points }) => points.filter(([a]) => a === epoch)
        .map(([, b]) => `${name} ${b.toFixed(4)}`));
      said.textContent = read.length ? `epoch ${epoch}: ${read.join(", ")}` : "";
      for (const end of ["x1", "x2"]) cursor.setAttribute(end, String(read.length ? x(epoch) : -9));
    } }, ...ticks, svg("text", { x: EDGE, y: HIGH - 6 }, `epoch ${left}`),
  svg("text", { x: WIDE - 8, y: HIGH - 6, "text-anchor": "end" }, right), ...lines, cursor);
  const epochs = [...new Set(all.map(([a]) => a))].sort((a, b) => a - b);
  return h("section", { class: "chart" }, h("h3", {}, title), drawing, said,
    h("div", { class: "legend" }, ...series.map(({ name }, i) => h("label", { class: `s${i % 6}` },
      h("input", { type: "checkbox", checked: true, change: (/** @type {any} */ event) =>
        lines[i].classList.toggle("off", !event.target.checked) }),
      svg("svg", { class: "key", viewBox: "0 0 30 8", "aria-hidden": "true" },
        svg("line", { class: `series s${i % 6}`, x2: 30, y1: 4, y2: 4 })), ` ${name}`))),
    h("details", {}, h("summary", {}, "Table"), h("table", {}, h("thead", {}, h("tr", {},
      ...["epoch", ...series.map(({ name }) => name)].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, ...epochs.map((epoch) => h("tr", {}, h("th", { scope: "row" }, epoch),
      ...series.map(({ points }) => h("td", {},
        points.find(([a]) => a === epoch)?.[1].toFixed(4) ?? "–"))))))));
}

/** Charts of the columns of some histories. @param {any[]} runs */
function curves(runs) {
  const columns = Object.keys(runs[0].history[0] ?? {});
  return ["loss", "accuracy", "f1"].flatMap((measure) => {
    const series = runs.flatMap((run) => columns.filter((name) => name.includes(measure)).map((name) => ({
      name: runs.length > 1 ? `${run.run.name}: ${name}` : name,
      points: run.history.map((/** @type {any} */ row, /** @type {number} */ i) =>
        [Number(row.epoch ?? i + 1), row[name] ?? NaN])
        .filter((/** @type {number[]} */ point) => Number.isFinite(point[1])),
    }))).filter(({ points }) => points.length);
    return series.length ? [chart(measure, series)] : [];
  });
}

/** @param {any} filter */
function link(filter) {
  return `${root}samples?${query({ run: r, split: split || null, ...filter })}`;
}

/** Which class was taken for which: every cell opens its samples.
 * @param {string[]} classes @param {number[][]} cells */
function confusion(classes, cells) {
  const sums = new Map();
  for (const [i, , n] of cells) sums.set(i, (sums.get(i) ?? 0) + n);
  const open = (/** @type {number} */ i, /** @type {number} */ j, /** @type {number} */ n) => h("a", {
    href: link({ label: classes[i], said: classes[j] }),
    "aria-label": `${named(classes[i])} taken for ${named(classes[j])}: ${n}` }, n);
  const wrong = cells.filter(([i, j]) => i !== j).sort((a, b) => b[2] - a[2]).slice(0, 20);
  const list = [h("h3", {}, "Most often mistaken"), wrong.length ? h("ol", {}, ...wrong.map(([i, j, n]) =>
    h("li", {}, `${named(classes[i])} taken for ${named(classes[j])}: `, open(i, j, n)))) : "Nothing."];
  const kept = classes.map((_, i) => i).filter((i) => classes.length <= MOST
    || wrong.some(([a, b]) => a === i || b === i)).slice(0, MOST);
  const by = new Map(cells.map(([i, j, n]) => [`${i} ${j}`, n]));
  return [h("div", { class: "wide", tabindex: 0, role: "region", "aria-label": "Confusion matrix" },
    h("table", { class: "matrix" }, h("caption", {}, "Rows: the true class. Columns: what the network said.",
      kept.length < classes.length && ` ${kept.length} of ${count(classes.length)} classes, those of the worst pairs.`),
    h("thead", {}, h("tr", {}, h("td"), ...kept.map((j) => h("th", { scope: "col" }, classes[j])))),
    h("tbody", {}, ...kept.map((i) => h("tr", {}, h("th", { scope: "row" }, named(classes[i])),
      ...kept.map((j) => {
        const n = by.get(`${i} ${j}`);
        return n ? h("td", { class: i === j ? "right" : "wrong", "--share": n / sums.get(i) }, open(i, j, n))
          : h("td");
      })))))), ...list];
}

/** @param {any} run @param {any} other */
function numbers(run, other) {
  const [mine, its] = [run, other].map((one) => Object.fromEntries(Object.entries(one?.numbers ?? {}).filter(
    ([, value]) => ["number", "string", "boolean"].includes(typeof value))));
  const names = [...new Set([...Object.keys(mine), ...Object.keys(its)])];
  const value = (/** @type {any} */ v) => (typeof v === "number" && !Number.isInteger(v) ? v.toFixed(4) : v ?? "–");
  return h("table", {}, other && h("thead", {}, h("tr", {}, h("td"), h("th", { scope: "col" }, run.run.name),
    h("th", { scope: "col" }, other.run.name))), h("tbody", {}, ...names.map((name) => h("tr", {},
    h("th", { scope: "row" }, name.replaceAll("_", " ")), h("td", {}, value(mine[name])),
    other && h("td", {}, value(its[name]))))));
}

/** @param {any} run */
function worst(run) {
  return h("table", {}, h("thead", {}, h("tr", {}, ...["Class", "Samples", "Right", "Share"].map((name) =>
    h("th", { scope: "col" }, name)))), h("tbody", {}, ...run.classes.slice(0, 20).map((/** @type {any} */ row) => h("tr", {},
    h("th", { scope: "row" }, h("a", { href: link({ label: row.label, answer: "wrong" }) }, named(row.label))),
    h("td", {}, count(row.samples)), h("td", {}, count(row.right)), h("td", {}, percent(row.share))))));
}

/** Show the run, beside another one if it is asked for. */
async function read() {
  const asked = new URL(location.href).searchParams.get("with");
  const matrix = await ask(`api/runs/${r}/confusion`);
  split = matrix.split;
  const [run, other] = await Promise.all([ask(`api/runs/${r}`), asked ? ask(`api/runs/${asked}`) : null]);
  part("name").textContent = run.run.name;
  part("honest").textContent = run.honest === null || run.naive === null ? "" : `Honest, split by groups: `
    + `${percent(run.honest)}. Naive, split at random: ${percent(run.naive)}.`;
  part("numbers").replaceChildren(numbers(run, other));
  part("curves").replaceChildren(...curves(other ? [run, other] : [run]));
  part("worst").replaceChildren(worst(run));
  part("against").replaceChildren(...(other ? [["right", "wrong"], ["wrong", "right"]].map(([a, b]) =>
    h("p", {}, h("a", { href: link({ split: null, other: asked, answer: a, other_answer: b }) },
      `${a} in ${run.run.name}, ${b} in ${other.run.name}`))) : []));
  part("of").textContent = split && ` of ${split}`;
  part("confusion").replaceChildren(...confusion(matrix.classes, matrix.cells));
}

part("with")?.addEventListener("change", () => {
  history.pushState(null, "", `?${query({ with: part("with").value || null })}`);
  attempt(read);
});
window.addEventListener("popstate", () => attempt(read));
if (part("with")) part("with").value = new URL(location.href).searchParams.get("with") ?? "";
await attempt(read);
