// @ts-check
/** Marks: each is sent at once, and can be taken back. */

import { ask, attempt, count, h, named, part, root, say } from "./lib.js";

/** @typedef {{id: string, was: string, action: string, label: string, group: string, note: string}} Mark */

export const SIGNS = { exclude: "×", relabel: "→", group: "∞", keep: "✓" };
export const KEYS = /** @type {[string, string][]} */ ([
  ["x", "exclude"], ["r", "relabel"], ["g", "set the group"], ["k", "keep: seen, and fine"],
  ["n", "add a note"], ["u", "remove the mark"], ["z", "undo the last mark"],
]);

/** The marks of this page, and those before them, to undo. */
export class Marks {
  /** @param {string[]} classes @param {(id: string, mark: Mark | null) => void} changed */
  constructor(classes, changed) {
    this.classes = classes;
    this.changed = changed;
    /** @type {{id: string, before: Mark | null}[][]} */
    this.past = [];
    /** @type {Map<string, Mark>} */
    this.all = new Map();
    this.file = "";
  }

  /** Read the marks there are. */
  async load() {
    const { file, marks } = await ask("api/marks");
    this.file = file;
    this.all = new Map(marks.map((/** @type {Mark} */ mark) => [mark.id, mark]));
    this.show();
  }

  /**
   * Change the marks of some samples, in one step of undo.
   * @param {{id: string, label: string}[]} samples
   * @param {Partial<Mark>} change
   */
  async set(samples, change) {
    const step = [];
    try {
      for (const { id, label } of samples) {
        const before = this.all.get(id) ?? null;
        const empty = { label: "", group: "", note: before?.note ?? "" };
        await this.send({ ...empty, action: "keep", ...change, id, was: before?.was ?? label });
        step.push({ id, before });
      }
    } finally {
      if (step.length) this.past.push(step);
    }
    const sign = change.label || change.group;
    say(`${samples.map((sample) => sample.id).join(", ")}: ${change.action}${sign ? ` ${sign}` : ""}`);
  }

  /** Remove the mark of a sample. @param {string} id */
  async remove(id) {
    const before = this.all.get(id);
    if (!before) return;
    await this.drop(id);
    this.past.push([{ id, before }]);
    say(`${id}: mark removed`);
  }

  /** Take the last step back. */
  async undo() {
    const step = this.past.pop();
    if (!step) return say("Nothing to undo.");
    for (const { id, before } of step.reverse()) await (before ? this.send(before) : this.drop(id));
    say(`Undone: ${step.map(({ id }) => id).join(", ")}`);
  }

  /** @param {Mark} mark */
  async send(mark) {
    await ask("api/marks", {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(mark),
    });
    this.all.set(mark.id, mark);
    this.show();
    this.changed(mark.id, mark);
  }

  /** @param {string} id */
  async drop(id) {
    await ask(`api/marks/${encodeURIComponent(id)}`, { method: "DELETE" });
    this.all.delete(id);
    this.show();
    this.changed(id, null);
  }

  /** Say how many there are, and where they are kept. */
  show() {
    const n = this.all.size;
    part("marks").replaceChildren(`${count(n)} ${n === 1 ? "mark" : "marks"} `,
      this.file ? `in ${this.file} ` : "kept only while the server runs ",
      h("a", { href: `${root}api/marks.csv`, download: "corrections.csv" }, "download"));
  }

  /**
   * Do what a key asks for with a sample; false when the key means nothing here.
   * @param {string} key @param {{id: string, label: string, group?: string} | null} sample
   */
  press(key, sample) {
    if (key === "z") attempt(() => this.undo());
    else if (!sample) return false;
    else if (key === "x") attempt(() => this.set([sample], { action: "exclude" }));
    else if (key === "k") attempt(() => this.set([sample], { action: "keep" }));
    else if (key === "u") attempt(() => this.remove(sample.id));
    else if (key === "r") this.relabel(sample);
    else if (key === "g") this.group(sample);
    else if (key === "n") this.note(sample);
    else return false;
    return true;
  }

