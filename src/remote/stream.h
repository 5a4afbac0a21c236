/* SPDX-License-Identifier: MIT
 * stream.h - a connection to a server, plain or with TLS, of which every wait ends by a deadline or on request. */
#ifndef CS_REMOTE_STREAM_H
#define CS_REMOTE_STREAM_H

#include "base/error.h"

typedef struct cs_server_address {
    char host[256]; /* a name, or numbers of IPv4 or IPv6 without brackets */
    char port[6];
    bool tls;
    const char *ca; /* a PEM file of authorities instead of the system's, or NULL */
} cs_server_address;

/* What ends a wait. */
typedef struct cs_wait {
    double deadline;              /* by cs_clock_ms */
    bool (*go_on)(void *context); /* asked about twenty times a second, on the caller's thread; NULL: nobody is */
    void *context;
} cs_wait;

/* CLIPSEARCH_E_TIMEOUT, _CANCELLED: the wait is to end now. A cs_stop of the calling thread is asked, too. */
clipsearch_status cs_wait_check(const cs_wait *wait, clipsearch_error *err);

typedef struct cs_stream cs_stream;

/* Connect. *plain: the server was asked for TLS and answers without.
 * Errors: CLIPSEARCH_E_IO (no such host, nobody listens there), _DATABASE (TLS: not trusted, not understood),
 * _UNSUPPORTED (no TLS in this system), _TIMEOUT, _CANCELLED, _MEMORY. */
clipsearch_status cs_stream_open(const cs_server_address *address, const cs_wait *wait, cs_stream **stream, bool *plain,
                                 clipsearch_error *err);
void cs_stream_close(cs_stream **stream);

/* Write as much as goes without waiting, *count bytes. CLIPSEARCH_E_IO: the connection is lost. */
clipsearch_status cs_stream_write(cs_stream *stream, const void *bytes, size_t size, size_t *count,
                                  clipsearch_error *err);
/* Read what is there, *count bytes; 0: nothing yet. CLIPSEARCH_E_IO: the connection is lost, or the server closed it.
 */
clipsearch_status cs_stream_read(cs_stream *stream, void *bytes, size_t size, size_t *count, clipsearch_error *err);
/* Wait until there is something to read or, with `writing`, more can be written; at most about 50 ms. */
clipsearch_status cs_stream_wait(cs_stream *stream, bool writing, const cs_wait *wait, clipsearch_error *err);

#endif
