// SPDX-License-Identifier: MIT
// results.js - what a state asks of the server, page by page, and what is shown of the answers.

import * as api from "./api.js";
import { byId, el } from "./dom.js";
import * as format from "./format.js";
import { joinFilters } from "./filter_text.js";
import * as notices from "./notices.js";
import { partForServer, partName } from "./query.js";

const FIRST = 80; // hits of the first answer: a window full
const PAGE = 500;
const MOST = 10000; // as far as the server goes: offset + k
const KEPT = 8; // answers kept for Back
const RELEVANT = 0.5; // from here on an image probably fits
const SLOW = 200; // milliseconds until the page shows that it is working
export const AUTOMATIC = 5000; // images up to which duplicates are looked for unasked

export const canFit = (state) => state.parts.length > 0 && state.parts.every((part) => part.kind === "text");

/** The request of a state, without its page; null where nothing is to be asked. */
function requestOf(state, collection) {
  const filter = joinFilters(state.filters);
  const body = { collection: collection.name, ...(filter && { filter }) };
  if (state.view === "labels") {
    if (state.labels.length < 2) return null;
    return { ...body, labels: state.labels, ...(state.label && { label: state.label }) };
  }
  if (state.view === "duplicates") {
    if (!state.level && collection.count > AUTOMATIC) return null;
    return { ...body, level: state.level || "same" };
  }
  return {
    ...body, query: state.parts.map(partForServer), ...(state.fits && canFit(state) && { min_relevance: RELEVANT }),
  };
}

export class Results {
  /** `options`: clearFilters(), loosen(), wantToken(); `changed()` after each answer. */
  constructor(grid, options) {
    this.grid = grid;
    this.options = options;
    this.kept = new Map();
    this.key = "";
  }

  get entries() {
    return this.grid.entries;
  }

  /**
   * Show what `state` asks for, unless it is shown already. `restore` ({scroll, count} or null): the page was here
   * before and goes back to it. The answer: a promise that is kept when the images are shown, or why there are none.
   */
  show(state, collection, restore = null) {
    this.state = state;
    this.collection = collection;
    const body = requestOf(state, collection);
    const key = state.view + JSON.stringify(body);
    if (key === this.key) return;
    this.keep();
    this.stop();
    this.key = key;
    this.body = body;
    this.meta = null;
    if (!body) return this.ask();
    const kept = restore && this.kept.get(key);
    if (kept) {
      this.meta = kept.meta;
      this.present(kept.entries, !kept.meta.more);
      scrollTo(0, restore.scroll);
      this.grid.draw();
      return;
    }
    return this.load(Math.min(PAGE, Math.max(FIRST, restore?.count ?? 0)), restore?.scroll ?? 0);
  }

  /** Forget what is shown, so that the next show() asks again. */
  forget() {
    this.kept.clear();
    this.key = "";
  }

  keep() {
    if (!this.meta || this.failed) return;
    this.kept.delete(this.key);
    this.kept.set(this.key, { entries: this.entries, meta: this.meta });
    if (this.kept.size > KEPT) this.kept.delete(this.kept.keys().next().value);
  }

  stop() {
    this.abort?.abort();
    this.abort = null;
    this.failed = false;
    clearTimeout(this.slow);
    byId("busy").hidden = true;
    byId("grid").removeAttribute("aria-busy");
  }

  /** Nothing to ask the server for yet: say what is missing. */
  ask() {
    this.grid.reset();
    this.clearNotices();
    byId("status").textContent = "";
    this.showLabels([]);
    this.empty(this.state.view === "labels" ? notices.askForLabels() : notices.askForLevel(this.collection.count));
  }

  async load(k, scroll) {
    const abort = this.abort = new AbortController();
    this.slow = setTimeout(() => this.showBusy(), SLOW);
    this.grid.yield();
    try {
      const answer = await this.request(this.body, k, 0, abort.signal);
      if (abort !== this.abort) return;
      this.stop();
      this.meta = answer;
      this.present(answer.entries, !answer.more);
      scrollTo(0, scroll);
      this.grid.draw();
    } catch (error) {
      if (abort !== this.abort) return;
      this.fail(error);
    }
  }

  /** More hits, when the window comes near the end of those that are there. */
  async more() {
    if (!this.meta?.more || this.abort || this.failed) return;
    const abort = this.abort = new AbortController();
    try {
      const answer = await this.request(this.body, Math.min(PAGE, MOST - this.meta.reached), this.meta.reached, abort.signal);
      if (abort !== this.abort) return;
      this.abort = null;
      const ends = !answer.more || !answer.entries.length || answer.reached >= MOST;
      Object.assign(this.meta, { more: !ends, reached: answer.reached });
      this.grid.append(answer.entries, ends);
      if (ends && answer.more) this.showEnd();
      this.options.changed();
      this.grid.draw();
    } catch (error) {
      if (abort !== this.abort) return;
      this.abort = null;
      this.failed = true;
      this.showProblem(error, () => { this.failed = false; this.clearNotices(); this.more(); });
    }
  }

  /** One page of an answer, the same for all views: {entries, more, reached, total, took, ...}. */
  async request(body, k, offset, signal) {
    if (this.state.view === "duplicates") return this.readDuplicates(await api.findDuplicates(body, signal));
    const isLabels = this.state.view === "labels";
    const answer = await (isLabels ? api.sortByLabel : api.search)({ ...body, k, offset }, signal);
    const entries = answer.hits.map((hit) => this.entry(hit, body));
    return { ...answer, entries, reached: offset + answer.hits.length, took: answer.took_ms };
  }

  entry(hit, body) {
    if (hit.label !== undefined) {
      return {
        ...hit, badge: `${Math.round(hit.probability * 100)} %`, badgeName: "Probability",
        group: body.label ? undefined : hit.label,
      };
    }
    return body.query?.length ? { ...hit, badge: format.score(hit.score) } : hit;
  }

