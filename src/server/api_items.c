/* SPDX-License-Identifier: MIT
 * api_items.c - one item: what is known of it, a small image, its file. */
#include "base/content_kind.h"
#include "base/file.h"
#include "base/mem.h"
#include "config/yaml_keys.h"
#include "server/api.h"
#include "server/hit_json.h"
#include "server/site.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEFAULT_SIDE = 256 };

/* Find the item that the path names: *hits has it. */
static clipsearch_status find_item(cs_request *request, cs_open_collection **open, clipsearch_hits **hits,
                                   clipsearch_error *err)
{
    size_t id = 0;
    clipsearch_collection_info info;
    if (!request->places[0] || !cs_read_count(request->places[0], INT64_MAX, &id) || !id)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "\"%.100s\" is no number of an image",
                       request->places[0] ? request->places[0] : "");
    const int64_t number = (int64_t)id;
    clipsearch_status status =
        cs_collection_take(request->server->collections, cs_request_argument(request, "collection"), open, &info, err);
    if (status == CLIPSEARCH_OK)
        status = clipsearch_get((*open)->collection, &number, 1, hits, err);
    if (status == CLIPSEARCH_OK && !clipsearch_hits_count(*hits, 0))
        status =
            cs_fail(err, CLIPSEARCH_E_NOT_FOUND, "the collection %s has no image with the number %zu", info.name, id);
    return status;
}

/* What a browser may keep: the page adds the file's time to the address. */
static void keep_a_day(cs_reply *reply)
{
    reply->cache = "private, max-age=86400";
}

/* Answer a request for an item with what `put` makes of it. */
static void answer(cs_request *request,
                   clipsearch_status (*put)(cs_request *, const clipsearch_hit *, clipsearch_error *))
{
    cs_open_collection *open = NULL;
    clipsearch_hits *hits = NULL;
    clipsearch_error err;
    clipsearch_status status = find_item(request, &open, &hits, &err);
    if (status == CLIPSEARCH_OK)
        status = put(request, clipsearch_hits_get(hits, 0, 0), &err);
    if (status != CLIPSEARCH_OK)
        cs_reply_error(&request->reply, &err);
    clipsearch_hits_free(&hits);
    cs_collection_give(request->server->collections, open);
}

static clipsearch_status put_item(cs_request *request, const clipsearch_hit *hit, clipsearch_error *err)
{
    cs_buf *out = cs_reply_json(&request->reply);
    (void)err;
    cs_buf_putc(out, '{');
    cs_put_hit(out, hit);
    cs_buf_puts(out, "}\n");
    return CLIPSEARCH_OK;
}

void cs_answer_item(cs_request *request)
{
    answer(request, put_item);
}

/* ---------------------------------------------------------------- small images */

static clipsearch_status read_side(const cs_request *request, uint32_t *side, clipsearch_error *err)
{
    const char *text = cs_request_argument(request, "size");
    size_t size = DEFAULT_SIDE;
    if (text && (!cs_read_count(text, CS_THUMBNAIL_MOST, &size) || size < CS_THUMBNAIL_LEAST))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "size should be a whole number from %d to %d",
                       (int)CS_THUMBNAIL_LEAST, (int)CS_THUMBNAIL_MOST);
    *side = (uint32_t)size;
    return CLIPSEARCH_OK;
}

static clipsearch_status put_thumbnail(cs_request *request, const clipsearch_hit *hit, clipsearch_error *err)
{
    cs_reply *reply = &request->reply;
    uint32_t side = 0;
    char etag[80];
    cs_shared_bytes *bytes = NULL;
    clipsearch_status status = read_side(request, &side, err);
    if (status != CLIPSEARCH_OK)
        return status;
    cs_file_info info;
    status = cs_file_stat(hit->path, &info, err);
    if (status != CLIPSEARCH_OK)
        return status;
    snprintf(etag, sizeof etag, "\"%" PRIx64 "-%" PRIx64 "-%" PRIx32 "\"", (uint64_t)info.mtime_ns, info.size, side);
    keep_a_day(reply);
    if (cs_request_is_unchanged(request, etag))
        return CLIPSEARCH_OK;
    const cs_thumbnail_key key = {.path = hit->path, .mtime_ns = info.mtime_ns, .bytes = info.size, .side = side};
    status = cs_thumbnails_get(request->server->thumbnails, &key, &bytes, err);
    if (status != CLIPSEARCH_OK)
        return status;
    reply->status = 200;
    reply->type = "image/jpeg";
    reply->shared = bytes;
    return CLIPSEARCH_OK;
}

