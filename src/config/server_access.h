/* SPDX-License-Identifier: MIT
 * server_access.h - what a server of databases is reached with, from the configuration into the environment. */
#ifndef CS_CONFIG_SERVER_ACCESS_H
#define CS_CONFIG_SERVER_ACCESS_H

#include "base/error.h"

/* Paths and words; NULL: not given. */
typedef struct cs_server_access {
    const char *token_file;  /* the file whose first line is the token */
    const char *ca;          /* a PEM file of authorities */
    const char *consistency; /* a word of Milvus */
} cs_server_access;

/* Set the environment variables by which the library knows them; one that is set already stays, unless `overwrite`.
 * Before any thread is started. Errors: CLIPSEARCH_E_IO, _ARGUMENT (a file that is no token), _MEMORY. The token is in
 * no message. */
clipsearch_status cs_server_access_set(const cs_server_access *access, bool overwrite, clipsearch_error *err);

#endif
