// SPDX-License-Identifier: MIT
// grid.js - the wall of images. Only the rows near the window are in the document, so that 10,000 hits scroll like 100.

import { el, icon } from "./dom.js";
import * as format from "./format.js";
import { GAP, Layout, aspectOf } from "./layout.js";

const AHEAD = 900; // pixels above and below the window that have rows
const LONG = 500; // milliseconds after which the rows above and below do not wait for the window's thumbnails any more
const FAST = 4; // pixels a millisecond: faster than this nobody sees a thumbnail, so none is asked for
const FEW = 2; // windows below which more hits are asked for

export class Grid {
  /**
   * `options`: thumbnail(entry, pixels) -> address; link(entry) -> address of the image's own view; open(index);
   * more() asks for further entries; similar(entry), add(entry, weight), remove(entry) for the keys and buttons of an image.
   */
  constructor(root, options) {
    this.root = root;
    this.options = options;
    this.drawn = new Map(); // row number -> element
    this.active = 0; // the image that Tab reaches
    this.wide = 0;
    this.scores = false; // whether scores are shown
    this.ahead = AHEAD; // 0 while an answer is new
    this.reset();
    addEventListener("scroll", () => this.schedule(), { passive: true });
    new ResizeObserver(() => requestAnimationFrame(() => this.resize())).observe(root);
    root.addEventListener("keydown", (event) => this.key(event));
    root.addEventListener("focusin", (event) => this.focused(event));
    root.addEventListener("click", (event) => this.click(event));
    root.addEventListener("dragstart", (event) => this.drag(event));
  }

  reset() {
    this.goAhead();
    this.entries = [];
    this.complete = true;
    this.active = 0;
    this.relay();
  }

  /** Add hits to the end; `complete`: these are the last. */
  append(entries, complete) {
    for (const entry of entries) this.entries.push(entry);
    this.complete = complete;
    if (!this.layout.rows.length) this.relay();
    else this.layout.extend(this.entries, complete);
    this.root.setAttribute("role", entries.some((entry) => entry.group !== undefined) ? "group" : "list");
    this.draw();
  }

  /** One hit less; the others move up. */
  remove(index) {
    this.entries.splice(index, 1);
    this.active = Math.max(0, Math.min(this.active, this.entries.length - 1));
    this.relay();
  }

  /** Another set of hits, at once: what was there is replaced within one frame. */
  show(entries, complete) {
    this.entries = entries.slice();
    this.complete = complete;
    this.active = 0;
    this.root.setAttribute("role", entries.some((entry) => entry.group !== undefined) ? "group" : "list");
    this.ahead = 0; // the window first, with its thumbnails
    this.root.dataset.first = "";
    this.relay();
    clearTimeout(this.wait);
    this.wait = setTimeout(() => this.goAhead(), LONG);
    requestAnimationFrame(() => this.arrived()); // there may be none to wait for
  }

  /** What is above and below the window is drawn, too. */
  goAhead() {
    if (this.ahead) return;
    clearTimeout(this.wait);
    this.ahead = AHEAD;
    delete this.root.dataset.first;
    this.draw();
  }

  /** A thumbnail has arrived, or will not. */
  arrived() {
    if (!this.ahead && !this.root.querySelector(".cell-link[data-asked]:not(.missing) img:not(.there)")) this.goAhead();
  }

  showScores(shown) {
    if (shown === this.scores) return;
    this.scores = shown;
    this.relay();
  }

  relay() {
    const width = this.root.clientWidth;
    this.wide = width;
    this.layout = new Layout(width);
    this.layout.extend(this.entries, this.complete);
    for (const number of this.drawn.keys()) this.drop(number);
    this.draw();
  }

  /** Another width: the image at the top of the window stays there. */
  resize() {
    if (this.root.clientWidth === this.wide) return;
    const top = scrollY - this.root.offsetTop;
    const [first] = this.layout.between(Math.max(0, top), Math.max(0, top));
    const anchor = top > 0 ? this.layout.rows[first] : null;
    const focus = this.root.contains(document.activeElement) ? this.active : -1;
    this.relay();
    if (anchor) scrollTo(0, this.root.offsetTop + (this.layout.rows[this.layout.rowOf(anchor.start)]?.top ?? 0));
    if (focus >= 0) this.focus(focus);
  }

