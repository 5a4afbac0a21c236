/* SPDX-License-Identifier: MIT
 * web_image.c - fetches one image. */
#include "models/web_image.h"

#include "models/http.h"

typedef struct fetch {
    const char *url;
    cs_buf *data;
    clipsearch_status status; /* why the transfer was stopped */
    clipsearch_error error;
} fetch;

static bool stop_large(fetch *f)
{
    f->status = cs_fail(&f->error, CLIPSEARCH_E_LIMIT, "%s: the image is larger than the limit of %d MiB", f->url,
                        (int)CS_WEB_IMAGE_BYTES >> 20);
    return false;
}

static bool begin(void *context, const cs_http_reply *reply)
{
    fetch *f = context;
    return reply->total <= CS_WEB_IMAGE_BYTES || stop_large(f);
}

static bool take(void *context, const void *bytes, size_t size)
{
    fetch *f = context;
    if (size > CS_WEB_IMAGE_BYTES - f->data->len)
        return stop_large(f);
    if (cs_buf_append(f->data, bytes, size))
        return true;
    f->status = cs_fail_memory(&f->error, f->url);
    return false;
}

static bool go_on(void *context)
{
    (void)context;
    return true;
}

clipsearch_status cs_web_image_get(const char *url, bool allow_local, cs_buf *data, clipsearch_error *err)
{
    fetch f = {.url = url, .data = data};
    clipsearch_error why = {0};
    cs_http_reply reply;
    const cs_http_request request = {.url = url,
                                     .stall_seconds = CS_WEB_IMAGE_STALL,
                                     .most_seconds = CS_WEB_IMAGE_SECONDS,
                                     .public_only = !allow_local,
                                     .begin = begin,
                                     .data = take,
                                     .tick = go_on,
                                     .context = &f};
    *data = cs_buf_make(CS_WEB_IMAGE_BYTES);
    const cs_http_end end = cs_http_get(&request, &reply, &why);
    if (end == CS_HTTP_STOPPED)
        return cs_fail(err, f.status, "%s", f.error.message);
    if (end != CS_HTTP_DONE)
        return cs_fail(err, why.code, "%s", why.message);
    if (!data->len)
        return cs_fail(err, CLIPSEARCH_E_IO, "%s: the server sent nothing", url);
    return CLIPSEARCH_OK;
}
