// @ts-check
/** A clip, frame by frame: from the server's pictures, so that no browser's codecs matter. */

import { h, root } from "./lib.js";

const CHUNK = 32;
const ACROSS = 8;
const SPEEDS = [0.25, 0.5, 1, 1.5, 2];

/** @param {any} known all that is known of a clip @param {string} version */
export function player(known, version) {
  const { n: number, label } = known.sample;
  const frames = known.frames || 1;
  const fps = known.fps || 25;
  const first = Math.max(0, Number(known.columns.frame_start ?? 1) - 1) || 0;
  const last = frames - 1;
  /** @type {HTMLImageElement[]} */
  const sheets = [];
  let at = 0;
  let timer = 0;

  /** The sheet with a frame; fetched when it is first asked for. @param {number} k */
  function sheet(k) {
    const i = Math.floor(k / CHUNK);
    if (!sheets[i]) {
      sheets[i] = new Image();
      sheets[i].addEventListener("load", () => { if (i === Math.floor(at / CHUNK)) go(at); });
      const n = Math.min(CHUNK, frames - i * CHUNK);
      sheets[i].src = `${root}api/samples/${number}/frames?from=${i * CHUNK}&n=${n}&size=384&v=${version}`;
    }
    return sheets[i];
  }
  /** @param {number} k */
  function draw(k) {
    const from = sheet(k);
    if (!from.complete || !from.naturalWidth) return;
    const n = Math.min(CHUNK, frames - Math.floor(k / CHUNK) * CHUNK);
    const wide = from.naturalWidth / Math.min(ACROSS, n);
    const high = from.naturalHeight / Math.ceil(n / ACROSS);
    if (screen.width !== wide || screen.height !== high) [screen.width, screen.height] = [wide, high];
    screen.getContext("2d").drawImage(from, ((k % CHUNK) % ACROSS) * wide,
      Math.floor((k % CHUNK) / ACROSS) * high, wide, high, 0, 0, wide, high);
  }
  /** @param {number} k */
  function go(k) {
    at = Math.max(0, Math.min(k, last));
    draw(at);
    slide.value = at;
    const time = (known.times?.[at] ?? (first + at) / fps).toFixed(2);
    const source = first ? `, ${first + at + 1} of the source` : "";
    where.textContent = `frame ${at + 1} of ${frames}${source}, ${time} s`;
  }
  function pause() {
    clearTimeout(timer);
    timer = 0;
    play.textContent = "Play";
  }
  function start() {
    play.textContent = "Pause";
    if (at === last) go(0);
    tick();
  }
  function tick() {
    timer = window.setTimeout(() => {
      if (!screen.isConnected || (at === last && !loop.checked)) return pause();
      const next = at === last ? 0 : at + 1;
      if (sheet(Math.min(next + 8, last)) && sheet(next).complete) go(next);
      tick();
    }, 1000 / (fps * Number(speed.value)));
  }
  const step = (/** @type {number} */ by) => () => { pause(); go(at + by); };

  const screen = h("canvas", { class: "screen", role: "img", "aria-label": `Frame of ${label}` });
  const where = h("output", { class: "where" });
  const slide = h("input", { type: "range", min: 0, max: last, "aria-label": "Frame",
    input: () => { pause(); go(Number(slide.value)); } });
  const speed = h("select", { "aria-label": "Speed" },
    ...SPEEDS.map((by) => h("option", { value: by, selected: by === 1 }, `${by}×`)));
  const loop = h("input", { type: "checkbox", checked: true });
  const mirror = h("input", { type: "checkbox",
    change: () => screen.classList.toggle("mirrored", mirror.checked) });
  const play = h("button", { type: "button", click: () => (timer ? pause() : start()) }, "Play");
  const box = h("div", { class: "player", role: "group", "aria-label": "Player" }, screen, where, slide,
    h("div", { class: "buttons" }, h("button", { type: "button", click: step(-1) }, "Step back"), play,
      h("button", { type: "button", click: step(1) }, "Step on"), speed,
      h("label", {}, loop, " loop"), h("label", {}, mirror, " mirror")));
  if (known.has_file) box.append(original(number));
  go(0);
  return box;
}

/** The original file, fetched in parts as it plays. @param {number} n */
function original(n) {
  const address = `${root}api/samples/${n}/file`;
  const place = h("div");
  const show = () => {
    place.replaceChildren(h("video", { controls: true, src: address, error: () => {
      place.replaceChildren(h("p", {}, "This browser cannot play the file; its frames are above."));
    } }));
  };
  return h("div", {}, h("div", { class: "buttons" },
    h("button", { type: "button", click: show }, "Original video"),
    h("a", { href: address, download: true }, "download")), place);
}
