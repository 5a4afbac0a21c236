/* SPDX-License-Identifier: MIT
 * http_library.c - loads libmicrohttpd. */
#include "server/http_library.h"

#include "server/server.h"

#include <pthread.h>

cs_mhd_functions cs_mhd;

#define ROW(function) {#function, &cs_mhd.function},
static const cs_symbol symbols[] = {CS_MHD_FUNCTIONS(ROW)};
static bool loaded;

static void load(void)
{
    static const char *const names[] = {"libmicrohttpd.so.12", NULL};
    loaded = cs_symbols_load(names, symbols, sizeof symbols / sizeof *symbols) != NULL;
}

bool cs_microhttpd_load(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return loaded;
}

const char *cs_server_library(void)
{
    return cs_microhttpd_load() ? cs_mhd.MHD_get_version() : "";
}
