// SPDX-License-Identifier: MIT
// main.js - the page: its state is its address; everything that the user does changes that, and the parts follow.

import * as api from "./api.js";
import { addFiles, confirmRemoval, failureText, isAdding } from "./collecting.js";
import { chooseCrop } from "./crop.js";
import { byId, copyText, debounce, el } from "./dom.js";
import { Filters } from "./filters.js";
import * as format from "./format.js";
import { Grid } from "./grid.js";
import { closeMenu } from "./menu.js";
import * as notices from "./notices.js";
import { makeImage, parseAddress, partName, printAddress } from "./query.js";
import { Results, canFit } from "./results.js";
import { SearchBox } from "./search_box.js";
import { hideToast, say } from "./toast.js";
import * as uploads from "./uploads.js";
import { Viewer } from "./viewer.js";

const LOOK_AGAIN = 2000; // milliseconds between looks at a collection that is empty

let state = parseAddress(location.href);
let served = { collections: [], database: "" };
let collection = null;
let typing = false; // the address is of a query that is still being typed
let lastItem = 0;

const grid = new Grid(byId("grid"), {
  thumbnail: (entry, pixels) => api.thumbnailUrl(collection.name, entry, pixels),
  link: (entry) => printAddress({ ...state, item: entry.id }),
  open: (index) => go({ item: grid.entries[index].id }, { opened: true }),
  more: () => results.more(),
  similar: (entry) => searchLike(entry),
  add: (entry, weight) => addPart({ kind: "item", id: entry.id, weight }),
  remove: (entry) => removeItem(entry),
});

const results = new Results(grid, {
  clearFilters: () => go({ filters: [] }),
  loosen: () => go({ fits: false }),
  labelLink: (label) => printAddress({ ...state, label, item: 0 }),
  wantToken,
  changed: () => showItem(),
});

const box = new SearchBox({
  change: (parts, live) => search(parts, live),
  thumbnail: (id) => api.thumbnailUrl(collection?.name ?? "", { id }, 128),
  crop: (part) => cropPart(part),
});

const filters = new Filters({
  change: (list, more) => go({ filters: list, item: 0 }, { replace: more && history.state?.filtering, filtering: more }),
});

const viewer = new Viewer({
  close: closeItem,
  step: (by) => {
    const place = placeOf(state.item); // -1: it is none of the hits
    const next = place >= 0 ? grid.entries[place + by] : null;
    if (next) go({ item: next.id }, { replace: true });
  },
  similar: (item) => searchLike(item),
  add: (item, weight) => addPart({ kind: "item", id: item.id, weight }),
  crop: (item) => cropItem(item),
  canRemove: () => Boolean(served.delete),
  remove: (item) => removeItem(item),
  filter: (list) => go({ view: "images", filters: [...new Set([...state.filters, ...list])], item: 0 }),
});

/* ---- The state and its address */

/** Change the state, put it into the address and show it. `replace`: without a new step for Back, as where the address stays. */
function go(change, { replace = false, ...notes } = {}) {
  remember();
  typing = Boolean(notes.typing);
  state = { ...state, ...change };
  const address = printAddress(state);
  if (new URL(address, location.href).href === location.href) replace = true;
  const mark = replace ? { ...history.state, ...notes } : notes;
  delete mark.scroll;
  delete mark.count;
  if (state.item) Object.assign(mark, { scroll: scrollY, count: grid.entries.length });
  history[replace ? "replaceState" : "pushState"](mark, "", address);
  apply(typing);
}

/** Note in the history where the page stands, so that Back comes back to it. */
function remember() {
  history.replaceState({ ...history.state, scroll: scrollY, count: grid.entries.length }, "");
}

/** Show the state; kept when it is shown. `live`: the box stays as it is, because it is being typed in. */
function apply(live = false, restore = null) {
  collection = served.collections.find(({ name }) => name === state.collection)
    ?? (state.collection ? null : served.collections.find(({ name }) => name === served.collection) ?? served.collections[0] ?? null);
  if (!live) box.set(state.parts);
  filters.set(state.filters);
  adoptFiles();
  showChrome();
  document.title = titleOf();
  if (!collection || collection.count === 0) return showNothing();
  filters.use(collection.name);
  const shown = results.show(state, collection, restore);
  showItem();
  return shown;
}

function titleOf() {
  const what = state.view === "labels" ? "Labels" : state.view === "duplicates" ? "Duplicates"
    : state.parts.map((part, index) => (part.weight < 0 ? "- " : index ? "+ " : "") + partName(part)).join(" ");
  return what ? `${what} – clipsearch` : "clipsearch";
}