  schedule() {
    if (this.frame) return;
    this.frame = requestAnimationFrame((now) => {
      this.frame = 0;
      const speed = Math.abs(scrollY - (this.lastTop ?? 0)) / Math.max(1, now - (this.lastTime ?? 0));
      if (scrollY !== this.lastTop) this.goAhead();
      this.lastTop = scrollY;
      this.lastTime = now;
      this.fast = speed > FAST;
      clearTimeout(this.rest);
      if (this.fast) this.rest = setTimeout(() => { this.fast = false; this.draw(); }, 120);
      this.draw();
    });
  }

  /** Bring the document's rows up to date with the window. */
  draw() {
    this.root.style.height = `${Math.max(0, this.layout.height - GAP)}px`;
    const top = scrollY - this.root.offsetTop;
    const [first, end] = this.layout.between(top - this.ahead, top + innerHeight + this.ahead);
    const focus = this.root.contains(document.activeElement) ? this.layout.rowOf(this.active) : -1;
    for (const number of this.drawn.keys()) {
      if ((number < first || number >= end) && number !== focus) {
        this.drop(number);
      }
    }
    for (let number = first; number < end; number++) {
      if (!this.drawn.has(number)) this.drawRow(number);
      if (!this.fast) this.load(this.drawn.get(number));
    }
    if (!this.complete && this.layout.height < top + (1 + FEW) * innerHeight) this.options.more();
  }

  /** Take a row out of the document. */
  drop(number) {
    const row = this.drawn.get(number);
    this.cancel(row);
    row.remove();
    this.drawn.delete(number);
  }

  /** Ask no more for the thumbnails of a row that have not come: the browser has six connections for all requests. */
  cancel(row) {
    for (const image of row.querySelectorAll(".cell-link[data-asked] img:not(.there)")) {
      image.removeAttribute("src");
      delete image.parentNode.dataset.asked; // draw() asks again
    }
  }

  /** The next answer is asked for; it shall not wait for thumbnails of this one. */
  yield() {
    for (const row of this.drawn.values()) this.cancel(row);
  }

  drawRow(number) {
    const row = this.layout.rows[number];
    const box = row.heading !== undefined
      ? el("h2", { class: "grid-heading" }, row.heading)
      : el("div", { class: "grid-row", role: "presentation" });
    box.style.transform = `translateY(${row.top}px)`;
    box.style.height = `${row.height}px`;
    let left = 0;
    for (let index = row.start; index < row.end; index++) {
      const width = aspectOf(this.entries[index]) * row.height;
      const cell = this.makeCell(index);
      cell.style.width = `${width}px`;
      cell.style.transform = `translateX(${left}px)`;
      left += width + GAP;
      box.append(cell);
    }
    // in the order of the images, for screen readers and Tab
    let after = null;
    for (const [other, element] of this.drawn) {
      if (other > number && (after === null || other < after[0])) after = [other, element];
    }
    this.root.insertBefore(box, after ? after[1] : null);
    this.drawn.set(number, box);
  }

  makeCell(index) {
    const entry = this.entries[index];
    const name = format.fileName(entry.path);
    const notes = [];
    if (entry.keep) notes.push("keep");
    if (entry.copies) notes.push(format.count(entry.copies, "copy", "copies"));
    if (entry.gone) notes.push("file is gone");
    const says = [`Image ${index + 1}: ${name}`, ...notes];
    if (entry.badge && this.scores) says.push(entry.badge);
    const image = el("img", { alt: "", decoding: "async", draggable: "false" });
    const link = el("a", {
      class: "cell-link", href: this.options.link(entry), tabindex: index === this.active ? "0" : "-1",
      "aria-label": says.join(", "), draggable: "true", dataset: { index },
    }, image, el("span", { class: "cell-name", "aria-hidden": "true" }, name));
    const badges = el("span", { class: "badges", "aria-hidden": "true" });
    if (entry.keep) badges.append(el("span", { class: "badge keep" }, "keep"));
    if (entry.copies) badges.append(el("span", { class: "badge" }, `+${entry.copies}`));
    if (entry.badge) badges.append(el("span", { class: "badge score" }, entry.badge));
    image.addEventListener("load", () => { image.classList.add("there"); this.arrived(); });
    image.addEventListener("error", () => { link.classList.add("missing"); this.arrived(); });
    const cell = el("div", { class: "cell", role: "listitem" }, link, badges);
    if (this.root.getAttribute("role") === "list") {
      cell.setAttribute("aria-posinset", index + 1);
      cell.setAttribute("aria-setsize", this.complete ? this.entries.length : -1);
    } else cell.removeAttribute("role");
    if (this.options.similar) {
      cell.append(el("button", {
        type: "button", class: "cell-more", tabindex: "-1", title: "More like this",
        "aria-label": `More like ${name}`, dataset: { index, act: "similar" },
      }, icon("similar")));
    }
    return cell;
  }

