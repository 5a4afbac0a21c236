// SPDX-License-Identifier: MIT
// filter_text.js - filters in the language of docs/filter.md: written for what a chip means, and read back for its words.

import * as format from "./format.js";

export const FIELDS = ["id", "path", "name", "size", "mtime", "width", "height"];
const WORDS = new Set(["and", "or", "not", "in", "like", "under", "is", "null", "exists", "true", "false", "attributes"]);
const NAME = /^[\p{L}_][\p{L}\p{N}_]*$/u;

const OWN = "attributes."; // before the name of an attribute that is also a field

/** The name of an attribute on this page, which is not that of a field of every image. */
export const attributeName = (name) => (FIELDS.includes(name) ? OWN + name : name);

/** How a filter names an attribute that is reached by `steps`, which may have dots themselves. */
function attributeText(steps) {
  const plain = steps.every((step) => NAME.test(step)) && !WORDS.has(steps[0].toLowerCase()) && !FIELDS.includes(steps[0]);
  return plain ? steps.join(".") : "attributes" + steps.map((step) => `[${JSON.stringify(step)}]`).join("");
}

/** How a filter names a field, or an attribute: by its steps, or by its name, in which dots lead into attributes inside attributes. */
export function fieldText(name) {
  if (Array.isArray(name)) return attributeText(name);
  if (FIELDS.includes(name)) return name;
  const isOwn = name.startsWith(OWN) && FIELDS.includes(name.slice(OWN.length));
  return attributeText((isOwn ? name.slice(OWN.length) : name).split("."));
}

const constant = (value) => JSON.stringify(value);
// in a pattern % and _ stand for any characters, and a backslash before them for themselves
const pattern = (text) =>
  constant(text).replaceAll("\\\\", "\\\\\\\\").replaceAll("%", "\\%").replaceAll("_", "\\_");

/** One of some values. In a list, each is looked for as an element. */
export function oneOf(name, values, isList) {
  const field = fieldText(name);
  if (isList) return values.map((each) => `${constant(each)} in ${field}`).join(" or ");
  return values.length === 1 ? `${field} == ${constant(values[0])}` : `${field} in [${values.map(constant).join(", ")}]`;
}

export const contains = (name, text) => `${fieldText(name)} like "%${pattern(text).slice(1, -1)}%"`;
export const under = (folder) => `path under ${constant(folder)}`;
export const numbers = (name, low, high) =>
  (low !== null ? `${low} <= ` : "") + fieldText(name) + (high !== null ? ` <= ${high}` : "");

function nextDay(day) {
  const date = new Date(day + "T00:00:00Z");
  date.setUTCDate(date.getUTCDate() + 1);
  return date.toISOString().slice(0, 10);
}

function dayBefore(day) {
  const date = new Date(day + "T00:00:00Z");
  date.setUTCDate(date.getUTCDate() - 1);
  return date.toISOString().slice(0, 10);
}

/** From the first moment of a day to the last of another, both YYYY-MM-DD or null. */
export const days = (name, from, to) =>
  (from ? `${constant(from)} <= ` : "") + fieldText(name) + (to ? ` < ${constant(nextDay(to))}` : "");

const FIELD = String.raw`([\p{L}_][\p{L}\p{N}_.]*|attributes(?:\["(?:[^"\\]|\\.)*"\])+)`;
const STRING = String.raw`("(?:[^"\\]|\\.)*")`;
const NUMBER = String.raw`(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)`;
const CONSTANT = `(${STRING}|${NUMBER}|true|false)`;
const only = (text) => new RegExp(`^${text}$`, "u");
const FORMS = {
  is: only(`${FIELD} == ${CONSTANT}`),
  oneOf: only(`${FIELD} in (\\[.*\\])`),
  like: only(`${FIELD} like ${STRING}`),
  under: only(`path under ${STRING}`),
  numbers: only(`(?:${NUMBER} <= )?${FIELD}(?: <= ${NUMBER})?`),
  days: only(`(?:"(\\d{4}-\\d\\d-\\d\\d)" <= )?${FIELD}(?: < "(\\d{4}-\\d\\d-\\d\\d)")?`),
};

function nameOf(field) {
  if (field.startsWith(OWN)) return attributeName(field.slice(OWN.length));
  if (!field.startsWith("attributes[")) return field;
  return attributeName([...field.matchAll(/\[("(?:[^"\\]|\\.)*")\]/gu)].map((found) => JSON.parse(found[1])).join("."));
}

/** `"a" in keywords or "b" in keywords`; a value may have " or " in it. */
function readList(text) {
  const element = new RegExp(`${CONSTANT} in ${FIELD}(?: or (?=.)|$)`, "suy");
  const values = [], fields = new Set();
  while (element.lastIndex < text.length) {
    const found = element.exec(text);
    if (!found) return null;
    values.push(JSON.parse(found[1]));
    fields.add(found.at(-1));
  }
  return fields.size === 1 ? { kind: "values", name: nameOf([...fields][0]), values, isList: true } : null;
}

/** What a filter of this page means: {kind, name, ...}; {kind: "expression"} for any other. */
export function readFilter(text) {
  try {
    let found = FORMS.is.exec(text);
    if (found) return { kind: "values", name: nameOf(found[1]), values: [JSON.parse(found[2])] };
    if ((found = FORMS.oneOf.exec(text))) return { kind: "values", name: nameOf(found[1]), values: JSON.parse(found[2]) };
    if ((found = FORMS.under.exec(text))) return { kind: "folder", name: "path", folder: JSON.parse(found[1]) };
    if ((found = FORMS.like.exec(text)) && /^"%.*%"$/su.test(found[2])) {
      const inner = found[2].slice(2, -2).replaceAll("\\%", "%").replaceAll("\\_", "_").replaceAll("\\\\\\\\", "\\\\");
      return { kind: "contains", name: nameOf(found[1]), text: JSON.parse(`"${inner}"`) };
    }
    found = FORMS.days.exec(text);
    if (found && (found[1] || found[3])) {
      return { kind: "days", name: nameOf(found[2]), from: found[1] ?? null, to: found[3] ? dayBefore(found[3]) : null };
    }
    found = FORMS.numbers.exec(text);
    if (found && (found[1] || found[3])) {
      const number = (digits) => (digits === undefined ? null : Number(digits));
      return { kind: "numbers", name: nameOf(found[2]), low: number(found[1]), high: number(found[3]) };
    }
    return readList(text) ?? { kind: "expression", name: "" };
  } catch {
    return { kind: "expression", name: "" };
  }
}

function range(low, high) {
  if (low !== null && high !== null) return low === high ? low : `${low} to ${high}`;
  return low !== null ? `from ${low}` : `up to ${high}`;
}

/** A filter in words: [what, value], or ["", the expression itself]. */
export function filterWords(text) {
  const is = readFilter(text);
  const name = format.capital(format.fieldName(is.name));
  const day = (each) => (each === null ? null : format.taken(each));
  switch (is.kind) {
    case "values": return [name, is.values.map((each) => format.value(is.name, each)).join(" or ")];
    case "folder": return ["Folder", format.fileName(is.folder) || is.folder];
    case "contains": return [name, `has “${is.text}”`];
    case "days": return [is.name === "taken" ? "Date" : name, range(day(is.from), day(is.to))];
    case "numbers": return [name, range(is.low, is.high)];
    default: return ["", text];
  }
}

/** All filters as one, or "". */
export const joinFilters = (filters) =>
  filters.length === 1 ? filters[0] : filters.map((each) => `(${each})`).join(" and ");
