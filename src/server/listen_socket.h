/* SPDX-License-Identifier: MIT
 * listen_socket.h - the socket that a server listens at. */
#ifndef CS_SERVER_LISTEN_SOCKET_H
#define CS_SERVER_LISTEN_SOCKET_H

#include "base/error.h"

typedef struct cs_listen_socket {
    int fd;
    bool is_local;     /* only this machine can reach it */
    char address[160]; /* "127.0.0.1:8080", as an address in a browser has it */
} cs_listen_socket;

/* Listen at `where`: HOST:PORT, [IPV6]:PORT, :PORT or PORT (of this machine only). HOST is a number, "localhost" or a
 * name; "*" is all of the machine's addresses. Port 0: a free one. If systemd has passed a socket (LISTEN_PID,
 * LISTEN_FDS), that is taken instead. Errors: CLIPSEARCH_E_ARGUMENT (no address), _IO. */
clipsearch_status cs_listen_socket_open(const char *where, cs_listen_socket *opened, clipsearch_error *err);

#endif
