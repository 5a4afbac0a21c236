/* SPDX-License-Identifier: MIT
 * reply.c - answers and their errors. */
#include "server/reply.h"

#include "base/json.h"
#include "base/mem.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MAX_REPLY = 256 << 20, RETRY_SECONDS = 1 };

struct cs_shared_bytes {
    atomic_size_t owners;
    void *bytes;
    size_t size;
};

cs_shared_bytes *cs_shared_bytes_make(void *bytes, size_t size)
{
    cs_shared_bytes *shared = cs_alloc_array(1, sizeof *shared);
    if (!shared) {
        cs_free(bytes);
        return NULL;
    }
    atomic_init(&shared->owners, 1);
    shared->bytes = bytes;
    shared->size = size;
    return shared;
}

cs_shared_bytes *cs_shared_bytes_share(cs_shared_bytes *shared)
{
    atomic_fetch_add(&shared->owners, 1);
    return shared;
}

void cs_shared_bytes_release(cs_shared_bytes *shared)
{
    if (!shared || atomic_fetch_sub(&shared->owners, 1) != 1)
        return;
    cs_free(shared->bytes);
    cs_free(shared);
}

size_t cs_shared_bytes_size(const cs_shared_bytes *shared)
{
    return shared->size;
}

const void *cs_shared_bytes_data(const cs_shared_bytes *shared)
{
    return shared->bytes;
}

void cs_reply_init(cs_reply *reply)
{
    *reply = (cs_reply){.body = cs_buf_make(MAX_REPLY), .file = -1};
}

void cs_reply_free(cs_reply *reply)
{
    cs_buf_free(&reply->body);
    cs_shared_bytes_release(reply->shared);
    if (reply->has_file && reply->file >= 0)
        close(reply->file);
    cs_reply_init(reply);
}

cs_buf *cs_reply_json(cs_reply *reply)
{
    cs_reply_free(reply);
    reply->status = 200;
    reply->type = "application/json";
    return &reply->body;
}

void cs_reply_finish(cs_reply *reply)
{
    if (reply->body.failed)
        cs_reply_fail(reply, 503, "memory", "the answer is too large, or memory has run out; ask for less");
    else if (!reply->status)
        cs_reply_fail(reply, 500, "internal", "the request was not answered");
}

static void put_error(cs_reply *reply, unsigned status, const char *code, const char *message)
{
    cs_reply_free(reply);
    reply->status = status;

    reply->type = "application/json";
    reply->retry_after = status == 503 || status == 429 ? RETRY_SECONDS : 0;
    cs_buf_puts(&reply->body, "{\"error\":{\"code\":");
    cs_json_put_string(&reply->body, code, strlen(code));
    cs_buf_puts(&reply->body, ",\"message\":");
    cs_json_put_string(&reply->body, message, strlen(message));
    cs_buf_puts(&reply->body, "}}\n");
    if (reply->body.failed) /* no memory for some hundred bytes: the status says enough */
        cs_buf_clear(&reply->body);
}

void cs_reply_fail(cs_reply *reply, unsigned status, const char *code, const char *format, ...)
{
    char message[1200];
    va_list args;
    va_start(args, format);
    cs_vformat(message, sizeof message, format, args);
    va_end(args);
    put_error(reply, status, code, message);
}

static unsigned status_of(clipsearch_status status)
{
    switch (status) {
    case CLIPSEARCH_E_ARGUMENT:
    case CLIPSEARCH_E_FORMAT:
        return 400;
    case CLIPSEARCH_E_NOT_FOUND:
        return 404;
    case CLIPSEARCH_E_MISMATCH:
        return 409;
    case CLIPSEARCH_E_LIMIT:
        return 413;
    case CLIPSEARCH_E_UNSUPPORTED:
        return 415;
    case CLIPSEARCH_E_MEMORY:
    case CLIPSEARCH_E_TIMEOUT:
    case CLIPSEARCH_E_CANCELLED:
        return 503;
    case CLIPSEARCH_OK:
    case CLIPSEARCH_E_IO:
    case CLIPSEARCH_E_MODEL:
    case CLIPSEARCH_E_DATABASE:
        break;
    }
    return 500;
}

void cs_reply_error(cs_reply *reply, const clipsearch_error *err)
{
    char code[32];
    snprintf(code, sizeof code, "%s", clipsearch_status_name(err->code));
    for (char *c = code; *c; c++)
        *c = *c == ' ' ? '_' : *c;
    put_error(reply, status_of(err->code), code, err->message);
}

void cs_reply_empty(cs_reply *reply, unsigned status)
{
    cs_buf_free(&reply->body);
    reply->body = cs_buf_make(MAX_REPLY);
    reply->status = status;
    reply->type = NULL;
}
