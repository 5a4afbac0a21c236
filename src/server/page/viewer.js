// SPDX-License-Identifier: MIT
// viewer.js - one image large, with what is known of it.

import { fileUrl, thumbnailUrl } from "./api.js";
import { byId, copyText, el, icon } from "./dom.js";
import * as format from "./format.js";
import * as text from "./filter_text.js";

const NEAR = 0.05; // degrees: about five kilometres
const SHOWN = new Set(["latitude", "longitude", "taken", "title", "caption"]); // in lines of their own

export class Viewer {
  /**
   * `options`: close(), step(by) to the image before or behind, similar(item), add(item, weight), crop(item),
   * filter(text) adds a filter, remove(item); canRemove() says whether the server allows that.
   */
  constructor(options) {
    this.options = options;
    this.dialog = byId("viewer");
    this.dialog.addEventListener("cancel", (event) => { event.preventDefault(); options.close(); });
    this.dialog.addEventListener("keydown", (event) => this.key(event));
    byId("viewer-close").addEventListener("click", () => options.close());
    byId("viewer-before").addEventListener("click", () => options.step(-1));
    byId("viewer-next").addEventListener("click", () => options.step(1));
    this.stage = byId("viewer-stage");
    this.stage.addEventListener("click", (event) => { if (event.target === this.stage) options.close(); });
    this.swipe();
  }

