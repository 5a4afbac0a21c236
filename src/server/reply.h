/* SPDX-License-Identifier: MIT
 * reply.h - what a request is answered with, before it goes to the HTTP library. */
#ifndef CS_SERVER_REPLY_H
#define CS_SERVER_REPLY_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* Bytes that several owners share, counted: a small image in the cache and in answers. */
typedef struct cs_shared_bytes cs_shared_bytes;

/* Takes over `bytes`, of cs_alloc_array; they are freed also on failure (NULL: out of memory). One owner. */
cs_shared_bytes *cs_shared_bytes_make(void *bytes, size_t size);
cs_shared_bytes *cs_shared_bytes_share(cs_shared_bytes *shared);
void cs_shared_bytes_release(cs_shared_bytes *shared);
size_t cs_shared_bytes_size(const cs_shared_bytes *shared);
const void *cs_shared_bytes_data(const cs_shared_bytes *shared);

/* An answer: one of fixed, shared, a file or body. */
typedef struct cs_reply {
    unsigned status;  /* of HTTP; 0: not answered yet */
    const char *type; /* of the content; static */
    cs_buf body;
    const void *fixed; /* [fixed_size] static bytes */
    size_t fixed_size;
    cs_shared_bytes *shared; /* owned */
    bool has_file;
    int file; /* owned until the HTTP library takes it */
    uint64_t file_size;
    char etag[80];         /* with its quotes; "": none */
    const char *cache;     /* Cache-Control; NULL: no-store */
    const char *policy;    /* Content-Security-Policy; NULL: nothing is allowed */
    char disposition[320]; /* Content-Disposition; "": none */
    char cookie[320];      /* Set-Cookie; "": none */
    const char *location;  /* NULL: none; static */
    const char *allow;     /* Allow; NULL: none; static */
    const char *challenge; /* WWW-Authenticate; NULL: none; static */
    unsigned retry_after;  /* seconds; 0: none */
    bool closes;           /* the connection ends with this answer */
} cs_reply;

void cs_reply_init(cs_reply *reply);
void cs_reply_free(cs_reply *reply);

/* Begin a JSON answer with status 200: append to reply->body. A body that has failed (no memory) is answered as such by
 * cs_reply_finish. */
cs_buf *cs_reply_json(cs_reply *reply);
void cs_reply_finish(cs_reply *reply);

/* Answer {"error": {"code", "message"}} instead of what the reply held. */
void cs_reply_fail(cs_reply *reply, unsigned status, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The same for an error of the library, with the status of HTTP that fits it. */
void cs_reply_error(cs_reply *reply, const clipsearch_error *err);

/* An answer without content, such as 204 and 304. */
void cs_reply_empty(cs_reply *reply, unsigned status);

#endif
