/* SPDX-License-Identifier: MIT
 * http2.h - one request after another over a connection of HTTP/2. */
#ifndef CS_REMOTE_HTTP2_H
#define CS_REMOTE_HTTP2_H

#include "base/buf.h"
#include "remote/stream.h"

#include <stdint.h>

/* A connection; one thread at a time. */
typedef struct cs_http2 cs_http2;

typedef struct cs_http2_request {
    const char *path;
    const char *authority;     /* HOST:PORT */
    const char *authorization; /* NULL: none */
    const char *database;      /* the header dbname; NULL: none */
    const cs_buf *body;        /* a message of gRPC with its prefix */
} cs_http2_request;

enum { CS_GRPC_OK = 0, CS_GRPC_NONE = -1 };

typedef struct cs_http2_reply {
    int http_status;   /* 0: none came */
    int grpc_status;   /* CS_GRPC_NONE: none came */
    char message[512]; /* grpc-message, decoded */
    cs_buf body;       /* as it came; the caller made it with its limit, and frees it */
} cs_http2_reply;

/* The version of nghttp2, or why there is none. */
const char *cs_http2_library(void);

/* Errors: those of cs_stream_open; CLIPSEARCH_E_UNSUPPORTED (nghttp2 is not installed). */
clipsearch_status cs_http2_open(const cs_server_address *address, const cs_wait *wait, cs_http2 **connection,
                                clipsearch_error *err);
void cs_http2_close(cs_http2 **connection);

/* Send the request and read its answer. After any failure the connection is of no more use. *lost: the server may not
 * have seen the request, or its answer is lost: another try on another connection may help.
 * Errors: CLIPSEARCH_E_IO (lost), _DATABASE (the server speaks no HTTP/2), _LIMIT (an answer of more than the body's
 * limit), _TIMEOUT, _CANCELLED, _MEMORY. */
clipsearch_status cs_http2_call(cs_http2 *connection, const cs_http2_request *request, const cs_wait *wait,
                                cs_http2_reply *reply, bool *lost, clipsearch_error *err);

/* Whether the connection can take another request: nothing has come that ends it. */
bool cs_http2_is_usable(cs_http2 *connection);

#endif