  readDuplicates(answer) {
    const entries = answer.groups.flatMap((group, index) => group.map((hit) => (
      { ...hit, group: `${index + 1}. ${format.count(group.length, "image")}` })));
    return { ...answer, entries, more: false, took: answer.took_ms, groups: answer.groups };
  }

  /** Of duplicates those that could be removed: where a file is gone, there is nothing to. */
  surplus() {
    return this.meta.groups ? this.entries.filter((entry) => !entry.keep && !entry.gone) : [];
  }

  present(entries, complete) {
    this.clearNotices();
    this.grid.show(entries, complete);
    byId("status").textContent = this.summary();
    this.showLabels(this.meta.labels ?? []);
    byId("copy-surplus").hidden = !this.surplus().length;
    if (!entries.length) this.explain();
    performance.mark("clipsearch-shown");
    this.options.changed();
  }

  /** An image is in the collection no more: take it out of what is shown, which stays where it is. */
  remove(id) {
    const index = this.entries.findIndex((entry) => entry.id === id), entry = this.entries[index];
    this.kept.clear();
    if (!entry) return;
    if (entry.copies) { // one of them takes its place
      this.forget();
      return this.show(this.state, this.collection, { scroll: scrollY, count: this.entries.length });
    }
    const { meta } = this;
    if (this.state.view === "duplicates") {
      const groups = meta.groups.map((group) => group.filter((hit) => hit.id !== id)).filter((group) => group.length > 1);
      for (const group of groups) group[0].keep = true; // the best of those that are left stands first
      this.meta = this.readDuplicates({ ...meta, groups });
      this.grid.show(this.meta.entries, true);
      byId("copy-surplus").hidden = !this.surplus().length;
    } else {
      meta.reached--;
      if (Number.isFinite(meta.total)) meta.total--;
      const label = meta.labels?.find((each) => each.label === entry.label);
      if (label) label.count--;
      this.grid.remove(index);
      this.showLabels(meta.labels ?? []);
    }
    byId("status").textContent = this.summary();
    if (!this.entries.length) this.explain();
  }

  summary() {
    const { state, meta } = this;
    if (!this.entries.length) return "Nothing found";
    const took = Number.isFinite(meta.took) ? ` · ${format.milliseconds(meta.took)}` : "";
    if (state.view === "duplicates") {
      return `${format.count(meta.groups.length, "group")} with ${format.count(this.entries.length, "image")}${took}`;
    }
    const known = Number.isFinite(meta.total) ? meta.total : null;
    const many = known !== null ? format.count(known, "image") : `${format.count(this.entries.length, "image")}${meta.more ? " and more" : ""}`;
    if (state.view === "labels") return many + took;
    if (!state.parts.length) return many;
    return state.fits && canFit(state) ? `${format.count(this.entries.length, "image")}${meta.more ? " and more" : ""} that fit${took}` : `${many}, nearest first${took}`;
  }

  showLabels(labels) {
    const list = byId("label-list");
    const all = labels.reduce((sum, each) => sum + each.count, 0);
    const line = (label, count, text) => el("li", {}, el("a", {
      class: "chip-button", href: this.options.labelLink(label), dataset: { label },
      "aria-current": this.state.label === label ? "true" : null,
    }, text, el("span", { class: "quiet-text" }, format.integer(count))));
    list.replaceChildren(...(labels.length ? [line("", all, "All"), ...labels.map((each) => line(each.label, each.count, each.label))] : []));
    list.hidden = !labels.length;
  }

  explain() {
    const { state } = this;
    if (state.view === "duplicates") return this.empty(notices.noDuplicates(this.meta.images ?? this.collection.count));
    this.empty(notices.nothingFound({
      label: state.view === "labels" ? state.label : "", query: state.view === "images" ? state.parts.map((part) => `“${partName(part)}”`).join(", ") : "",
      filtered: state.filters.length > 0, fits: state.view === "images" && state.fits && canFit(state),
      clear: this.options.clearFilters, loosen: this.options.loosen,
    }));
  }

  empty(content) {
    byId("empty").replaceChildren(content);
    byId("empty").hidden = false;
  }

  /** Below the last image: that there are more, which no page asks for. */
  showEnd() {
    byId("end").textContent = `These are the first ${format.integer(MOST)}. Filters or other words bring up the others.`;
    byId("end").hidden = false;
  }

  clearNotices() {
    byId("end").hidden = true;
    byId("empty").hidden = true;
    byId("problem").hidden = true;
    byId("copy-surplus").hidden = true;
  }

  showBusy() {
    byId("grid").setAttribute("aria-busy", "true");
    const isSlow = this.state.view === "duplicates";
    byId("busy").replaceChildren(el("span", { class: "spinner" }), isSlow ? "Comparing images …" : "Searching …",
      ...(isSlow ? [el("button", { type: "button", class: "quiet", onclick: () => this.cancel() }, "Cancel")] : []));
    byId("busy").hidden = false;
  }

  cancel() {
    this.stop();
    this.key = "";
    this.grid.reset();
    byId("status").textContent = "Cancelled";
  }

  fail(error) {
    this.stop();
    this.failed = true;
    this.key = ""; // the same again asks again
    if (error.status === 401) {
      this.options.wantToken();
      return;
    }
    this.grid.reset();
    this.clearNotices();
    byId("status").textContent = "";
    this.showLabels([]);
    this.showProblem(error, () => this.show(this.state, this.collection));
  }

  showProblem(error, again) {
    if (error.status === 401) return this.options.wantToken();
    byId("problem").replaceChildren(...notices.problem(error, again));
    byId("problem").hidden = false;
  }
}