  /** Buttons for the same. @param {{id: string, label: string, group?: string}} sample */
  buttons(sample) {
    /** @type {[string, string][]} */
    const offered = [["x", "Exclude"], ["r", "Relabel…"], ["g", "Group…"], ["k", "Keep"],
      ["n", "Note…"], ["u", "Remove mark"], ["z", "Undo"]];
    return h("div", { class: "buttons", role: "group", "aria-label": "Mark" },
      ...offered.map(([key, text]) => h("button", {
        type: "button", "aria-keyshortcuts": key, click: () => this.press(key, sample),
      }, `${text} `, h("kbd", { "aria-hidden": "true" }, key))));
  }

  /** Choose another label by typing a part of it. @param {{id: string, label: string}} sample */
  relabel(sample) {
    const recent = [...this.all.values()].reverse().map((mark) => mark.label).filter(Boolean);
    const ordered = [...new Set([...recent, ...this.classes])];
    const find = (/** @type {string} */ typed) => {
      const low = typed.toLowerCase();
      const found = ordered.filter((name) => name.toLowerCase().includes(low));
      const rank = (/** @type {string} */ name) =>
        +(name !== typed) + +(name.toLowerCase() !== low) + +!name.toLowerCase().startsWith(low);
      return low ? found.sort((a, b) => rank(a) - rank(b)) : found;
    };
    enter(`New label of ${sample.id}, now ${named(sample.label)}`, "", find,
      (label) => this.set([sample], { action: "relabel", label }));
  }

  /** @param {{id: string, label: string, group?: string}} sample */
  group(sample) {
    const groups = [...new Set([...this.all.values()].reverse().map((mark) => mark.group))];
    enter(`Group of ${sample.id}`, sample.group || groups.find(Boolean) || "", null,
      (group) => this.set([sample], { action: "group", group }));
  }

  /** @param {{id: string, label: string}} sample */
  note(sample) {
    const mark = this.all.get(sample.id);
    enter(`Note about ${sample.id}`, mark?.note ?? "", null,
      (note) => this.set([sample], { ...(mark ?? { action: "keep" }), note }));
  }
}

/**
 * Ask for one line in a dialog; with `find`, for one of the names that it finds.
 * @param {string} title @param {string} value
 * @param {((typed: string) => string[]) | null} find
 * @param {(value: string) => Promise<void>} done
 */
function enter(title, value, find, done) {
  let at = 0;
  /** @type {string[]} */
  let found = [];
  const list = h("ul", { id: "choices", role: "listbox", "aria-label": "Labels" });
  const field = h("input", { type: "text", value, autofocus: true, autocomplete: "off",
    "aria-labelledby": "enter-title", input: () => { at = 0; draw(); },
    ...(find && { role: "combobox", "aria-expanded": "true", "aria-controls": "choices" }) });
  const finish = (/** @type {string | undefined} */ chosen) => {
    if (find && chosen === undefined) return;
    dialog.close();
    attempt(() => done(chosen ?? ""));
  };
  const draw = () => {
    if (!find) return;
    found = find(field.value.trim()).slice(0, 9);
    list.replaceChildren(...found.map((name, i) => h("li", { role: "option", id: `choice-${i}`,
      "aria-selected": String(i === at), click: () => finish(name) }, name)));
    field.setAttribute("aria-activedescendant", found.length ? `choice-${at}` : "");
  };
  field.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !found.length) return;
    at = (at + step + found.length) % found.length;
    draw();
    event.preventDefault();
  });
  const dialog = h("dialog", { "aria-labelledby": "enter-title", close: () => dialog.remove() },
    h("form", { method: "dialog", submit: (/** @type {Event} */ event) => {
      event.preventDefault();
      finish(find ? found[at] : field.value.trim());
    } }, h("h2", { id: "enter-title" }, title), field, find && list,
    h("div", { class: "buttons" }, h("button", {}, "Save"),
      h("button", { type: "button", click: () => dialog.close() }, "Cancel"))));
  document.body.append(dialog);
  draw();
  dialog.showModal();
}
