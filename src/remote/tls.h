/* SPDX-License-Identifier: MIT
 * tls.h - one TLS connection, without a socket: bytes of the network go in and come out. */
#ifndef CS_REMOTE_TLS_H
#define CS_REMOTE_TLS_H

#include "base/error.h"

typedef struct cs_tls cs_tls;

/* A client's connection to `host`, whose certificate must be for that name and from an authority of the system, or of
 * the PEM file `ca` when that is not NULL. TLS 1.2 at least; HTTP/2 is asked for (ALPN).
 * Errors: CLIPSEARCH_E_UNSUPPORTED (OpenSSL is not installed), _IO (the file `ca`), _MEMORY. */
clipsearch_status cs_tls_open(const char *host, const char *ca, cs_tls **tls, clipsearch_error *err);
void cs_tls_close(cs_tls **tls);

/* Bytes that came from the network. CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_tls_feed(cs_tls *tls, const void *bytes, size_t size, clipsearch_error *err);
/* Take up to `size` bytes that are to go to the network; 0: there are none. */
size_t cs_tls_take(cs_tls *tls, void *bytes, size_t size);

/* Go on with the handshake as far as the bytes that were fed allow. *plain: the server's answer is no TLS.
 * CLIPSEARCH_E_DATABASE says why the server cannot be trusted or understood. */
clipsearch_status cs_tls_shake_hands(cs_tls *tls, bool *done, bool *plain, clipsearch_error *err);
/* Read, or write, up to `size` bytes, *count of them; 0: more bytes of the network are needed first. *ended: the server
 * has closed the connection. CLIPSEARCH_E_DATABASE: the connection is broken. */
clipsearch_status cs_tls_read(cs_tls *tls, void *bytes, size_t size, size_t *count, bool *ended, clipsearch_error *err);
clipsearch_status cs_tls_write(cs_tls *tls, const void *bytes, size_t size, size_t *count, clipsearch_error *err);

#endif
