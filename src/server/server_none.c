/* SPDX-License-Identifier: MIT
 * server_none.c - a build without libmicrohttpd has no server. */
#include "server/server.h"

#include "base/error.h"

void cs_server_options_init(cs_server_options *options)
{
    *options = (cs_server_options){.settings = NULL};
}

clipsearch_status cs_server_open(const cs_server_options *options, cs_server **server, clipsearch_error *err)
{
    (void)options;
    *server = NULL;
    return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED, "this build has no server, which needs libmicrohttpd");
}

const char *cs_server_address(const cs_server *server)
{
    (void)server;
    return "";
}

void cs_server_run(cs_server *server, bool (*stop)(void))
{
    (void)server;
    (void)stop;
}

void cs_server_close(cs_server **server)
{
    *server = NULL;
}

const char *cs_server_library(void)
{
    return NULL;
}
