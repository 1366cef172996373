// @ts-check
/** A grid of any number of tiles, of which only those in sight are elements. */

import { ask, complain, count, h, named, query, root } from "./lib.js";
import { SIGNS } from "./marks.js";

const CHUNK = 100;
const ACROSS = 10;
/** Browsers limit the height of an element; above this one, scrolling goes in larger steps. */
const TALLEST = 8_000_000;

/** Rows of one filter, and the sheets of their thumbnails, a hundred at a time. */
class Chunks {
  /** @param {Record<string, any>} filter @param {number} side @param {() => void} arrived */
  constructor(filter, side, arrived) {
    this.filter = filter;
    this.side = side;
    this.arrived = arrived;
    /** @type {Map<number, {rows: any[], sheet: HTMLImageElement, across: number}>} */
    this.kept = new Map();
    this.stopped = new AbortController();
  }

  /** The row at a place, or null until it has arrived. @param {number} at */
  row(at) {
    return this.chunk(Math.floor(at / CHUNK))?.rows[at % CHUNK] ?? null;
  }

  /** @param {number} number */
  chunk(number) {
    const found = this.kept.get(number);
    if (found) return found;
    const empty = { rows: [], sheet: new Image(), across: ACROSS };
    this.kept.set(number, empty);
    if (this.kept.size > 40) this.kept.delete(/** @type {number} */ (this.kept.keys().next().value));
    this.fetch(number, empty);
    return empty;
  }

  /** @param {number} number @param {{rows: any[], sheet: HTMLImageElement, across: number}} into */
  async fetch(number, into) {
    const wanted = query({ ...this.filter, from: number * CHUNK, n: CHUNK });
    into.sheet.addEventListener("load", () => {
      const high = Math.ceil(into.rows.length / ACROSS) || 1;
      into.across = Math.round(into.sheet.naturalWidth / (into.sheet.naturalHeight / high));
      this.arrived();
    });
    try {
      const answer = await ask(`api/samples?${wanted}`, { signal: this.stopped.signal });
      into.rows = answer.samples;
      if (into.rows.length) into.sheet.src = `${root}api/sheet?${wanted}&side=${this.side}&v=${answer.version}`;
      this.arrived();
    } catch (error) {
      this.kept.delete(number);
      if (!this.stopped.signal.aborted) complain(error);
    }
  }
}

/** The grid itself: a list box, so that arrow keys move and screen readers say where. */
export class Grid {
  /**
   * @param {HTMLElement} box what scrolls
   * @param {(at: number, row: any) => void} opened
   * @param {(at: number) => void} moved
   */
  constructor(box, opened, moved) {
    this.box = box;
    this.inner = h("div", { class: "inner", role: "presentation" });
    box.replaceChildren(this.inner);
    this.opened = opened;
    this.moved = moved;
    this.total = 0;
    this.at = 0;
    this.side = 96;
    this.cell = this.high = this.columns = this.rows = this.full = this.height = 1;
    this.waiting = false;
    /** @type {Map<number, HTMLElement>} */
    this.tiles = new Map();
    this.chunks = new Chunks({}, 96, () => {});
    box.addEventListener("scroll", () => this.later());
    box.addEventListener("keydown", (event) => this.key(event));
    box.addEventListener("click", (event) => {
      const tile = /** @type {HTMLElement} */ (event.target).closest(".tile");
      if (tile) this.open(Number(/** @type {HTMLElement} */ (tile).dataset.at));
    });
    new ResizeObserver(() => { this.measure(); this.reveal(); this.draw(); }).observe(box);
  }

  /** Show another filter. @param {Record<string, any>} filter @param {number} total @param {number} at */
  show(filter, total, at) {
    this.chunks.stopped.abort();
    this.chunks = new Chunks(filter, this.side, () => this.later());
    this.total = total;
    this.at = Math.max(0, Math.min(at, total - 1));
    for (const tile of this.tiles.values()) tile.remove();
    this.tiles.clear();
    this.measure();
    this.reveal();
    this.draw();
  }

  /** The sample that is chosen, or null while it has not arrived. */
  get row() {
    return this.total ? this.chunks.row(this.at) : null;
  }

  /** Change the mark of a sample that is in sight. @param {string} id @param {any} mark */
  mark(id, mark) {
    for (const { rows } of this.chunks.kept.values()) {
      for (const row of rows) if (row.id === id) row.mark = mark;
    }
    this.draw();
  }

  measure() {
    this.cell = this.side + 12;
    this.high = this.side + 34;
    this.columns = Math.max(1, Math.floor((this.box.clientWidth - 4) / this.cell));
    this.rows = Math.ceil(this.total / this.columns);
    this.full = this.rows * this.high;
    this.height = Math.min(this.full, TALLEST);
    this.inner.style.height = `${this.height}px`;
  }

  /** How far the whole list moves when the box scrolls by one pixel. */
  get scale() {
    const seen = this.box.clientHeight;
    return this.full > this.height ? (this.full - seen) / (this.height - seen) : 1;
  }

  /** Scroll so that the chosen tile is in sight. */
  reveal() {
    const top = Math.floor(this.at / this.columns) * this.high;
    const now = this.box.scrollTop * this.scale;
    const seen = this.box.clientHeight;
    if (top < now) this.box.scrollTop = top / this.scale;
    else if (top + this.high > now + seen) {
      this.box.scrollTop = (top + this.high - seen) / this.scale;
    }
  }