/** Everything around the images that the state decides. */
function showChrome() {
  byId("collection").value = collection?.name ?? "";
  byId("home").href = printAddress({ ...parseAddress(""), collection: state.collection });
  for (const link of byId("views").children) {
    const here = link.dataset.view === state.view;
    link.href = printAddress({ ...state, view: link.dataset.view, item: 0 });
    if (here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  byId("heading").textContent = { images: "Images", labels: "Images by label", duplicates: "Duplicates" }[state.view];
  byId("labels-form").hidden = state.view !== "labels";
  byId("duplicates-form").hidden = state.view !== "duplicates";
  if (document.activeElement !== byId("labels")) byId("labels").value = state.labels.join(", ");
  byId("level").value = state.level || "same";
  byId("fits").hidden = !(state.view === "images" && canFit(state));
  byId("fits").setAttribute("aria-pressed", String(state.fits));
  byId("scores").hidden = state.view === "duplicates" || (state.view === "images" && !state.parts.length);
  byId("upload").hidden = !canAdd();
  const texts = collection?.text !== false;
  byId("query").disabled = !texts;
  byId("query").dataset.hint = texts ? "A white dog in the snow" : "This collection is searched by images";
  box.sizes();
}

/** An empty database or collection, or one that is not there. */
function showNothing() {
  results.stop();
  results.forget();
  grid.reset();
  results.clearNotices();
  results.showLabels([]);
  viewer.close();
  byId("status").textContent = "";
  if (!collection && state.collection && served.collections.length) {
    byId("problem").replaceChildren(el("p", {}, `no collection is named “${state.collection}”`));
    byId("problem").hidden = false;
    return;
  }
  results.empty(notices.nothingYet(served.database, collection?.name ?? state.collection, canAdd() ? chooseToAdd : null));
  lookAgain();
}

const lookAgain = debounce(async () => {
  if (collection?.count) return;
  if (document.hidden) return lookAgain();
  try {
    await readServed();
  } catch {
    return lookAgain(); // the server is away for a moment
  }
  apply(true);
}, LOOK_AGAIN);

/* ---- Searches */

function search(parts, live) {
  if (live && JSON.stringify(parts) === JSON.stringify(state.parts)) return;
  performance.mark("clipsearch-asked");
  go({ view: "images", parts, item: 0 }, { replace: typing, typing: live });
}

const searchLike = (item) => go({ view: "images", parts: [{ kind: "item", id: item.id, weight: 1 }], item: 0 });

function addPart(part) {
  const others = state.parts.filter((each) => !(part.kind === "item" && each.kind === "item" && each.id === part.id));
  go({ view: "images", parts: [...others, part], item: 0 });
}

/** An image from outside, or the id of one of the collection that was dragged to the box. */
async function takeImage(what, add) {
  if (typeof what === "number") {
    return add ? addPart({ kind: "item", id: what, weight: 1 }) : searchLike({ id: what });
  }
  await embed(what, null, (image) => {
    const part = { kind: "image", image, weight: 1 };
    if (add) addPart(part);
    else go({ view: "images", parts: [part], item: 0 });
  });
}

/** Let the server make a vector of an image file or a part of it, and `use` the result. */
async function embed(file, crop, use) {
  if (!collection) return;
  byId("box").classList.add("working");
  try {
    const [vector, preview] = await Promise.all([
      api.embedImage(collection.name, file, crop), uploads.tinyPicture(file, crop)]);
    use(makeImage((crop ? "part of " : "") + (file.name || "image"), vector, preview, { blob: file, crop }));
  } catch (error) {
    results.showProblem(error, () => { results.clearNotices(); embed(file, crop, use); });
  } finally {
    byId("box").classList.remove("working");
  }
}

async function cropPart(part) {
  if (part.kind === "item") return cropItem({ id: part.id, path: "" }, part);
  const source = URL.createObjectURL(part.image.blob);
  const crop = await chooseCrop(source, part.image.name, part.image.crop);
  URL.revokeObjectURL(source);
  if (crop) {
    await embed(part.image.blob, crop, (image) => replacePart(part, { kind: "image", image, weight: part.weight }));
  }
}

const replacePart = (before, part) =>
  go({ view: "images", parts: state.parts.map((each) => (each === before ? part : each)), item: 0 });

/** Search for a part of an image of the collection; in the place of the query's part `before`, if there is one. */
async function cropItem(item, before = null) {
  const source = api.thumbnailUrl(collection.name, item, 2048);
  const name = item.path ? format.fileName(item.path) : `image ${item.id}`;
  const crop = await chooseCrop(source, name);
  if (!crop) return;
  try {
    const [vector, small] = await Promise.all([
      api.embedItem(collection.name, item.id, crop), fetch(api.thumbnailUrl(collection.name, item, 512)).then((answer) => answer.blob())]);
    const image = makeImage(`part of ${name}`, vector, await uploads.tinyPicture(small, crop));
    const part = { kind: "image", image, weight: before?.weight ?? 1 };
    if (before) replacePart(before, part);
    else go({ view: "images", parts: [part], item: 0 });
  } catch (error) {
    closeItem();
    results.showProblem(error, null);
  }
}

/* ---- The collection's images change */

const canAdd = () => Boolean(collection?.upload);

function chooseToAdd() {
  if (!isAdding()) uploads.chooseFiles("upload-files", addToCollection);
}

async function addToCollection(list) {
  if (!canAdd() || isAdding() || !list.length) return;
  const { name } = collection;
  byId("upload").setAttribute("aria-disabled", "true");
  try {
    const { items, failed, cancelled } = await addFiles(name, list);
    const newest = () => (items.length === 1 ? go({ view: "images", item: items[0].id })
      : go({ view: "images", parts: [], filters: [], fits: false, item: 0 }));
    if (items.length) {
      results.forget();
      filters.forget();
      await readServed();
      if (collection?.name === name) await apply(true, { scroll: scrollY, count: grid.entries.length });
    }
    if (items.length || cancelled) {
      const what = items.length === 1 ? `${format.fileName(items[0].path)} was` : items.length ? `${format.integer(items.length)} images were` : "Nothing was";
      say(`${what} added to ${name}${cancelled ? "; the others were not" : ""}`,
        items.length ? [items.length === 1 ? "Show it" : "Show the newest", newest] : null);
    } else hideToast();
    if (failed.length) results.showProblem({ message: failureText(failed), isList: true }, null);
  } catch (error) {
    hideToast();
    results.showProblem(error, () => { results.clearNotices(); addToCollection(list); });
  } finally {
    byId("upload").removeAttribute("aria-disabled");
  }
}

async function removeItem(item) {
  if (!served.delete) return;
  const { name } = collection, file = format.fileName(item.path);
  if (!await confirmRemoval(item, file, name, api.thumbnailUrl(name, item, 256))) return;
  try {
    await api.removeItem(name, item.id);
  } catch (error) {
    if (error.status !== 404) { // else somebody else has removed it
      closeItem();
      results.showProblem(error, null);
      return;
    }
  }
  const index = placeOf(item.id);
  await results.remove(item.id);
  const next = index >= 0 ? grid.entries[index] ?? grid.entries[index - 1] : null;
  lastItem = next?.id ?? 0; // has the focus when the large image is closed
  if (state.item !== item.id) grid.focus(next ? placeOf(next.id) : -1);
  else if (next) go({ item: next.id }, { replace: true });
  else closeItem();
  say(`${file} was removed from ${name}`);
  await readServed();
  collection = served.collections.find((each) => each.name === name) ?? collection;
  filters.forget();
  if (!collection.count) return apply(true);
  filters.use(collection.name);
  showChrome();
}

/* ---- One image */

const placeOf = (id) => grid.entries.findIndex((entry) => entry.id === id);

async function showItem() {
  if (!state.item) {
    if (!viewer.open) return;
    viewer.close();
    const place = placeOf(lastItem);
    if (place >= 0) grid.focus(place);
    return;
  }
  const id = lastItem = state.item, index = placeOf(id);
  if (index >= 0) {
    const { entries } = grid;
    viewer.show(collection.name, entries[index], {
      index, count: results.meta?.total ?? entries.length, more: results.meta?.more && results.meta.total === undefined,
      before: entries[index - 1], next: entries[index + 1],
    });
    if (index + 20 > entries.length) results.more();
  } else if (viewer.item?.id !== id || !viewer.open) {
    try {
      const item = await api.readItem(collection.name, id);
      if (state.item === id && placeOf(id) < 0) viewer.show(collection.name, item, null);
    } catch (error) {
      if (state.item !== id) return;
      go({ item: 0 }, { replace: true });
      results.showProblem(error, null);
    }
  }
}

function closeItem() {
  if (!state.item) return;
  if (history.state?.opened) history.back();
  else go({ item: 0 }, { replace: true });
}

/* ---- The server: collections, token */

async function readServed() {
  served = await api.readCollections();
  byId("collection").replaceChildren(...served.collections.map(({ name, count }) =>
    el("option", { value: name }, `${name} (${format.integer(count)})`)));
  byId("collection").disabled = served.collections.length < 2;
}

function wantToken() {
  byId("token").returnValue = "";
  if (!byId("token").open) byId("token").showModal();
  byId("token-input").focus();
}

async function start() {
  try {
    await readServed();
  } catch (error) {
    results.showProblem(error, () => { results.clearNotices(); start(); });
    return;
  }
  const { scroll = 0, count = 0 } = history.state ?? {};
  apply(false, { scroll, count });
}

/* ---- What the user does */

function listen() {
  addEventListener("popstate", () => {
    typing = false;
    closeMenu();
    state = parseAddress(location.href);
    apply(false, { scroll: history.state?.scroll ?? 0, count: history.state?.count ?? 0 });
  });
  addEventListener("scroll", debounce(remember, 250), { passive: true });
  byId("collection").addEventListener("change", (event) => {
    // ids, labels and attributes are of another collection; words are words
    go({ collection: event.target.value, parts: state.parts.filter(({ kind }) => kind === "text"), filters: [], label: "", item: 0 });
  });
  byId("fits").addEventListener("click", () => go({ fits: !state.fits, item: 0 }));
  byId("scores").addEventListener("click", () => showScores(!document.body.classList.contains("scores")));
  byId("pick").addEventListener("click", () => uploads.chooseFiles("file", ([file]) => takeImage(file, false)));
  byId("add-image").addEventListener("click", () => uploads.chooseFiles("file", ([file]) => takeImage(file, true)));
  byId("upload").addEventListener("click", chooseToAdd);
  byId("help-open").addEventListener("click", () => byId("help").showModal());
  byId("labels-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const labels = byId("labels").value.split(/[,\n]/).map((each) => each.trim()).filter(Boolean);
    go({ labels: [...new Set(labels)], label: "", item: 0 });
  });
  byId("duplicates-form").addEventListener("submit", (event) => {
    event.preventDefault();
    results.forget();
    go({ level: byId("level").value, item: 0 });
  });
  byId("copy-surplus").addEventListener("click", (event) => copyText(
    results.surplus().map((entry) => entry.path).join("\n"), event.currentTarget));
  listenToLinks();
  listenToKeys();
  listenForToken();
  uploads.listen({
    take: takeImage, hasQuery: () => state.parts.length > 0, store: addToCollection, canStore: () => canAdd() && !isAdding(),
  });
}

/** A part of the address has no file; those of this visit are known by their vectors. */
const files = new Map();
function adoptFiles() {
  for (const part of state.parts) {
    if (part.kind !== "image") continue;
    const key = part.image.vector.slice(0, 8).join();
    if (part.image.blob) files.set(key, part.image);
    else if (files.has(key)) Object.assign(part.image, { blob: files.get(key).blob, crop: files.get(key).crop });
  }
}

/** Links of the page itself change the state; with Ctrl and the like the browser opens them elsewhere. */
function listenToLinks() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("#views a, #label-list a, #home");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    if (link.id === "home") go({ ...parseAddress(""), collection: state.collection });
    else if (link.dataset.view) go({ view: link.dataset.view, item: 0 });
    else go({ label: link.dataset.label, item: 0 });
  });
}

