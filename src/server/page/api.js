// SPDX-License-Identifier: MIT
// api.js - the requests of docs/http.md. Addresses are relative, so that the page also works below a prefix of a proxy.

/** What went wrong, in the server's words. `status` is 0 where no answer came. */
export class ApiError extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const pause = (seconds, signal) => new Promise((resolve, reject) => {
  const timer = setTimeout(resolve, seconds * 1000);
  signal?.addEventListener("abort", () => { clearTimeout(timer); reject(signal.reason); });
});

async function readError(response) {
  let error = null;
  try {
    error = (await response.json()).error;
  } catch {
    // not the server itself but something in front of it: there is only the status
  }
  return new ApiError(response.status, error?.code ?? "",
    error?.message ?? `the server answers ${response.status} ${response.statusText}`);
}

/** Ask for `path`. A server that is busy is asked once more, after the time that it names (5 s at most). */
async function ask(path, options = {}) {
  for (let attempt = 0; ; attempt++) {
    let response;
    try {
      response = await fetch(path, { credentials: "same-origin", ...options });
    } catch (problem) {
      if (options.signal?.aborted) throw problem;
      throw new ApiError(0, "unreachable", "The server does not answer. Is “clipsearch serve” still running?");
    }
    if (response.ok) return response;
    const wait = Number(response.headers.get("Retry-After"));
    if (attempt || ![429, 503].includes(response.status) || !(wait >= 0 && wait <= 5)) throw await readError(response);
    await pause(wait, options.signal);
  }
}

async function askJson(path, body, signal) {
  const options = { signal };
  if (body !== undefined) {
    options.method = "POST";
    options.headers = { "Content-Type": "application/json" };
    options.body = JSON.stringify(body);
  }
  const response = await ask(path, options);
  return response.status === 204 ? null : response.json();
}

export const readCollections = (signal) => askJson("v1/collections", undefined, signal);
export const search = (body, signal) => askJson("v1/search", body, signal);
export const sortByLabel = (body, signal) => askJson("v1/labels", body, signal);
export const findDuplicates = (body, signal) => askJson("v1/duplicates", body, signal);
export const logIn = (token) => askJson("v1/login", { token });
export const readAttributes = (collection) =>
  askJson(`v1/collections/${encodeURIComponent(collection)}/attributes`);
export const readItem = (collection, id, signal) =>
  askJson(`v1/items/${id}?collection=${encodeURIComponent(collection)}`, undefined, signal);

/** The vector of an image file, or of the part [left, top, width, height] of it, in per cent of its sides. */
export async function embedImage(collection, file, crop, signal) {
  const form = new FormData();
  form.append("collection", collection);
  if (crop) form.append("crop", crop.map((side) => Number(side.toFixed(3))).join(","));
  form.append("image", file, file.name || "image");
  const answer = await (await ask("v1/embed", { method: "POST", body: form, signal })).json();
  return answer.vectors[0];
}

/** Add an image file to the collection; the answer is its item. */
export async function uploadImage(collection, file, signal) {
  const form = new FormData();
  form.append("collection", collection);
  form.append("image", file, file.name || "image");
  return (await ask("v1/items", { method: "POST", body: form, signal })).json();
}

/** Remove an image from the collection; its file stays. */
export const removeItem = (collection, id) =>
  ask(`v1/items/${id}?collection=${encodeURIComponent(collection)}`, { method: "DELETE" });

/** The vector of a part of an image of the collection. */
export async function embedItem(collection, id, crop, signal) {
  const body = { collection, id };
  if (crop) body.crop = crop.map((side) => Number(side.toFixed(3)));
  return (await askJson("v1/embed", body, signal)).vectors[0];
}

const SIZES = [128, 256, 512, 1024, 2048];

/** The address of a small image whose longest side has at least `pixels`, as long as the file itself does. */
export function thumbnailUrl(collection, item, pixels) {
  const size = SIZES.find((each) => each >= pixels) ?? SIZES.at(-1);
  return `v1/items/${item.id}/thumbnail?collection=${encodeURIComponent(collection)}&size=${size}`
    + `&v=${Math.floor(item.mtime ?? 0)}`;
}

export const fileUrl = (collection, id, download = false) =>
  `v1/items/${id}/file?collection=${encodeURIComponent(collection)}${download ? "&download=1" : ""}`;
