/* SPDX-License-Identifier: MIT
 * server_scheme.h - which paths of databases are addresses of servers. */
#ifndef CS_BASE_SERVER_SCHEME_H
#define CS_BASE_SERVER_SCHEME_H

#include <stdbool.h>

typedef struct cs_server_scheme {
    const char *text; /* "milvus://": how the addresses begin */
    const char *port; /* where none is given */
    bool tls;
} cs_server_scheme;

/* The scheme of a database's address; NULL: it is the path of a file. */
const cs_server_scheme *cs_server_scheme_of(const char *database);

#endif
