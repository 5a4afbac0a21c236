// SPDX-License-Identifier: MIT
// toast.js - a line at the bottom of the window: what has been done, or is being done, and what can be done about it.

import { byId, el, icon } from "./dom.js";

const LONG = 10000; // milliseconds that a line stays while nobody is at it

let timer = 0;

/** Above the large image nothing else is reached, so it has a line of its own. */
const current = () => byId(byId("viewer").open ? "viewer-toast" : "toast");

/** Hide the line, unless the pointer or the keyboard's focus is in it: then that is looked at again later. */
function hideLater(toast) {
  timer = setTimeout(() => {
    if (toast.matches(":hover, :focus-within")) hideLater(toast);
    else hideToast();
  }, LONG);
}

export function hideToast() {
  clearTimeout(timer);
  for (const id of ["toast", "viewer-toast"]) byId(id).hidden = true;
}

/** Say `text`. `action`: [label, act], or null. It stays for ten seconds. */
export function say(text, action = null) {
  const toast = show(text, [
    action && el("button", { type: "button", class: "quiet", onclick: () => { hideToast(); action[1](); } }, action[0]),
    el("button", { type: "button", class: "round", "aria-label": "Close the message", onclick: hideToast }, icon("close")),
  ]);
  hideLater(toast);
}

/**
 * Say `text` and show how far it is, until something else is said. The answer: a function (done, all), whose numbers are
 * not read aloud each time.
 */
export function sayProgress(text, cancel) {
  const bar = el("progress", { "aria-label": text, max: 1, value: 0 });
  const words = el("span", { class: "quiet-text", "aria-hidden": "true" });
  show(text, [bar, words, el("button", { type: "button", class: "quiet", onclick: cancel }, "Cancel")]);
  return (done, all) => {
    bar.max = all;
    bar.value = done;
    words.textContent = `${done} of ${all}`;
  };
}

function show(text, controls) {
  hideToast();
  const toast = current();
  toast.hidden = false; // before the text: a change of what is hidden is not read aloud
  toast.querySelector(".toast-text").textContent = text;
  toast.querySelector(".toast-controls").replaceChildren(...controls.filter(Boolean));
  return toast;
}
