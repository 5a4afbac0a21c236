// SPDX-License-Identifier: MIT
// crop.js - choosing a part of an image: a rectangle by pointer, by keys or by numbers.

import { byId, el } from "./dom.js";

const NAMES = ["Left", "Top", "Width", "Height"];
const LEAST = 2; // per cent of a side

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

/**
 * Let the user choose a part of the image at `source`. Returns [left, top, width, height] in per cent, or null when the
 * dialog is closed without a choice. `before`: the part that is chosen at first.
 */
export function chooseCrop(source, name, before = null) {
  const dialog = byId("crop");
  const cropper = new Cropper(name, before);
  return new Promise((resolve) => {
    const finish = (result) => {
      dialog.close();
      dialog.replaceChildren();
      resolve(result);
    };
    dialog.replaceChildren(
      el("form", { class: "crop-form", onsubmit: (event) => { event.preventDefault(); finish(cropper.box.slice()); } },
        el("h2", { id: "crop-title" }, "Search for a part of the image"),
        el("p", { class: "hint" }, "Drag a rectangle; or move it with the arrow keys, and change its size with Shift and the arrow keys."),
        cropper.stage(source), cropper.inputs(),
        el("div", { class: "dialog-buttons" },
          el("button", { type: "button", onclick: () => finish(null) }, "Cancel"),
          el("button", { type: "submit", class: "primary" }, "Search for this part"))));
    dialog.oncancel = (event) => { event.preventDefault(); finish(null); };
    dialog.showModal();
    cropper.update();
    cropper.rectangle.focus();
  });
}

class Cropper {
  constructor(name, before) {
    this.name = name;
    this.box = before ? before.slice() : [25, 25, 50, 50];
    this.fields = [];
  }

  stage(source) {
    this.rectangle = el("div", {
      class: "crop-rectangle", tabindex: "0", role: "group", "aria-roledescription": "rectangle",
      onkeydown: (event) => this.key(event),
    }, ["nw", "n", "ne", "e", "se", "s", "sw", "w"].map((side) => el("span", { class: "crop-handle", dataset: { side } })));
    this.image = el("img", { src: source, alt: this.name, draggable: "false" });
    this.problem = el("p", { class: "error-text", role: "alert", hidden: true });
    this.image.addEventListener("error", () => {
      this.problem.textContent = "This browser cannot show the image; choose its part by the numbers below.";
      this.problem.hidden = false;
    });
    this.area = el("div", { class: "crop-area", onpointerdown: (event) => this.press(event) }, this.image, this.rectangle);
    return el("div", { class: "crop-stage" }, this.area, this.problem);
  }

  inputs() {
    this.fields = NAMES.map((name, index) => el("input", {
      type: "number", min: index < 2 ? "0" : String(LEAST), max: "100", step: "0.1", "aria-label": `${name} in per cent`,
      oninput: (event) => this.typed(index, event.target.valueAsNumber),
    }));
    return el("div", { class: "crop-numbers" },
      NAMES.map((name, index) => el("label", {}, name, this.fields[index], "%")));
  }

  /** Take a rectangle, kept inside of the image. */
  set([left, top, width, height]) {
    width = clamp(width, LEAST, 100);
    height = clamp(height, LEAST, 100);
    this.box = [clamp(left, 0, 100 - width), clamp(top, 0, 100 - height), width, height];
    this.update();
  }

  update() {
    const [left, top, width, height] = this.box;
    Object.assign(this.rectangle.style,
      { left: `${left}%`, top: `${top}%`, width: `${width}%`, height: `${height}%` });
    this.rectangle.setAttribute("aria-label", "Part of the image: " + this.box.map(
      (side, index) => `${NAMES[index].toLowerCase()} ${Math.round(side)} %`).join(", "));
    this.fields.forEach((field, index) => {
      if (field !== document.activeElement) field.value = Number(this.box[index].toFixed(1));
    });
  }

  typed(index, value) {
    if (!Number.isFinite(value)) return;
    const next = this.box.slice();
    next[index] = value;
    this.set(next);
  }

  key(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!steps) return;
    event.preventDefault();
    const [left, top, width, height] = this.box, size = event.ctrlKey ? 0.5 : 2;
    const [x, y] = steps.map((step) => step * size);
    if (event.shiftKey) this.set([left, top, Math.min(width + x, 100 - left), Math.min(height + y, 100 - top)]);
    else this.set([left + x, top + y, width, height]);
  }

  /** Where a pointer is, in per cent of the image. */
  at(event) {
    const frame = this.area.getBoundingClientRect();
    return [clamp((event.clientX - frame.left) / frame.width * 100, 0, 100),
      clamp((event.clientY - frame.top) / frame.height * 100, 0, 100)];
  }

  press(event) {
    if (event.button) return;
    event.preventDefault();
    this.rectangle.focus();
    const from = this.at(event), start = this.box.slice();
    const side = event.target.dataset.side;
    const inside = event.target === this.rectangle;
    const move = (next) => {
      const [x, y] = this.at(next);
      if (side) this.pull(side, start, x, y);
      else if (inside) this.set([start[0] + x - from[0], start[1] + y - from[1], start[2], start[3]]);
      else this.set([Math.min(x, from[0]), Math.min(y, from[1]), Math.abs(x - from[0]), Math.abs(y - from[1])]);
    };
    this.area.setPointerCapture(event.pointerId);
    const stop = () => {
      this.area.removeEventListener("pointermove", move);
      this.area.removeEventListener("pointerup", stop);
      this.area.removeEventListener("pointercancel", stop);
    };
    this.area.addEventListener("pointermove", move);
    this.area.addEventListener("pointerup", stop);
    this.area.addEventListener("pointercancel", stop);
  }

  /** Move one side, or the two of a corner, to a point. */
  pull(side, [left, top, width, height], x, y) {
    let right = left + width, bottom = top + height;
    if (side.includes("w")) left = Math.min(x, right - LEAST);
    if (side.includes("e")) right = Math.max(x, left + LEAST);
    if (side.includes("n")) top = Math.min(y, bottom - LEAST);
    if (side.includes("s")) bottom = Math.max(y, top + LEAST);
    this.set([left, top, right - left, bottom - top]);
  }
}
