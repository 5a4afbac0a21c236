/* SPDX-License-Identifier: MIT
 * milvus_address.h - the address of a Milvus database, and what it is reached with. */
#ifndef CS_REMOTE_MILVUS_ADDRESS_H
#define CS_REMOTE_MILVUS_ADDRESS_H

#include "remote/stream.h"

typedef struct cs_milvus_address {
    cs_server_address server;
    char authority[264]; /* HOST:PORT, an address of IPv6 in brackets */
    char database[256];  /* "": the default one */
    bool zilliz;         /* Zilliz Cloud, which makes indexes of its own kind */
} cs_milvus_address;

/* milvus://HOST[:PORT][/DATABASE], milvus+tls:// and https:// likewise. The port is 19530, of https 443. `ca` is left
 * NULL. CLIPSEARCH_E_ARGUMENT says what is wrong; an address with a user or password in it is not repeated. */
clipsearch_status cs_milvus_address_parse(const char *text, cs_milvus_address *address, clipsearch_error *err);

#endif
