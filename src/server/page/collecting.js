// SPDX-License-Identifier: MIT
// collecting.js - images are added to the collection, or removed from it.

import * as api from "./api.js";
import { byId, el } from "./dom.js";
import * as format from "./format.js";
import { sayProgress } from "./toast.js";

const AT_ONCE = 3; // uploads at a time: the server encodes those that wait together
const NAMED = 3; // files that could not be added are named up to so many

let running = null;

/** Whether images are being added. */
export const isAdding = () => running !== null;

/**
 * Send `files` to be added to `collection`, some at a time, with a line that shows how far it is. The answer: {items,
 * failed: [[name, ApiError]], cancelled}. A token that is missing ends it: the error 401 is thrown.
 */
export async function addFiles(collection, files) {
  const abort = running = new AbortController();
  const items = [], failed = [];
  let next = 0, done = 0, stopped = null;
  const step = sayProgress(files.length === 1 ? `Adding ${files[0].name}` : `Adding ${format.count(files.length, "image")}`, () => abort.abort());
  step(0, files.length);
  const worker = async () => {
    while (next < files.length && !abort.signal.aborted) {
      const file = files[next++];
      try {
        items.push(await api.uploadImage(collection, file, abort.signal));
      } catch (error) {
        if (abort.signal.aborted) return;
        if (error.status === 401) {
          stopped = error;
          abort.abort();
          return;
        }
        failed.push([file.name, error]);
      }
      step(++done, files.length);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  running = null;
  if (stopped) throw stopped;
  return { items, failed, cancelled: abort.signal.aborted };
}

/** What could not be added and why, in lines. */
export function failureText(failed) {
  const lines = failed.slice(0, NAMED).map(([name, error]) => `${name}: ${error.message}`);
  if (failed.length > NAMED) lines.push(`… and ${format.integer(failed.length - NAMED)} more`);
  return [`${format.count(failed.length, "file was", "files were")} not added.`, ...lines].join("\n");
}

/** Ask whether an image shall be removed from the collection; the answer is true or false. */
export function confirmRemoval(item, name, collection, source) {
  const dialog = byId("remove");
  return new Promise((resolve) => {
    const button = (label, kind, value) => el("button", { type: "button", class: kind, onclick: () => dialog.close(value) }, label);
    dialog.replaceChildren(
      el("h2", { id: "remove-title" }, "Remove this image?"),
      el("div", { class: "remove-what" }, el("img", { src: source, alt: "" }),
        el("p", { id: "remove-text" }, el("strong", {}, name), ` will not be found in ${collection} any more. The file itself stays where it is.`)),
      el("div", { class: "dialog-buttons" }, button("Keep it", "", ""), button("Remove", "primary danger", "remove")));
    dialog.returnValue = "";
    dialog.addEventListener("close", () => {
      dialog.replaceChildren();
      resolve(dialog.returnValue === "remove");
    }, { once: true });
    dialog.showModal();
    dialog.querySelector(".dialog-buttons button").focus(); // the answer that changes nothing
  });
}
