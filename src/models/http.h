/* SPDX-License-Identifier: MIT
 * http.h - one GET over HTTP; all that knows libcurl is behind it. */
#ifndef CS_MODELS_HTTP_H
#define CS_MODELS_HTTP_H

#include "base/error.h"

#include <stdint.h>

/* What the server said, redirects followed. */
typedef struct cs_http_reply {
    long code;           /* 200, 206, 404, ... 0: none came */
    uint64_t first;      /* 206: the first byte sent */
    uint64_t total;      /* bytes of the whole file; 0: not said */
    char validator[256]; /* a strong ETag with its quotes, else Last-Modified, else "" */
    char url[1024];      /* where it came from in the end */
} cs_http_reply;

typedef struct cs_http_request {
    const char *url;
    uint64_t from;          /* first byte wanted; 0: all, without asking for a range */
    const char *validator;  /* of what is there already: a changed file then comes from its beginning. NULL: none */
    unsigned stall_seconds; /* no connection, or almost no data, for so long ends it */
    /* Before the first byte of a body with 200 or 206; then its bytes; and about once a second, data or not. A false
     * return ends it all. Bodies with other codes are dropped. */
    bool (*begin)(void *context, const cs_http_reply *reply);
    bool (*data)(void *context, const void *bytes, size_t size);
    bool (*tick)(void *context);
    void *context;
} cs_http_request;

typedef enum cs_http_end {
    CS_HTTP_DONE,    /* a reply came, whole: 200, 206 or 416 */
    CS_HTTP_CUT,     /* the connection was refused or lost, stalled, or the server is busy: another try may help */
    CS_HTTP_FAILED,  /* trying again would not help */
    CS_HTTP_STOPPED, /* a callback said so; `err` is untouched */
} cs_http_end;

/* Whether this build can do it; `why` (may be NULL) receives what to do when not. */
bool cs_http_there(const char **why);

/* GET. At most 10 redirects; from https to http none. Proxies as curl's environment variables say (https_proxy,
 * no_proxy, ...); certificates in CURL_CA_BUNDLE or SSL_CERT_FILE count instead of curl's own. `err` is filled for CUT
 * and FAILED. */
cs_http_end cs_http_get(const cs_http_request *request, cs_http_reply *reply, clipsearch_error *err);

#endif
