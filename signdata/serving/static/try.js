// @ts-check
/** Try a network: on a picture or video that is dropped, pasted or chosen, or on the camera. */

import { ask, attempt, bars, complain, h, part, say } from "./lib.js";

const SIDE = 320;
const REFUSED = {
  NotAllowedError: "The camera may not be used: allow it for this page in the browser's address bar, then start again.",
  NotFoundError: "There is no camera on this machine. Choose a picture or a video instead.",
  NotReadableError: "The camera is in use by another program. Close that program, then start again.",
};
/** How much of the last answer stays in a live answer: steadier, half a second later. */
const KEPT = 0.6;

/** @type {MediaStream | null} */
let stream = null;
/** @type {Record<string, number>} */
let smooth = {};
let weight = 0;
let last = "";
const canvas = document.createElement("canvas");

/** Ask what a picture or video shows. @param {Blob} body @param {string} [ring] */
function predict(body, ring = "") {
  return ask(`api/predict?top=5&saw=1${ring && `&ring=${ring}`}`,
    { method: "POST", headers: { "Content-Type": body.type }, body });
}

/** @param {any} answer @param {{label: string, probability: number}[]} top */
function show(answer, top) {
  part("answer").replaceChildren(bars(top), ...(answer.notes ?? []).map((/** @type {string} */ note) => h("p", {}, note)));
  if (answer.saw) part("saw").src = answer.saw;
  part("saw-box").hidden = !answer.saw;
  if (top[0] && top[0].label !== last) {
    last = top[0].label;
    say(`${last}, ${Math.round(100 * top[0].probability)} percent`);
  }
}

/** @param {Blob | null | undefined} file */
async function read(file) {
  if (!file) return;
  if (!/^(image|video)\//.test(file.type)) {
    file = new Blob([file], { type: "application/octet-stream" });
  }
  stop();
  last = "";
  part("answer").textContent = "Reading…";
  const picture = file.type.startsWith("image/");
  URL.revokeObjectURL(part("given").src);
  part("given").hidden = !picture;
  if (picture) part("given").src = URL.createObjectURL(file);
  try {
    const answer = await predict(file);
    show(answer, answer.top);
  } catch (error) {
    part("answer").textContent = "";
    complain(error);
  }
}

/** Begin with the camera, or say why there is none. */
async function start() {
  part("camera-says").textContent = "";
  if (!navigator.mediaDevices) {
    part("camera-says").textContent = "Browsers give a camera only to pages on https or localhost. Open this "
      + "page on the machine where signdata serve runs, or through an SSH tunnel to it.";
    return;
  }
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 640 } } });
  } catch (error) {
    const name = /** @type {keyof typeof REFUSED} */ (/** @type {Error} */ (error).name);
    part("camera-says").textContent = REFUSED[name] ?? `The camera does not start: ${error}`;
    return;
  }
  const video = part("video");
  video.srcObject = stream;
  video.hidden = false;
  part("given").hidden = true;
  part("camera").textContent = "Stop the camera";
  smooth = {};
  weight = 0;
  await video.play();
  await live(video, stream);
}

/** Send one frame, wait for its answer, take the next; those in between are passed over.
 * @param {HTMLVideoElement} video @param {MediaStream} of */
async function live(video, of) {
  const ring = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16)).join("");
  while (stream === of) {
    const scale = SIDE / Math.min(video.videoWidth, video.videoHeight);
    [canvas.width, canvas.height] = [video.videoWidth * scale, video.videoHeight * scale];
    canvas.getContext("2d")?.drawImage(video, 0, 0, canvas.width, canvas.height);
    const body = await new Promise((/** @type {BlobCallback} */ done) => canvas.toBlob(done, "image/jpeg", 0.9));
    const answer = body && await attempt(() => predict(body, ring));
    if (stream !== of) return;
    if (!answer) return stop();
    show(answer, steady(answer.top));
    await new Promise((next) => { requestAnimationFrame(next); });
  }
}

/** Mix an answer with those before it. @param {{label: string, probability: number}[]} top */
function steady(top) {
  weight = KEPT * weight + 1 - KEPT;
  for (const label of Object.keys(smooth)) smooth[label] *= KEPT;
  for (const { label, probability } of top) smooth[label] = (smooth[label] ?? 0) + (1 - KEPT) * probability;
  const sorted = Object.entries(smooth).sort((a, b) => b[1] - a[1]);
  smooth = Object.fromEntries(sorted.filter(([, p]) => p > 0.001));
  return sorted.slice(0, 5).map(([label, probability]) => ({ label, probability: probability / weight }));
}

function stop() {
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = null;
  part("video").hidden = true;
  part("camera").textContent = "Start the camera";
}

part("camera").addEventListener("click", () => (stream ? stop() : attempt(start)));
part("file").addEventListener("change", () => read(part("file").files[0]));
document.addEventListener("paste", (event) => read(event.clipboardData?.files[0]));
for (const kind of ["dragover", "dragleave", "drop"]) {
  part("drop").addEventListener(kind, (/** @type {DragEvent} */ event) => {
    event.preventDefault();
    part("drop").classList.toggle("over", kind === "dragover");
    if (kind === "drop") read(event.dataTransfer?.files[0]);
  });
}