function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.target.closest("input, textarea, select, [popover]")) return;
    if (event.key === "/") {
      event.preventDefault();
      byId("query").focus();
      byId("query").select();
    } else if (event.key === "?") byId("help").showModal();
  });
  byId("query").addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" || !grid.entries.length) return;
    event.preventDefault();
    grid.focus(grid.active);
  });
}

function listenForToken() {
  byId("token").addEventListener("cancel", (event) => event.preventDefault());
  byId("token").addEventListener("close", ({ currentTarget }) => { // a browser closes it at the second Escape, whatever "cancel" says
    if (!currentTarget.returnValue) wantToken();
  });
  byId("token-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    byId("token-problem").hidden = true;
    try {
      await api.logIn(byId("token-input").value.trim());
    } catch (error) {
      byId("token-problem").textContent = error.message;
      byId("token-problem").hidden = false;
      byId("token-input").select();
      return;
    }
    byId("token").close("known");
    byId("token-input").value = "";
    results.forget();
    await start();
  });
}

function showScores(shown) {
  document.body.classList.toggle("scores", shown);
  grid.showScores(shown);
  byId("scores").setAttribute("aria-pressed", String(shown));
  try {
    localStorage.setItem("scores", shown ? "1" : "");
  } catch {
    // the browser keeps nothing for this page: then for this visit
  }
}

history.scrollRestoration = "manual";
listen();
// what the address says is there from the first frame on, so that nothing moves when the server answers
box.set(state.parts);
filters.set(state.filters);
showChrome();
document.body.classList.remove("starting");
try {
  showScores(localStorage.getItem("scores") === "1");
} catch {
  showScores(false);
}
// on a telephone the focus would open the keyboard above half of the images
if (matchMedia("(hover: hover)").matches) byId("query").focus();
start();
