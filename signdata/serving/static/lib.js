// @ts-check
/** What all pages share: making elements, asking the server, and saying what happened. */

/** Where the site begins, seen from this page: "" or "../". It may lie below a proxy's path. */
export const root = document.body.dataset.root ?? "";

/** A failure that the server described. */
export class Refusal extends Error {
  /** @param {number} status @param {{what?: string, where?: string, remedy?: string}} told */
  constructor(status, told) {
    super([told.where && `${told.where}:`, told.what, told.remedy].filter(Boolean).join(" ")
      || `The server answered ${status}.`);
    this.status = status;
  }
}

/**
 * Make an element. Text is only ever set as text, so names from a dataset stay names.
 * @param {string} tag
 * @param {Record<string, any>} [attributes] functions are listeners, false and null are left out
 * @param {...(Node | string | number | null | false | undefined)} children
 * @returns {any}
 */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same for SVG. @param {string} tag @param {Record<string, any>} attributes
 * @param {...(Node | string | number)} children @returns {any} */
export function svg(tag, attributes, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

/** @param {any} element @param {Record<string, any>} attributes @param {any[]} children */
function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (name.startsWith("--")) element.style.setProperty(name, value);
    else if (name === "value") element.value = value;
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child) => child != null && child !== false).map(
    (child) => (child instanceof Node ? child : String(child))));
  return element;
}

/** An element of the page by its id. @param {string} id @returns {any} */
export function part(id) {
  return document.getElementById(id);
}

/**
 * Ask the server, by a path below the site's own root.
 * @param {string} path
 * @param {RequestInit} [options]
 * @returns {Promise<any>}
 */
export async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(root + path, options);
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Refusal(0, { what: "The server does not answer.",
      remedy: "Is signdata serve still running?" });
  }
  const text = await answer.text();
  let body = null;
  try {
    body = text ? JSON.parse(text) : null;
  } catch {
    body = { error: { what: text.slice(0, 200) } };
  }
  if (!answer.ok) throw new Refusal(answer.status, body?.error ?? {});
  return body;
}

/** A query string; lists repeat their name, null is not asked. @param {Record<string, any>} asked */
export function query(asked) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(asked)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one != null) search.append(name, String(one));
    }
  }
  return search.toString();
}

/** The address of a picture of a sample. @param {number} n @param {number} k @param {number} size */
export function frame(n, k, size) {
  return `${root}api/samples/${n}/frame/${k}?size=${size}`;
}

let silence = 0;

/** Read out by screen readers, and seen for a moment. @param {string} text */
export function say(text) {
  part("said").textContent = text;
  clearTimeout(silence);
  silence = window.setTimeout(() => part("said").replaceChildren(), 6000);
}

/** Show a failure where nobody overlooks it, until the next one. @param {unknown} error */
export function complain(error) {
  const box = part("trouble");
  box.replaceChildren(error instanceof Error ? error.message : String(error), " ",
    h("button", { type: "button", click: () => { box.hidden = true; } }, "Close"));
  box.hidden = false;
}

/** Run a part of a page; what goes wrong is shown. @param {() => Promise<any>} action */
export async function attempt(action) {
  try {
    return await action();
  } catch (error) {
    complain(error);
    return undefined;
  }
}

/** A number for people: 12,345. @param {number} n */
export function count(n) {
  return n.toLocaleString("en");
}

/** A share for people: 93.4%. @param {number | null | undefined} p */
export function percent(p) {
  return p == null || Number.isNaN(p) ? "–" : `${(100 * p).toFixed(1)}%`;
}

/** A name that may be empty. @param {string} name */
export function named(name) {
  return name === "" ? "(none)" : name;
}

/** The five likeliest labels as bars. @param {{label: string, probability: number}[]} top */
export function bars(top) {
  return h("ol", { class: "bars" }, ...top.map(({ label, probability }) =>
    h("li", { "--share": probability }, h("span", {}, named(label)),
      h("b", {}, percent(probability)))));
}

/** A list of keys, shown by "?". @param {[string, string][]} keys */
export function listKeys(keys) {
  const dialog = part("keys");
  part("keys-list").replaceChildren(...keys.flatMap(([key, does]) =>
    [h("dt", {}, h("kbd", {}, key)), h("dd", {}, does)]));
  part("keys-open").hidden = false;
  part("keys-open").addEventListener("click", () => dialog.showModal());
  document.addEventListener("keydown", (event) => {
    if (event.key === "?" && !typing(event)) dialog.showModal();
  });
}

/** Whether a key belongs to a field or a dialog rather than to the page. @param {KeyboardEvent} event */
export function typing(event) {
  const at = /** @type {HTMLElement} */ (event.target);
  return event.ctrlKey || event.metaKey || event.altKey || !!document.querySelector("dialog[open]")
    || /^(INPUT|SELECT|TEXTAREA)$/.test(at.tagName);
}
