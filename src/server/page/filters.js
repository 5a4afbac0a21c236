// SPDX-License-Identifier: MIT
// filters.js - filters as chips, and the panels that suggest them from what the collection has.

import { readAttributes } from "./api.js";
import { byId, el, icon } from "./dom.js";
import * as format from "./format.js";
import * as text from "./filter_text.js";
import { closeMenu, openMenu } from "./menu.js";

const FEW = 12; // a number with so many values at most is chosen from a list, too: a rating
const DAY = /^\d{4}(-\d\d(-\d\d)?)?/;

/** Fields that every image has, and how they are asked for. */
const BUILT_IN = [
  { name: "mtime", type: "days" }, { name: "name", type: "text" }, { name: "width", type: "numbers" },
  { name: "height", type: "numbers" }, { name: "size", type: "numbers" },
];

const CAMERA = { name: "camera", type: "values", values: [] };

function fieldOf(attribute) {
  const { type, values = [] } = attribute, name = text.attributeName(attribute.name);
  const dates = type === "string" && (name === "taken" || (values.length > 0 && values.every(({ value }) => /^\d{4}-\d\d-\d\d/.test(value))));
  if (dates) return { ...attribute, name, type: "days" };
  if (type === "number") return { ...attribute, name, type: "numbers" };
  return { ...attribute, name, type: "values", isList: type === "list" };
}

export class Filters {
  /** `options`: change(filters, more), `more` when the panel stays open and goes on with the same filter. */
  constructor(options) {
    this.options = options;
    this.filters = [];
    this.collection = "";
    this.fields = null;
    byId("filter-date").addEventListener("click", (event) => this.open(event.currentTarget, () => this.dateField()));
    byId("filter-folder").addEventListener("click", (event) => this.open(event.currentTarget, () => ({ name: "path", type: "folder" })));
    byId("filter-camera").addEventListener("click", (event) => this.open(event.currentTarget, () => this.byName("camera") ?? CAMERA));
    byId("filter-more").addEventListener("click", (event) => this.openList(event.currentTarget));
  }

  /** The collection has changed, or may be read only now: the next use() asks again. */
  forget() {
    this.collection = "";
  }

  /** Another collection: what it has is asked for, once. */
  async use(collection) {
    if (this.collection === collection) return;
    this.collection = collection;
    this.fields = null;
    this.loading = collection ? readAttributes(collection) : Promise.resolve({ attributes: [], folders: [] });
    try {
      const { attributes, folders } = await this.loading;
      if (this.collection !== collection) return;
      this.folders = folders;
      this.fields = attributes.map(fieldOf);
    } catch {
      // without suggestions: the fields that every image has can still be asked for
      if (this.collection !== collection) return;
      this.folders = [];
      this.fields = [];
      this.forget();
    }
  }

  byName(name) {
    return this.fields?.find((field) => field.name === name);
  }

  dateField() {
    return this.byName("taken") ?? BUILT_IN[0];
  }

  set(filters) {
    this.filters = filters.slice();
    byId("chips").replaceChildren(...filters.map((filter, index) => this.makeChip(filter, index)));
    byId("chips").hidden = !filters.length;
  }

  makeChip(filter, index) {
    const [what, value] = text.filterWords(filter);
    const says = what ? `${what}: ${value}` : value;
    return el("li", { class: "chip filter" },
      el("button", {
        type: "button", class: "chip-text", title: filter, "aria-label": `Change the filter ${says}`, "aria-haspopup": "dialog",
        onclick: (event) => this.editChip(event.currentTarget, filter),
      }, what ? el("span", { class: "chip-what" }, what) : null, el("span", { class: what ? "" : "code" }, value)),
      el("button", {
        type: "button", class: "chip-remove", "aria-label": `Remove the filter ${says}`, onclick: () => this.remove(index),
      }, icon("close")));
  }

  remove(index) {
    const filters = this.filters.filter((_, each) => each !== index);
    this.set(filters);
    this.options.change(filters, false);
    (byId("chips").querySelectorAll(".chip-remove")[Math.min(index, filters.length - 1)] ?? byId("filter-more")).focus();
  }

  /** The filter of a field that a panel wrote, if there is one. */
  current(name, kind) {
    return this.filters.find((filter) => {
      const is = text.readFilter(filter);
      return is.name === name && is.kind === kind;
    });
  }