  later() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => { this.waiting = false; this.draw(); });
  }

  draw() {
    const offset = this.box.scrollTop - this.box.scrollTop * this.scale;
    const start = this.box.scrollTop * this.scale;
    const first = Math.max(0, Math.floor(start / this.high) - 1) * this.columns;
    const rows = Math.ceil(this.box.clientHeight / this.high) + 2;
    const last = Math.min(this.total, first + rows * this.columns);
    for (const [at, tile] of this.tiles) {
      if (at < first || at >= last) {
        tile.remove();
        this.tiles.delete(at);
      }
    }
    for (let at = first; at < last; at++) {
      const tile = this.tiles.get(at) ?? this.make(at);
      const x = (at % this.columns) * this.cell;
      const y = Math.floor(at / this.columns) * this.high + offset;
      tile.style.transform = `translate(${x}px, ${y}px)`;
      this.paint(tile, at);
    }
    if (this.tiles.has(this.at)) this.box.setAttribute("aria-activedescendant", `tile-${this.at}`);
    else this.box.removeAttribute("aria-activedescendant");
  }

  /** @param {number} at */
  make(at) {
    const tile = h("div", { class: "tile", role: "option", id: `tile-${at}`, "data-at": at,
      "--side": `${this.side}px`, "aria-posinset": at + 1, "aria-setsize": this.total },
    h("div", { class: "picture" }), h("div", { class: "caption" }));
    this.tiles.set(at, tile);
    this.inner.append(tile);
    return tile;
  }

  /** @param {HTMLElement} tile @param {number} at */
  paint(tile, at) {
    tile.setAttribute("aria-selected", String(at === this.at));
    const chunk = this.chunks.chunk(Math.floor(at / CHUNK));
    const row = chunk.rows[at % CHUNK];
    if (!row) return void tile.setAttribute("aria-label", `${count(at + 1)}, loading`);
    const [picture, caption] = /** @type {any} */ (tile.children);
    const sign = row.mark ? SIGNS[/** @type {keyof typeof SIGNS} */ (row.mark.action)] : "";
    const wrong = row.said && row.said !== row.label ? ` (said ${row.said})` : "";
    const text = `${sign} ${named(row.label)}${wrong}`.trim();
    if (caption.textContent !== text) caption.textContent = text;
    tile.dataset.mark = row.mark?.action ?? "";
    tile.classList.toggle("found", row.findings.length > 0);
    tile.title = [row.id, ...row.findings, row.missing].filter(Boolean).join("\n");
    tile.setAttribute("aria-label", [row.missing, text, row.id, row.mark?.action, ...row.findings].filter(Boolean).join(", "));
    if (row.missing) picture.textContent = row.missing;
    else if (row.kind === "clip") this.watch(picture, row.n);
    if (!chunk.sheet.naturalWidth || row.missing || picture.dataset.sheet) return;
    this.crop(picture, chunk, at % CHUNK);
  }

  /** Show one tile of a sheet. @param {HTMLElement} picture @param {any} chunk @param {number} i */
  crop(picture, chunk, i) {
    const high = Math.ceil(chunk.rows.length / ACROSS);
    const share = (/** @type {number} */ k, /** @type {number} */ n) => (n > 1 ? (100 * k) / (n - 1) : 0);
    picture.style.backgroundImage = `url("${chunk.sheet.src}")`;
    picture.style.backgroundSize = `${100 * chunk.across}% ${100 * high}%`;
    picture.style.backgroundPosition =
      `${share(i % ACROSS, chunk.across)}% ${share(Math.floor(i / ACROSS), high)}%`;
    picture.classList.toggle("tiny", chunk.sheet.naturalHeight / high <= 64);
    picture.dataset.sheet = "shown";
  }

  /** Run through a clip's 16 frames while the pointer moves over it. @param {any} picture @param {number} n */
  watch(picture, n) {
    if (picture.dataset.strip) return;
    picture.dataset.strip = "ready";
    picture.classList.add("clip");
    const strip = h("div", { class: "strip" });
    const at = (/** @type {PointerEvent} */ event) => {
      const k = Math.floor((16 * event.offsetX) / picture.clientWidth);
      strip.style.backgroundPosition = `${(100 * Math.max(0, Math.min(15, k))) / 15}% 0`;
    };
    picture.addEventListener("pointerenter", () => {
      strip.style.backgroundImage = `url("${root}api/samples/${n}/strip")`;
      picture.append(strip);
    });
    picture.addEventListener("pointermove", at);
    picture.addEventListener("pointerleave", () => strip.remove());
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = this.columns * Math.max(1, Math.floor(this.box.clientHeight / this.high));
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.columns, ArrowDown: this.columns,
      PageUp: -page, PageDown: page, Home: -this.total, End: this.total }[event.key];
    if (step !== undefined) this.move(this.at + step);
    else if (event.key === "Enter") this.open(this.at);
    else return;
    event.preventDefault();
  }

  /** Choose another tile. @param {number} at */
  move(at) {
    if (!this.total) return;
    this.at = Math.max(0, Math.min(at, this.total - 1));
    this.reveal();
    this.draw();
    this.moved(this.at);
  }

  /** @param {number} at */
  open(at) {
    this.move(at);
    const row = this.row;
    if (row) this.opened(at, row);
  }
}
