// SPDX-License-Identifier: MIT
// notices.js - what is said where there are no images: why, and what to do.

import { commandLine, el, icon } from "./dom.js";
import * as format from "./format.js";

const quote = (text) => (/^[\w@%+=:,./~-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

function notice(name, title, ...content) {
  return el("div", { class: "notice" }, icon(name), el("h2", {}, title), ...content);
}

/** The command that fills a collection, for a shell. */
export function ingestCommand(database, collection) {
  return ["clipsearch ingest", database && `--db ${quote(database)}`, collection && `--collection ${quote(collection)}`, "~/Pictures"]
    .filter(Boolean).join(" ");
}

/** There are no images at all. `collection`: the name of an empty collection, "" where there is none. `add`: null, or what to do to add some. */
export const nothingYet = (database, collection, add) => notice("image",
  collection ? `There are no images in ${collection} yet` : "There are no images yet",
  el("p", {}, "This command puts those of a directory into it; they appear here by themselves:"),
  commandLine(ingestCommand(database, collection)),
  add && el("p", {}, "Or choose some here, or drop them on the page:"),
  add && el("button", { type: "button", class: "primary", onclick: add }, "Add images"));

export function nothingFound({ query, label, filtered, fits, clear, loosen }) {
  const title = query ? `Nothing found for ${query}` : label ? `“${label}” fits no image best` : "No image matches the filters";
  const buttons = [
    filtered && el("button", { type: "button", class: "primary", onclick: clear }, "Remove the filters"),
    fits && el("button", { type: "button", class: "primary", onclick: loosen }, "Show what fits less, too"),
  ].filter(Boolean);
  return notice("search", title,
    fits ? el("p", {}, "No image fits the text well.") : null,
    filtered ? el("p", {}, "Filters are in use.") : null,
    buttons.length ? el("div", { class: "dialog-buttons" }, buttons) : null);
}

export const noDuplicates = (images) => notice("fits", "No duplicates",
  el("p", {}, Number.isFinite(images) ? `None among ${format.count(images, "image")}.` : "None in this collection."));

export const askForLabels = () => notice("filter", "Which labels?",
  el("p", {}, "Write two labels or more, for example: dog, cat, car, flowers."));

export const askForLevel = (images) => notice("similar", "Find images that are there more than once",
  el("p", {}, `${format.count(images, "image")} are compared, which may take a while.`));

/**
 * An error in the server's words. Several lines are a place in a filter, with a mark below it, unless it `isList`.
 * `again` runs what failed once more.
 */
export function problem(error, again) {
  const words = el("p", { class: error.message.includes("\n") && !error.isList ? "code" : "" }, error.message);
  return [words, again && el("button", { type: "button", class: "quiet", onclick: again }, "Try again")].filter(Boolean);
}
