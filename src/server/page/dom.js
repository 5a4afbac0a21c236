// SPDX-License-Identifier: MIT
// dom.js - making elements, icons, and what is said to a screen reader.

/**
 * Make an element. Properties: `class`, `on...` (a listener), `dataset`, booleans and anything else as an attribute;
 * null, undefined and false are left out. Children: nodes, texts, lists of these; null and false are left out.
 */
export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "dataset") Object.assign(node.dataset, value);
    else if (name === "value") node.value = value;
    else if (value === true) node.setAttribute(name, "");
    else node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** An icon of the sprite in index.html; `name` without "icon-". It says nothing to a screen reader. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", "#icon-" + name);
  svg.append(use);
  return svg;
}

export const byId = (id) => document.getElementById(id);

/** Copy a text to the clipboard and say so on the button that asked. Browsers allow it on loopback and over TLS. */
export async function copyText(text, button) {
  const label = button.querySelector(".label") ?? button;
  const before = label.textContent;
  try {
    await navigator.clipboard.writeText(text);
    label.textContent = "Copied";
  } catch {
    label.textContent = "The browser does not allow it";
  }
  setTimeout(() => { label.textContent = before; }, 1500);
}

/** A line of shell with a button that copies it. */
export function commandLine(command) {
  const button = el("button", { type: "button", class: "quiet" }, icon("copy"), el("span", { class: "label" }, "Copy"));
  button.addEventListener("click", () => copyText(command, button));
  return el("div", { class: "command" }, el("code", {}, command), button);
}

/** Run `act` when `wait` milliseconds have passed without another call. */
export function debounce(act, wait) {
  let timer = 0;
  const later = (...values) => {
    clearTimeout(timer);
    timer = setTimeout(act, wait, ...values);
  };
  later.cancel = () => clearTimeout(timer);
  return later;
}