  get open() {
    return this.dialog.open;
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input, textarea")) return;
    const acts = {
      ArrowLeft: () => this.options.step(-1), ArrowRight: () => this.options.step(1),
      m: () => this.options.similar(this.item),
      "+": () => this.options.add(this.item, 1), "-": () => this.options.add(this.item, -1),
      ...(this.options.canRemove() && { Delete: () => this.options.remove(this.item) }),
    };
    if (!acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  }

  /** On a touch screen a swipe goes on. */
  swipe() {
    let from = null;
    this.stage.addEventListener("touchstart", (event) => {
      from = event.touches.length === 1 ? [event.touches[0].clientX, event.touches[0].clientY] : null;
    }, { passive: true });
    this.stage.addEventListener("touchend", (event) => {
      if (!from) return;
      const x = event.changedTouches[0].clientX - from[0], y = event.changedTouches[0].clientY - from[1];
      if (Math.abs(x) > 50 && Math.abs(x) > 2 * Math.abs(y)) this.options.step(x < 0 ? 1 : -1);
    }, { passive: true });
  }

  /** Show `item` of `collection`; `place`: {index, count, before, next}, its place among the hits, or null. */
  show(collection, item, place) {
    const name = format.fileName(item.path);
    this.item = item;
    this.dialog.setAttribute("aria-label", `Image ${name}`);
    byId("viewer-before").disabled = !place?.before;
    byId("viewer-next").disabled = !place?.next;
    this.showImage(collection, item, name);
    const act = byId("viewer-facts").querySelector(".action:focus")?.dataset.act;
    byId("viewer-facts").replaceChildren(...this.facts(collection, item, name, place));
    if (act) byId("viewer-facts").querySelector(`[data-act="${act}"]`)?.focus(); // the same button of the other image
    if (!this.dialog.open) {
      this.dialog.showModal();
      byId("viewer-close").focus();
    }
    for (const other of [place?.next, place?.before]) {
      if (other) new Image().src = this.source(collection, other);
    }
  }

  source(collection, item) {
    return thumbnailUrl(collection, item, Math.min(2048, Math.max(innerWidth, innerHeight) * Math.min(2, devicePixelRatio)));
  }

  showImage(collection, item, name) {
    const image = el("img", { alt: item.attributes?.caption || item.attributes?.title || name, width: item.width, height: item.height });
    // the small one is there already, so something of the image is seen at once
    const small = el("img", { class: "viewer-small", alt: "", width: item.width, height: item.height, src: thumbnailUrl(collection, item, 512) });
    image.addEventListener("load", () => { image.classList.add("there"); });
    image.addEventListener("error", () => {
      this.stage.replaceChildren(el("p", { class: "viewer-missing" }, icon("image"), "The file cannot be shown: it is gone, or cannot be read."));
    });
    image.src = this.source(collection, item);
    const frame = el("div", { class: "viewer-frame" }, small, image);
    frame.style.setProperty("--aspect", item.width > 0 && item.height > 0 ? item.width / item.height : 1);
    frame.style.setProperty("--wide", `${Math.max(item.width || 0, 240)}px`);
    this.stage.replaceChildren(frame);
  }

  close() {
    if (this.dialog.open) this.dialog.close();
    byId("viewer-toast").hidden = true;
    this.stage.replaceChildren();
  }

  action(name, label, act, title = label) {
    return el("button", { type: "button", class: "action", title, dataset: { act: name }, onclick: act }, icon(name), el("span", { class: "label" }, label));
  }

  facts(collection, item, name, place) {
    const attributes = item.attributes ?? {};
    return [
      el("h2", {}, attributes.title || name),
      attributes.caption ? el("p", { class: "viewer-caption" }, attributes.caption) : null,
      el("div", { class: "actions" },
        this.options.similar && this.action("similar", "More like this", () => this.options.similar(item)),
        this.options.crop && this.action("crop", "Part of it", () => this.options.crop(item), "Search for a part of the image"),
        this.action("plus", "Add", () => this.options.add(item, 1), "Add the image to the query"),
        this.action("minus", "Subtract", () => this.options.add(item, -1), "Subtract the image from the query"),
        el("a", { class: "action", href: fileUrl(collection, item.id), target: "_blank", rel: "noopener" }, icon("open"), "Original"),
        el("a", { class: "action", href: fileUrl(collection, item.id, true), download: name }, icon("download"), "Download"),
        this.options.canRemove() && this.action("remove", "Remove", () => this.options.remove(item), "Remove the image from the collection; the file stays")),
      el("dl", { class: "facts" }, ...this.lines(item, name, place), ...this.attributeLines(attributes)),
    ].filter(Boolean);
  }

  lines(item, name, place) {
    const attributes = item.attributes ?? {}, lines = [];
    const line = (what, ...value) => lines.push(el("div", {}, el("dt", {}, what), el("dd", {}, ...value)));
    if (place) line("Hit", `${format.integer(place.index + 1)} of ${format.integer(place.count)}${place.more ? " so far" : ""}`);
    if (item.badge) line(item.badgeName ?? "Score", item.badge);
    if (Number.isFinite(item.relevance)) line("Relevance", format.score(item.relevance));
    if (attributes.taken) line("Taken", format.taken(attributes.taken));
    if (Number.isFinite(attributes.latitude) && Number.isFinite(attributes.longitude)) {
      line("Place", format.place(attributes.latitude, attributes.longitude), el("div", {}, this.filterButton("Images near here",
        text.numbers("latitude", ...this.around(attributes.latitude)), text.numbers("longitude", ...this.around(attributes.longitude)))));
    }
    line("Size", [item.width > 0 && `${format.integer(item.width)} × ${format.integer(item.height)} pixels`,
      item.size > 0 && format.bytes(item.size)].filter(Boolean).join(", ") || "not known");
    if (item.mtime > 0) line("Changed", format.moment(item.mtime));
    const copy = el("button", { type: "button", class: "quiet", "aria-label": "Copy the path", onclick: () => copyText(item.path, copy) },
      icon("copy"), el("span", { class: "label" }, "Copy"));
    // it may break behind each slash
    line("Path", ...item.path.split(/(?<=\/)/).flatMap((step) => [step, el("wbr")]),
      el("div", {}, copy, this.filterButton("This folder", text.under(format.folderOf(item.path)))));
    line("Number", String(item.id));
    if (item.copies) line("Copies", `${format.count(item.copies, "file", "files")} with the same bytes`);
    if (item.gone) line("File", "gone");
    return lines;
  }

  around(degrees) {
    return [degrees - NEAR, degrees + NEAR].map((each) => Number(each.toFixed(4)));
  }

  filterButton(label, ...filters) {
    return el("button", { type: "button", class: "quiet", onclick: () => this.options.filter(filters) }, icon("filter"), label);
  }

  attributeLines(attributes, before = []) {
    return Object.entries(attributes).flatMap(([key, value]) => {
      const steps = [...before, key], name = text.attributeName(steps.join("."));
      if (SHOWN.has(name) && typeof value !== "object") return [];
      if (value && typeof value === "object" && !Array.isArray(value)) return this.attributeLines(value, steps);
      const each = (Array.isArray(value) ? value : [value]).filter((one) => one === null || typeof one !== "object");
      return [el("div", {}, el("dt", {}, format.capital(format.fieldName(name))), el("dd", {}, each.map((one) => (one === null ? "nothing"
        : el("button", {
          type: "button", class: "value", title: "Show only images with this value",
          onclick: () => this.options.filter([text.oneOf(steps, [one], Array.isArray(value))]),
        }, format.value(name, one)))))) ];
    });
  }
}
