/* SPDX-License-Identifier: MIT
 * server_access.h - what a server of databases is reached with, from the configuration into the environment. */
#ifndef CS_CONFIG_SERVER_ACCESS_H
#define CS_CONFIG_SERVER_ACCESS_H

#include "base/error.h"

/* Set the environment variables by which the library knows them. Before any thread is started. */

/* `ca`: a PEM file of authorities; `consistency`: a word of Milvus; NULL: not given. CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_server_access_set(const char *ca, const char *consistency, clipsearch_error *err);

/* The token is the first line of the file `path`; one that is set already stays. Errors: CLIPSEARCH_E_IO, _ARGUMENT (a
 * file that is no token), _MEMORY. The token is in no message. */
clipsearch_status cs_server_access_read_token(const char *path, clipsearch_error *err);

#endif
