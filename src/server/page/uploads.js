// SPDX-License-Identifier: MIT
// uploads.js - images that come from outside: chosen, dropped and pasted; and the tiny picture that a chip shows of one.

import { byId, el } from "./dom.js";

const TINY = 64; // pixels; it is part of the address, about 1 kB
export const ITEM_TYPE = "application/x-clipsearch-item";

/** A tiny picture of an image file, or of a part of it, as a data: address; "" where the browser cannot read the file. */
export async function tinyPicture(blob, crop = null) {
  try {
    const bitmap = await createImageBitmap(blob);
    const [left, top, width, height] = crop ?? [0, 0, 100, 100];
    const from = [left * bitmap.width, top * bitmap.height, width * bitmap.width, height * bitmap.height].map((side) => side / 100);
    const scale = Math.min(1, TINY / Math.max(from[2], from[3]));
    const canvas = el("canvas", { width: Math.max(1, Math.round(from[2] * scale)), height: Math.max(1, Math.round(from[3] * scale)) });
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, ...from, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    const webp = canvas.toDataURL("image/webp", 0.6);
    return webp.startsWith("data:image/webp") ? webp : canvas.toDataURL("image/jpeg", 0.6);
  } catch {
    return "";
  }
}

/** Open the browser's dialog for files, by the input `id`; `take` gets a list of one or more. */
export function chooseFiles(id, take) {
  const input = byId(id);
  input.value = "";
  input.onchange = () => { if (input.files.length) take([...input.files]); };
  input.click();
}

const firstFile = (transfer) => [...transfer?.files ?? []][0];
const carriesFiles = (event) => [...event.dataTransfer?.types ?? []].includes("Files");
const carries = (event) => [...event.dataTransfer?.types ?? []].some((type) => type === "Files" || type === ITEM_TYPE);

/**
 * Take what is dropped anywhere or pasted. `take(what, add)`: a file, or the id of an image of the collection that was
 * dragged from the page itself; `add`: to the query, not instead of it. `hasQuery()` says whether there is one to add to.
 * `store(files)`: to be added to the collection; `canStore()` says whether that is possible.
 */
export function listen({ take, hasQuery, store, canStore }) {
  const zones = byId("drop");
  let depth = 0;
  const hide = () => { depth = 0; zones.hidden = true; };
  document.addEventListener("dragenter", (event) => {
    if (!carries(event) || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    depth++;
    byId("drop-add").hidden = !hasQuery();
    byId("drop-store").hidden = !canStore() || !carriesFiles(event);
    zones.hidden = false;
  });
  document.addEventListener("dragleave", (event) => {
    if (carries(event) && --depth <= 0) hide();
  });
  document.addEventListener("dragover", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    for (const zone of zones.children) zone.classList.toggle("over", zone.contains(event.target));
  });
  document.addEventListener("drop", (event) => {
    if (!carries(event)) return;
    event.preventDefault(); // else the browser leaves the page to show the file
    hide();
    if (document.querySelector("dialog[open]")) return;
    if (byId("drop-store").contains(event.target)) return store([...event.dataTransfer.files]);
    const add = byId("drop-add").contains(event.target);
    const id = Number(event.dataTransfer.getData(ITEM_TYPE));
    const file = firstFile(event.dataTransfer);
    if (id > 0) take(id, add);
    else if (file) take(file, add);
  });
  document.addEventListener("paste", (event) => {
    const file = firstFile(event.clipboardData);
    if (!file || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    take(file, false);
  });
}