void cs_answer_thumbnail(cs_request *request)
{
    answer(request, put_thumbnail);
}

/* ---------------------------------------------------------------- files */

/* NULL: a format that no browser shows, or none at all. */
static const char *type_of(const cs_content_kind *kind)
{
    static const char *const types[CS_FORMATS] = {[CS_FORMAT_JPEG] = "image/jpeg",
                                                  [CS_FORMAT_PNG] = "image/png",
                                                  [CS_FORMAT_GIF] = "image/gif",
                                                  [CS_FORMAT_BMP] = "image/bmp",
                                                  [CS_FORMAT_PNM] = "image/x-portable-anymap",
                                                  [CS_FORMAT_WEBP] = "image/webp",
                                                  [CS_FORMAT_TIFF] = "image/tiff",
                                                  [CS_FORMAT_HEIC] = "image/heic",
                                                  [CS_FORMAT_AVIF] = "image/avif"};
    return types[kind->format];
}

/* The file's name, as RFC 6266 has it: letters of ASCII for old programs, and all of it in %XX. */
static void put_disposition(const char *path, bool download, char *text, size_t size)
{
    const char *name = cs_path_base(path);
    int used = snprintf(text, size, "%s; filename*=UTF-8''", download ? "attachment" : "inline");
    for (size_t at = (size_t)used; *name && at + 4 < size; name++) {
        const unsigned char c = (unsigned char)*name;
        const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                           (c && strchr("-._~", (char)c));
        at += (size_t)(plain ? snprintf(text + at, size - at, "%c", c) : snprintf(text + at, size - at, "%%%02X", c));
    }
}

static clipsearch_status put_file(cs_request *request, const clipsearch_hit *hit, clipsearch_error *err)
{
    cs_reply *reply = &request->reply;
    unsigned char head[CS_CONTENT_KIND_BYTES];
    char etag[80];
    struct stat info;
    /* O_NONBLOCK: opening a pipe that took the file's place must not wait for its writer */
    const int fd = open(hit->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return cs_fail_errno(err, errno == ENOENT || errno == ENOTDIR ? CLIPSEARCH_E_NOT_FOUND : CLIPSEARCH_E_IO, errno,
                             "%s: cannot open", hit->path);
    const ssize_t got = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) ? pread(fd, head, sizeof head, 0) : -1;
    const char *type = got > 0 ? type_of(cs_content_kind_of(head, (size_t)got)) : NULL;
    if (!type) { /* only images are given out, whatever lies at the path now */
        close(fd);
        return cs_fail(err, CLIPSEARCH_E_NOT_FOUND, "%s: there is no image of a known format any more", hit->path);
    }
    snprintf(etag, sizeof etag, "\"%llx.%lx-%llx\"", (unsigned long long)info.st_mtim.tv_sec, info.st_mtim.tv_nsec,
             (unsigned long long)info.st_size);
    keep_a_day(reply);
    if (cs_request_is_unchanged(request, etag)) {
        close(fd);
        return CLIPSEARCH_OK;
    }
    const char *download = cs_request_argument(request, "download");
    put_disposition(hit->path, download && strcmp(download, "0") != 0, reply->disposition, sizeof reply->disposition);
    reply->status = 200;
    reply->type = type;
    reply->has_file = true;
    reply->file = fd;
    reply->file_size = (uint64_t)info.st_size;
    return CLIPSEARCH_OK;
}

void cs_answer_file(cs_request *request)
{
    answer(request, put_file);
}
