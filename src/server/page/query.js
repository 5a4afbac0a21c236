// SPDX-License-Identifier: MIT
// query.js - queries as text (the grammar of docs/query.md), and the page's state as an address.

/*
 * A part is {kind: "text", text}, {kind: "item", id} or {kind: "image", image}, each with a weight; below 0 it is
 * subtracted. An image is {name, vector, preview}: the vector that the server made of it, and a tiny picture as a data:
 * address; so a query with an image that was dropped can be kept and sent, and nothing is stored on the server.
 */

const WEIGHT = /^(\d+(?:\.\d+)?):(?!\d)/;
const SPECIAL = /^[#@]\d+$/;
const SIGN = /(?:^|\s)([+\-\u2212])(?=\s|$)/gu;

/** Split at signs that stand alone and outside of double quotes: [[sign, text]...]. */
function splitSigns(text) {
  const quoted = [];
  // a quoted text is put away, so that no sign in it counts
  const bare = text.replace(/(^|\s|:)"([^"]*)"(?=\s|$)/gu, (_, before, inner) => {
    quoted.push(inner);
    return `${before}\u0000${quoted.length - 1}\u0000`;
  });
  const pieces = [];
  let sign = "+", start = 0;
  for (const found of bare.matchAll(SIGN)) {
    pieces.push([sign, bare.slice(start, found.index)]);
    sign = found[1] === "+" ? "+" : "-";
    start = found.index + found[0].length;
  }
  pieces.push([sign, bare.slice(start)]);
  const back = (piece) => piece.replace(/\u0000(\d+)\u0000/gu, (_, number) => quoted[Number(number)]);
  return pieces.map(([each, piece]) => [each, piece.trim(), back]).filter(([, piece]) => piece !== "");
}

/** The parts of a query as it is typed: `dog + 2:snow - people`, `#7` an image of the collection, `@1` of `images`.
 * Without `images`, as in the box, "@1" is a text like any other. */
export function parseQuery(text, images = null) {
  const parts = [];
  for (const [sign, piece, back] of splitSigns(text)) {
    const found = piece.match(WEIGHT);
    const weight = (sign === "-" ? -1 : 1) * (found ? Number(found[1]) : 1);
    const what = found ? piece.slice(found[0].length).trim() : piece;
    if (back(what).trim() === "") continue; // it is still being typed; a weight of 0 the server refuses
    if (/^#\d+$/.test(what)) parts.push({ kind: "item", id: Number(what.slice(1)), weight });
    else if (images && /^@\d+$/.test(what)) {
      const image = images[Number(what.slice(1)) - 1];
      if (image) parts.push({ kind: "image", image, weight });
    } else parts.push({ kind: "text", text: back(what), weight });
  }
  return parts;
}

function printWhat(part, images) {
  if (part.kind === "item") return "#" + part.id;
  if (part.kind === "image") return "@" + images.push(part.image);
  const must = part.text.search(SIGN) >= 0 || WEIGHT.test(part.text) || SPECIAL.test(part.text)
    || (Math.abs(part.weight) !== 1 && /^\d/.test(part.text)); // behind a weight, a digit would make both a text
  return must && !part.text.includes('"') ? `"${part.text}"` : part.text;
}

/** The query as text. The images of it are pushed to `images` and written as their numbers. */
export function printQuery(parts, images = []) {
  return parts.map((part, index) => {
    const sign = part.weight < 0 ? (index ? " - " : "- ") : (index ? " + " : "");
    const size = Math.abs(part.weight);
    return sign + (size === 1 ? "" : size + ":") + printWhat(part, images);
  }).join("");
}

/** A part as the server takes it. */
export function partForServer({ kind, text, id, image, weight }) {
  const what = kind === "text" ? { text } : kind === "item" ? { id } : { vector: image.vector };
  return weight === 1 ? what : { ...what, weight };
}

/** A short name of a part, for a chip or a sentence. */
export const partName = (part) =>
  part.kind === "text" ? part.text : part.kind === "item" ? `image ${part.id}` : part.image.name || "an image";

/* 16 bits a number: scores change by less than 0.00001. Half the length of the 32 bits that the server sends. */
function packVector(vector) {
  const most = Math.max(...vector.map(Math.abs)) || 1;
  const words = new DataView(new ArrayBuffer(4 + 2 * vector.length));
  words.setFloat32(0, most, true);
  vector.forEach((value, index) => words.setInt16(4 + 2 * index, Math.round(value / most * 32767), true));
  const bytes = String.fromCharCode(...new Uint8Array(words.buffer));
  return btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function unpackVector(text) {
  const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
  const words = new DataView(bytes.buffer);
  const most = words.getFloat32(0, true);
  const values = [];
  for (let at = 4; at + 2 <= bytes.length; at += 2) {
    values.push(Number((words.getInt16(at, true) / 32767 * most).toPrecision(9)));
  }
  if (!values.length || !values.every(Number.isFinite)) throw new RangeError("no vector");
  return values;
}

/** An image of a query, with its vector as the address will have it: so a query that is opened again answers the same. */
export const makeImage = (name, vector, preview, more = {}) =>
  ({ name, vector: unpackVector(packVector(vector)), preview, ...more });

const printImage = (image) =>
  [encodeURIComponent(image.name ?? ""), packVector(image.vector), image.preview ?? ""].join("~");

function parseImage(text) {
  try {
    const [name, vector, preview] = text.split("~");
    const picture = decodeURIComponent(preview ?? ""); // programs that pass addresses on may have escaped it
    return {
      name: decodeURIComponent(name), vector: unpackVector(vector),
      preview: /^data:image\/(webp|jpeg|png);base64,/.test(picture) ? picture : "",
    };
  } catch {
    return null; // an address that was cut or changed by hand
  }
}

export const emptyState = () => ({
  collection: "", view: "images", parts: [], filters: [], fits: false, labels: [], label: "", level: "", item: 0,
});

/** The state as an address, relative to the page. `known`: images that parts name, once each. */
export function printAddress(state) {
  const values = new URLSearchParams();
  const images = [];
  if (state.collection) values.set("c", state.collection);
  if (state.view !== "images") values.set("view", state.view);
  if (state.parts.length) values.set("q", printQuery(state.parts, images));
  for (const filter of state.filters) values.append("f", filter);
  if (state.fits) values.set("fits", "1");
  if (state.labels.length) values.set("labels", state.labels.join("\n"));
  if (state.label) values.set("label", state.label);
  if (state.level) values.set("level", state.level);
  if (state.item) values.set("item", state.item);
  const text = values.toString();
  return (text ? "?" + text : "./") + (images.length ? "#" + images.map(printImage).join("&") : "");
}

/** The state that an address stands for. What is not understood is left out. */
export function parseAddress(address) {
  const url = new URL(address, "http://page.invalid/");
  const values = url.searchParams;
  const images = url.hash.length > 1 ? url.hash.slice(1).split("&").map(parseImage) : [];
  const view = values.get("view");
  const item = Number(values.get("item"));
  return {
    ...emptyState(),
    collection: values.get("c") ?? "",
    view: ["labels", "duplicates"].includes(view) ? view : "images",
    parts: parseQuery(values.get("q") ?? "", images),
    filters: values.getAll("f").filter((each) => each.trim() !== ""),
    fits: values.get("fits") === "1",
    labels: (values.get("labels") ?? "").split("\n").filter((each) => each.trim() !== ""),
    label: values.get("label") ?? "",
    level: ["exact", "same", "edited", "burst"].includes(values.get("level")) ? values.get("level") : "",
    item: Number.isSafeInteger(item) && item > 0 ? item : 0,
  };
}