  /** Put `filter` (null: none) into the place of `before` (undefined: behind the others). */
  put(before, filter, more = false) {
    const filters = this.filters.slice();
    const at = filters.indexOf(before);
    if (at >= 0) filters.splice(at, 1, ...(filter === null ? [] : [filter]));
    else if (filter !== null && !filters.includes(filter)) filters.push(filter);
    this.set(filters);
    this.options.change(filters, more);
  }

  editChip(button, filter) {
    const is = text.readFilter(filter);
    const field = is.kind === "folder" ? { name: "path", type: "folder" }
      : this.byName(is.name) ?? BUILT_IN.find((each) => each.name === is.name);
    if (is.kind === "expression" || !field) this.show(button, "Filter", this.expressionPanel(filter));
    else this.showField(button, field);
  }

  async open(button, find) {
    if (!this.fields) await this.loading?.catch(() => null);
    const field = find();
    if (field) this.showField(button, field);
  }

  async openList(button) {
    if (!this.fields) await this.loading?.catch(() => null);
    const all = [{ name: "path", type: "folder" }, ...BUILT_IN.filter(({ name }) => name === "name"), ...this.fields ?? [],
      ...BUILT_IN.filter(({ name }) => name !== "name")];
    const list = el("ul", { class: "menu-list" }, all.map((field) => el("li", {},
      el("button", { type: "button", class: "menu-item", onclick: () => this.showField(button, field) },
        el("span", {}, format.capital(format.fieldName(field.name))),
        el("span", { class: "quiet-text" }, field.count ? format.integer(field.count) : "")))));
    this.show(button, "Filters", [el("h2", {}, "Filter by"), this.narrow(list, "Find an attribute"), list,
      el("button", { type: "button", class: "menu-item more", onclick: () => this.show(button, "Filter", this.expressionPanel("")) },
        "An expression …")]);
  }

  show(button, label, content) {
    openMenu(button, label, content);
  }

  showField(button, field) {
    const title = format.capital(field.name === "taken" ? "date" : format.fieldName(field.name));
    const panels = {
      folder: () => this.folderPanel(), days: () => this.daysPanel(field), text: () => this.textPanel(field),
      values: () => this.valuesPanel(field),
      numbers: () => [...this.numbersPanel(field), ...((field.values?.length ?? 99) <= FEW ? this.valuesPanel(field) : [])],
    };
    this.show(button, title, [el("h2", {}, title), ...panels[field.type]()]);
  }

  /** A box that leaves only the lines of `list` with what is typed; nothing for a short list. */
  narrow(list, label) {
    if (list.children.length < 9) return null;
    return el("input", {
      type: "search", class: "menu-search", placeholder: label, "aria-label": label, autocomplete: "off",
      oninput: (event) => {
        const wanted = event.target.value.trim().toLowerCase();
        for (const item of list.children) item.hidden = !item.textContent.toLowerCase().includes(wanted);
      },
    });
  }

  valuesPanel(field) {
    const kind = "values";
    const chosen = () => {
      const filter = this.current(field.name, kind);
      return filter ? text.readFilter(filter).values : [];
    };
    const start = chosen();
    const known = field.values ?? [];
    if (!known.length && !start.length) return [el("p", { class: "hint" }, "No image of this collection says it.")];
    const lines = [...start.filter((value) => !known.some((each) => each.value === value)).map((value) => ({ value })), ...known];
    const list = el("ul", { class: "menu-list" }, lines.map(({ value, count }) => el("li", {}, el("label", { class: "menu-item" },
      el("input", {
        type: "checkbox", checked: start.includes(value),
        onchange: (event) => {
          const values = chosen().filter((each) => each !== value);
          if (event.target.checked) values.push(value);
          this.put(this.current(field.name, kind), values.length ? text.oneOf(field.name, values, field.isList) : null, true);
        },
      }),
      el("span", {}, format.value(field.name, value)),
      el("span", { class: "quiet-text" }, count ? format.integer(count) : "")))));
    return [this.narrow(list, "Find a value"), list, field.type === "values" && !field.isList && field.values?.length >= 50
      ? this.textPanel(field) : null].flat().filter(Boolean);
  }

