/* SPDX-License-Identifier: MIT
 * server_scheme.c - the schemes of servers that hold databases. */
#include "base/server_scheme.h"

#include <stddef.h>
#include <string.h>

const cs_server_scheme *cs_server_scheme_of(const char *database)
{
    static const cs_server_scheme schemes[] = {
        {"milvus://", "19530", false}, {"milvus+tls://", "19530", true}, {"https://", "443", true}};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (strncmp(database, schemes[i].text, strlen(schemes[i].text)) == 0)
            return &schemes[i];
    return NULL;
}
