/* SPDX-License-Identifier: MIT
 * guard.h - who may ask: the token, and requests that another site's page has made a browser send. */
#ifndef CS_SERVER_GUARD_H
#define CS_SERVER_GUARD_H

#include "base/error.h"

enum { CS_TOKEN_MIN = 16, CS_TOKEN_MAX = 256 };

typedef struct cs_guard {
    char token[CS_TOKEN_MAX + 1]; /* "": none is asked for */
    bool is_tls;
    char machine[256]; /* the machine's name */
    char **names;      /* [name_count] further names of this server; owned */
    size_t name_count;
} cs_guard;

/* What a request says of where it comes from; NULL: nothing. */
typedef struct cs_request_origin {
    const char *host, *origin, *fetch_site, *cookie, *authorization;
} cs_request_origin;

/* Read the token from the first line of `path`. Errors: CLIPSEARCH_E_ARGUMENT (too short, too long, or with other
 * characters than printable ASCII without space, comma and semicolon), _NOT_FOUND, _IO. */
clipsearch_status cs_guard_read_token(cs_guard *guard, const char *path, clipsearch_error *err);
/* Make a random one of 128 bits. Errors: CLIPSEARCH_E_IO. */
clipsearch_status cs_guard_make_token(cs_guard *guard, clipsearch_error *err);
void cs_guard_free(cs_guard *guard);

/* Whether a browser that sends this Host has asked this server: a name that another site's owner lets point to this
 * machine (DNS rebinding) is none of numbers, localhost, the machine's name and guard->names. A request without Host is
 * not a browser's. */
bool cs_guard_knows_host(const cs_guard *guard, const char *host);

/* Whether the request was not made by a page of another site. */
bool cs_guard_is_same_site(const cs_guard *guard, const cs_request_origin *from);

/* Whether the request has the token, as "Authorization: Bearer" or as cookie; true when none is asked for. */
bool cs_guard_admits(const cs_guard *guard, const cs_request_origin *from);

/* Whether `token` is the server's, compared in a time that does not depend on where they differ. */
bool cs_guard_is_token(const cs_guard *guard, const char *token);

/* The value of Set-Cookie that keeps the token in a browser. */
void cs_guard_cookie(const cs_guard *guard, char *cookie, size_t size);

#endif
