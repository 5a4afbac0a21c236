/* SPDX-License-Identifier: MIT
 * gzip.c - gzip expansion through zlib. */
#include "model/gzip.h"

#include "base/file.h"
#include "base/mem.h"

#include <limits.h>
#include <zlib.h>

enum { PIECE = 64 << 10, GZIP_WINDOW = 15 + 16 }; /* 15: the largest window; 16: gzip's header, not zlib's */

static voidpf allocate(voidpf context, uInt items, uInt size)
{
    (void)context;
    return cs_alloc_array(items, size);
}

static void release(voidpf context, voidpf block)
{
    (void)context;
    cs_free(block);
}

/* Expand the members of `raw` one after the other, as gzip does with files put end to end. */
static clipsearch_status expand(const char *path, const cs_buf *raw, cs_buf *buf, clipsearch_error *err)
{
    z_stream stream = {.zalloc = allocate, .zfree = release};
    if (inflateInit2(&stream, GZIP_WINDOW) != Z_OK)
        return cs_fail_memory(err, path);
    clipsearch_status status = CLIPSEARCH_OK;
    stream.next_in = (Bytef *)raw->data;
    size_t left = raw->len;
    for (;;) {
        if (stream.avail_in == 0) {
            stream.avail_in = left < UINT_MAX ? (uInt)left : UINT_MAX;
            left -= stream.avail_in;
        }
        /* at the limit one more byte is requested, to see whether a text of exactly the limit ends there */
        Bytef past_limit;
        bool full = buf->len == buf->max;
        size_t room = full ? 1 : buf->max - buf->len < PIECE ? buf->max - buf->len : PIECE;
        if (!full && !cs_buf_reserve(buf, room)) {
            status = cs_fail_memory(err, path);
            break;
        }
        stream.next_out = full ? &past_limit : (Bytef *)buf->data + buf->len;
        stream.avail_out = (uInt)room;
        int result = inflate(&stream, Z_NO_FLUSH);
        size_t written = room - stream.avail_out;
        if (full && written) {
            status =
                cs_fail(err, CLIPSEARCH_E_LIMIT, "%s: expands to more than the limit of %zu bytes", path, buf->max);
            break;
        }
        buf->len += written;
        if (result == Z_STREAM_END) {
            if (stream.avail_in == 0 && left == 0)
                break;
            result = inflateReset(&stream); /* another member follows */
        }
        if (result != Z_OK) {
            bool memory = result == Z_MEM_ERROR;
            /* Z_BUF_ERROR: no input is left, no progress can be made */
            status = memory ? cs_fail_memory(err, path)
                            : cs_fail(err, CLIPSEARCH_E_MODEL, "%s: byte %zu: %s; fetch the file again", path,
                                      raw->len - left - stream.avail_in,
                                      result == Z_BUF_ERROR ? "the gzip data is cut short" : "damaged gzip data");
            break;
        }
    }
    inflateEnd(&stream);
    return status;
}

clipsearch_status cs_gzip_read(const char *path, cs_buf *buf, clipsearch_error *err)
{
    cs_buf_clear(buf);
    /* text that does not compress grows by a header and a few bytes a block */
    cs_buf raw = cs_buf_make(buf->max < SIZE_MAX / 2 ? buf->max + buf->max / 1000 + PIECE : buf->max);
    clipsearch_status status = cs_file_read(path, &raw, NULL, err);
    if (status != CLIPSEARCH_OK)
        goto done;
    const unsigned char *bytes = (const unsigned char *)raw.data;
    if (raw.len >= 2 && bytes[0] == 0x1F && bytes[1] == 0x8B)
        status = expand(path, &raw, buf, err);
    else if (raw.len > buf->max)
        status = cs_fail(err, CLIPSEARCH_E_LIMIT, "%s: %zu bytes, more than the limit of %zu", path, raw.len, buf->max);
    else if (!cs_buf_append(buf, raw.data ? raw.data : "", raw.len))
        status = cs_fail_memory(err, path);
done:
    if (status != CLIPSEARCH_OK)
        cs_buf_clear(buf);
    else if (buf->data)
        buf->data[buf->len] = '\0';
    cs_buf_free(&raw);
    return status;
}

const char *cs_gzip_library(void)
{
    return zlibVersion();
}
