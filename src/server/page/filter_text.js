// SPDX-License-Identifier: MIT
// filter_text.js - filters in the language of docs/filter.md: written for what a chip means, and read back for its words.

import * as format from "./format.js";

export const FIELDS = ["id", "path", "name", "size", "mtime", "width", "height"];
const WORDS = new Set(["and", "or", "not", "in", "like", "under", "is", "null", "exists", "true", "false", "attributes"]);
const NAME = /^[\p{L}_][\p{L}\p{N}_]*$/u;

/** How a filter names an attribute; dots lead into attributes inside attributes. */
export function fieldText(name) {
  if (FIELDS.includes(name)) return name;
  const steps = name.split(".");
  if (steps.every((step) => NAME.test(step)) && !WORDS.has(steps[0].toLowerCase())) return name;
  return "attributes" + steps.map((step) => `[${JSON.stringify(step)}]`).join("");
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
const NUMBER = String.raw`(-?\d+(?:\.\d+)?)`;
const only = (text) => new RegExp(`^${text}$`, "u");
const FORMS = {
  is: only(`${FIELD} == (${STRING}|${NUMBER}|true|false)`),
  oneOf: only(`${FIELD} in (\\[.*\\])`),
  like: only(`${FIELD} like ${STRING}`),
  under: only(`path under ${STRING}`),
  numbers: only(`(?:${NUMBER} <= )?${FIELD}(?: <= ${NUMBER})?`),
  days: only(`(?:"(\\d{4}-\\d\\d-\\d\\d)" <= )?${FIELD}(?: < "(\\d{4}-\\d\\d-\\d\\d)")?`),
  element: only(`${STRING} in ${FIELD}`),
};

function nameOf(field) {
  if (!field.startsWith("attributes[")) return field;
  return [...field.matchAll(/\[("(?:[^"\\]|\\.)*")\]/gu)].map((found) => JSON.parse(found[1])).join(".");
}

function readList(text) {
  const parts = text.split(" or ").map((part) => FORMS.element.exec(part));
  if (!parts.every((part) => part && part[2] === parts[0][2])) return null;
  return { kind: "values", name: nameOf(parts[0][2]), values: parts.map((part) => JSON.parse(part[1])), isList: true };
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
