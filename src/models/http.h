/* SPDX-License-Identifier: MIT
 * http.h - one GET over HTTP. Only its implementation includes libcurl. */
#ifndef CS_MODELS_HTTP_H
#define CS_MODELS_HTTP_H

#include "base/error.h"

#include <stdint.h>

/* The server's reply, after redirects. */
typedef struct cs_http_reply {
    long code;           /* 200, 206, 404, ... 0: no reply */
    uint64_t first;      /* 206: the first byte sent */
    uint64_t total;      /* bytes of the whole file; 0: not given */
    char validator[256]; /* a strong ETag with its quotes, else Last-Modified, else "" */
    char url[1024];      /* after redirects */
} cs_http_reply;

typedef struct cs_http_request {
    const char *url;
    uint64_t from;          /* first byte wanted; 0: all, without asking for a range */
    const char *validator;  /* of the bytes that are there already: if the file has changed, the server sends all of
                               it. NULL: none */
    unsigned stall_seconds; /* no connection, or almost no data, for so long ends the transfer */
    unsigned most_seconds;  /* for the whole transfer; 0: no limit */
    bool public_only;       /* only addresses that are reached through the internet: see cs_http_is_public. Connections
                               are then made directly, because a proxy would hide where they go */
    /* `begin` is called before the first byte of a body with code 200 or 206, `data` with its bytes, `tick` about once
     * a second, with or without data. Returning false ends the transfer. Bodies with other codes are dropped. */
    bool (*begin)(void *context, const cs_http_reply *reply);
    bool (*data)(void *context, const void *bytes, size_t size);
    bool (*tick)(void *context);
    void *context;
} cs_http_request;

typedef enum cs_http_end {
    CS_HTTP_DONE,    /* a complete reply: 200, 206 or 416 */
    CS_HTTP_CUT,     /* the connection was refused, lost or stalled, or the server is busy: another attempt may help */
    CS_HTTP_FAILED,  /* another attempt would not help */
    CS_HTTP_STOPPED, /* a callback returned false; `err` is untouched */
} cs_http_end;

struct sockaddr;

/* Whether an address is one that is reached through the internet: not this computer's own (loopback, unspecified), none
 * of a private or local network, of a link, of a carrier's network or of a multicast group, and none reserved for other
 * uses (RFC 6890, RFC 4193, RFC 4291), also when it is an IPv4 address inside an IPv6 one. */
bool cs_http_is_public(const struct sockaddr *address);

/* NULL when libcurl can be used, which this loads; else why not: cs_http_get fails. */
const char *cs_http_absence(void);

/* GET. At most 10 redirects, none of them from https to http. Proxies come from curl's environment variables
 * (https_proxy, no_proxy, ...); a file of certificates in CURL_CA_BUNDLE or SSL_CERT_FILE replaces curl's own. `err` is
 * filled for CUT and FAILED. */
cs_http_end cs_http_get(const cs_http_request *request, cs_http_reply *reply, clipsearch_error *err);

/* The version of libcurl; NULL in a build without it. */
const char *cs_http_library(void);

#endif
