// SPDX-License-Identifier: MIT
// format.js - numbers, dates, sizes and places as people read them.

const numbers = new Intl.NumberFormat();

export const count = (value, one, many = one + "s") => `${numbers.format(value)} ${value === 1 ? one : many}`;
export const integer = (value) => numbers.format(value);
export const score = (value) => value.toFixed(3);

export function bytes(size) {
  if (size < 1000) return count(size, "byte");
  const units = ["kB", "MB", "GB", "TB"];
  let unit = -1;
  do {
    size /= 1000;
    unit++;
  } while (size >= 999.5 && unit < units.length - 1);
  return `${size < 9.95 ? size.toFixed(1) : Math.round(size)} ${units[unit]}`;
}

export const milliseconds = (value) =>
  value < 9.95 ? `${value.toFixed(1)} ms` : value < 1000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`;

export const fileName = (path) => path.slice(path.lastIndexOf("/") + 1);
export const folderOf = (path) => path.slice(0, Math.max(1, path.lastIndexOf("/")));

/** Seconds since 1970 as a date with time. */
export const moment = (seconds) =>
  new Date(seconds * 1000).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });

/**
 * The attribute `taken`: by the camera's clock, so it is shown as it is written, without turning it to another time
 * zone. Also 2024, 2024-07 and 2024-07-01.
 */
export function taken(text) {
  const found = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d))?)?)?/.exec(text);
  if (!found) return text;
  const [, year, month, day, hour, minute] = found;
  if (!month) return year;
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day ?? 1), Number(hour ?? 0), Number(minute ?? 0)));
  const style = { timeZone: "UTC", year: "numeric", month: "long" };
  if (day) Object.assign(style, { month: "short", day: "numeric" });
  if (hour) Object.assign(style, { hour: "2-digit", minute: "2-digit" });
  return date.toLocaleString(undefined, style);
}

/** 47.3769, 8.5417 as 47.3769° N, 8.5417° E. */
export const place = (latitude, longitude) =>
  `${Math.abs(latitude).toFixed(4)}° ${latitude < 0 ? "S" : "N"}, ${Math.abs(longitude).toFixed(4)}° ${longitude < 0 ? "W" : "E"}`;

const NAMES = {
  f_number: "f-number", iso: "ISO", focal_length_35mm: "focal length (35 mm)", mtime: "changed", path: "folder",
};

/** An attribute's name as a word, in lower case. */
export const fieldName = (name) => NAMES[name]
  ?? (name.startsWith("attributes.") ? `${name.slice("attributes.".length)} (attribute)` : name).replaceAll("_", " ");
export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** The value of an attribute as text. */
export function value(name, it) {
  if (it === null) return "nothing";
  if (name === "taken" && typeof it === "string") return taken(it);
  if (name === "exposure_time" && it > 0 && it < 0.5) return `1/${Math.round(1 / it)} s`;
  if (name === "exposure_time") return `${it} s`;
  if (name === "f_number") return `f/${it}`;
  if (name.startsWith("focal_length")) return `${it} mm`;
  if (name === "altitude") return `${it} m`;
  if (typeof it === "boolean") return it ? "yes" : "no";
  if (typeof it === "number") return String(it);
  if (typeof it === "string") return it;
  return Array.isArray(it) ? it.map((each) => value("", each)).join(", ") : JSON.stringify(it);
}