  load(row) {
    for (const link of row.querySelectorAll(".cell-link:not([data-asked])")) {
      link.dataset.asked = "";
      const entry = this.entries[Number(link.dataset.index)];
      const height = parseFloat(row.style.height);
      const longest = Math.max(height, height * (entry.width / entry.height || 1));
      link.firstChild.src = this.options.thumbnail(entry, longest * Math.min(2, devicePixelRatio));
    }
  }

  /** The element of an image, drawn if it is not yet; null if there is none. */
  linkOf(index) {
    const number = this.layout.rowOf(index);
    if (number >= this.layout.rows.length) return null;
    if (!this.drawn.has(number)) this.drawRow(number);
    this.load(this.drawn.get(number));
    return this.drawn.get(number).querySelector(`[data-index="${index}"]`);
  }

  /** Give an image the keyboard's focus, and bring it into the window. */
  focus(index) {
    if (index < 0 || index >= this.entries.length) return;
    const row = this.layout.rows[this.layout.rowOf(index)];
    if (!row) return;
    const top = this.root.offsetTop + row.top, bar = 140;
    if (top - bar < scrollY) scrollTo(0, top - bar);
    else if (top + row.height + 24 > scrollY + innerHeight) scrollTo(0, top + row.height + 24 - innerHeight);
    this.linkOf(index)?.focus({ preventScroll: true });
    this.draw();
  }

  focused(event) {
    const link = event.target.closest(".cell-link");
    if (!link) return;
    this.root.querySelector('.cell-link[tabindex="0"]')?.setAttribute("tabindex", "-1");
    link.setAttribute("tabindex", "0");
    this.active = Number(link.dataset.index);
  }

  /** The image above or below, nearest in the middle. */
  vertical(index, step) {
    let number = this.layout.rowOf(index);
    const from = this.layout.rows[number];
    const middle = this.centre(from, index);
    do number += step; while (this.layout.rows[number]?.heading !== undefined);
    const row = this.layout.rows[number];
    if (!row) return index;
    let best = row.start;
    for (let each = row.start; each < row.end; each++) {
      if (Math.abs(this.centre(row, each) - middle) < Math.abs(this.centre(row, best) - middle)) best = each;
    }
    return best;
  }

  centre(row, index) {
    let left = 0;
    for (let each = row.start; each < index; each++) left += aspectOf(this.entries[each]) * row.height + GAP;
    return left + aspectOf(this.entries[index]) * row.height / 2;
  }

  key(event) {
    const link = event.target.closest(".cell-link");
    if (!link || event.altKey || event.ctrlKey || event.metaKey) return;
    const index = Number(link.dataset.index), entry = this.entries[index];
    const rowsAPage = Math.max(1, Math.floor(innerHeight / this.layout.target) - 1);
    const many = (step) => {
      let at = index;
      for (let each = 0; each < rowsAPage; each++) at = this.vertical(at, step);
      return at;
    };
    const moves = {
      ArrowRight: () => index + 1, ArrowLeft: () => index - 1,
      ArrowDown: () => this.vertical(index, 1), ArrowUp: () => this.vertical(index, -1),
      PageDown: () => many(1), PageUp: () => many(-1),
      Home: () => 0, End: () => this.entries.length - 1,
    };
    if (moves[event.key]) {
      event.preventDefault();
      this.focus(Math.min(this.entries.length - 1, Math.max(0, moves[event.key]())));
    } else if (event.key === " ") {
      event.preventDefault();
      this.options.open(index);
    } else if (this.options.similar && event.key === "m") this.options.similar(entry);
    else if (this.options.add && event.key === "+") this.options.add(entry, 1);
    else if (this.options.add && event.key === "-") this.options.add(entry, -1);
    else if (this.options.remove && event.key === "Delete") this.options.remove(entry);
  }

  click(event) {
    const target = event.target.closest("[data-index]");
    if (!target || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const index = Number(target.dataset.index);
    if (target.dataset.act === "similar") this.options.similar(this.entries[index]);
    else this.options.open(index);
  }

  drag(event) {
    const link = event.target.closest(".cell-link");
    if (!link) return;
    event.dataTransfer.setData("application/x-clipsearch-item", this.entries[Number(link.dataset.index)].id);
    event.dataTransfer.effectAllowed = "copyLink";
  }
}