  textPanel(field) {
    const before = this.current(field.name, "contains");
    const input = el("input", {
      type: "text", autocomplete: "off", autofocus: true, "aria-label": `${format.capital(format.fieldName(field.name))} has`,
      value: before ? text.readFilter(before).text : "",
    });
    return [el("form", {
      class: "menu-form", onsubmit: (event) => {
        event.preventDefault();
        this.put(before, input.value === "" ? null : text.contains(field.name, input.value));
        closeMenu();
      },
    }, el("label", {}, "Has these letters", input), el("button", { type: "submit", class: "primary" }, "Apply"))];
  }

  numbersPanel(field) {
    const before = this.current(field.name, "numbers");
    const is = before ? text.readFilter(before) : { low: null, high: null };
    const input = (label, value, hint) => el("input", {
      type: "number", step: "any", "aria-label": `${format.capital(format.fieldName(field.name))} ${label}`,
      placeholder: hint ?? "", value: value ?? "",
    });
    const low = input("from", is.low, field.min), high = input("to", is.high, field.max);
    return [this.rangeForm(before, low, high, () => {
      const number = ({ valueAsNumber }) => (Number.isFinite(valueAsNumber) ? valueAsNumber : null);
      return number(low) === null && number(high) === null ? null : text.numbers(field.name, number(low), number(high));
    })];
  }

  daysPanel(field) {
    const before = this.current(field.name, "days");
    const is = before ? text.readFilter(before) : { from: null, to: null };
    const first = DAY.exec(field.min)?.[1] ? field.min.slice(0, 10) : null;
    const input = (label, value) => el("input", { type: "date", "aria-label": label, value: value ?? "" });
    const from = input("From this day", is.from), to = input("To this day", is.to);
    const make = () => (from.value || to.value ? text.days(field.name, from.value || null, to.value || null) : null);
    const years = el("div", { class: "menu-years" }, this.years(field).map((year) => el("button", {
      type: "button", class: "chip-button", onclick: () => {
        this.put(this.current(field.name, "days"), text.days(field.name, `${year}-01-01`, `${year}-12-31`));
        closeMenu();
      },
    }, String(year))));
    return [this.rangeForm(before, from, to, make), years.childElementCount ? years : null,
      first ? el("p", { class: "hint" }, `The first is of ${format.taken(field.min)}, the last of ${format.taken(field.max)}.`) : null].filter(Boolean);
  }

  years(field) {
    const first = Number(String(field.min ?? "").slice(0, 4)), last = Number(String(field.max ?? "").slice(0, 4));
    const years = [];
    for (let year = last; year >= first && first > 0 && years.length < 12; year--) years.push(year);
    return years;
  }

  rangeForm(before, low, high, make) {
    return el("form", {
      class: "menu-form", onsubmit: (event) => {
        event.preventDefault();
        this.put(before, make());
        closeMenu();
      },
    }, el("div", { class: "menu-range" }, el("label", {}, "From", low), el("label", {}, "To", high)),
    el("button", { type: "submit", class: "primary" }, "Apply"));
  }

  folderPanel() {
    const before = this.current("path", "folder");
    const chosen = before ? text.readFilter(before).folder : null;
    const folders = this.folders ?? [];
    const steps = (path) => path.split("/").length;
    const least = Math.min(...folders.map(({ path }) => steps(path)));
    const list = el("ul", { class: "menu-list" }, folders.map(({ path, count }) => el("li", {}, el("button", {
      type: "button", class: "menu-item", title: path, "aria-pressed": String(path === chosen),
      dataset: { depth: Math.min(6, steps(path) - least) },
      onclick: () => {
        this.put(before, path === chosen ? null : text.under(path));
        closeMenu();
      },
    }, icon("folder"), el("span", {}, steps(path) === least ? path : format.fileName(path)),
    el("span", { class: "quiet-text" }, format.integer(count))))));
    return folders.length ? [this.narrow(list, "Find a folder"), list].filter(Boolean)
      : [el("p", { class: "hint" }, "The server suggests no folders for this collection.")];
  }

  expressionPanel(before) {
    const input = el("textarea", { rows: "3", class: "code", "aria-label": "Filter", spellcheck: "false", autofocus: true, value: before });
    return [el("h2", {}, "A filter as an expression"), el("form", {
      class: "menu-form", onsubmit: (event) => {
        event.preventDefault();
        const filter = input.value.trim();
        this.put(before || undefined, filter === "" ? null : filter);
        closeMenu();
      },
    }, input, el("p", { class: "hint" }, "For example: ", el("code", {}, 'width > 2000 and not keywords is null')),
    el("button", { type: "submit", class: "primary" }, "Apply"))];
  }
}
