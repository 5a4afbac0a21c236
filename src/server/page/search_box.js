// SPDX-License-Identifier: MIT
// search_box.js - the box: a text, or the parts of a query as chips.

import { byId, debounce, el, icon } from "./dom.js";
import { parseQuery, partName, printQuery } from "./query.js";

const PAUSE = 220; // milliseconds without a key before what is typed is searched for

export class SearchBox {
  /** `options`: change(parts, live), `live` while it is typed; thumbnail(id) -> address; crop(part) for images. */
  constructor(options) {
    this.options = options;
    this.form = byId("search");
    this.input = byId("query");
    this.chips = byId("parts");
    this.parts = []; // those that are chips; what is typed comes behind them
    this.later = debounce(() => this.changed(true), PAUSE);
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.submit(); });
    this.input.addEventListener("input", () => { this.sizes(); this.later(); });
    this.input.addEventListener("keydown", (event) => this.key(event));
    byId("box").addEventListener("pointerdown", (event) => {
      if (event.target.closest("button, input, img")) return;
      event.preventDefault();
      this.input.focus();
    });
    byId("clear").addEventListener("click", () => {
      this.set([]);
      this.options.change([], false);
      this.input.focus();
    });
  }

  typed() {
    return parseQuery(this.input.value);
  }

  all() {
    return [...this.parts, ...this.typed()];
  }

  changed(live) {
    this.later.cancel();
    this.options.change(this.all(), live);
  }

  submit() {
    const parts = this.all();
    this.set(parts);
    this.changed(false);
  }

  /** Show a query. One plain text is text in the box; anything else is chips. */
  set(parts) {
    this.later.cancel();
    const plain = parts.length === 1 && parts[0].kind === "text" && parts[0].weight === 1;
    this.parts = plain ? [] : parts.slice();
    this.input.value = plain ? printQuery(parts) : "";
    this.draw();
  }

  draw() {
    this.chips.replaceChildren(...this.parts.map((part, index) => this.makeChip(part, index)));
    this.chips.hidden = !this.parts.length;
    this.sizes();
  }

  sizes() {
    byId("clear").hidden = !this.parts.length && this.input.value === "";
    byId("add-image").hidden = !this.parts.length && this.input.value.trim() === "";
    this.input.placeholder = this.parts.length ? "+ more, - less" : this.input.dataset.hint;
  }

  makeChip(part, index) {
    const name = partName(part), minus = part.weight < 0;
    const weight = Math.abs(part.weight) === 1 ? "" : `${Math.abs(part.weight)} × `;
    const what = part.kind === "text"
      ? el("button", { type: "button", class: "chip-text", title: "Change the text", onclick: () => this.edit(index) }, weight + name)
      : this.imageButton(part, name, weight);
    return el("li", { class: "chip part" + (minus ? " minus" : "") },
      el("button", {
        type: "button", class: "chip-sign", "aria-pressed": String(minus),
        "aria-label": `${minus ? "Less" : "More"} of ${name}`, title: minus ? "Subtracted: press to add" : "Added: press to subtract",
        onclick: () => this.replace(index, { ...part, weight: -part.weight }, ".chip-sign"),
      }, icon(minus ? "minus" : "plus")),
      what,
      el("button", {
        type: "button", class: "chip-remove", "aria-label": `Remove ${name}`, onclick: () => this.remove(index),
      }, icon("close")));
  }

  imageButton(part, name, weight) {
    const source = part.kind === "item" ? this.options.thumbnail(part.id) : part.image.preview;
    const can = part.kind === "item" || part.image.blob;
    return el("button", {
      type: "button", class: "chip-image", disabled: !can, "aria-label": `Choose a part of ${name}`,
      title: can ? `${name}: choose a part of it` : `${name}: the file itself is not here any more`,
      onclick: () => this.options.crop(part),
    }, source ? el("img", { src: source, alt: "" }) : icon("image"),
    el("span", { class: "chip-caption" }, weight + name));
  }

  replace(index, part, focus) {
    const parts = this.all();
    parts[index] = part;
    this.set(parts);
    this.changed(false);
    (this.chips.children[index]?.querySelector(focus) ?? this.input).focus();
  }

  remove(index) {
    const parts = this.all();
    parts.splice(index, 1);
    this.set(parts);
    this.changed(false);
    (this.chips.children[Math.min(index, this.chips.children.length - 1)]?.querySelector(".chip-remove") ?? this.input).focus();
  }

  /** Take a chip's text back into the input. */
  edit(index) {
    const [part] = this.parts.splice(index, 1);
    const sign = part.weight < 0 || this.parts.length ? (part.weight < 0 ? "- " : "+ ") : "";
    const typed = printQuery([{ ...part, weight: Math.abs(part.weight) }]);
    this.input.value = sign + typed + (this.input.value.trim() ? ` + ${this.input.value.trim().replace(/^\+\s*/, "")}` : "");
    this.draw();
    this.input.focus();
    this.input.setSelectionRange(sign.length, sign.length + typed.length);
  }

  key(event) {
    if (event.key !== "Backspace" || !this.parts.length) return;
    if (this.input.selectionStart !== 0 || this.input.selectionEnd !== 0) return;
    event.preventDefault();
    const last = this.parts.length - 1;
    if (this.parts[last].kind === "text") this.edit(last);
    else this.remove(last);
    this.input.focus();
  }
}
