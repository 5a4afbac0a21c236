/* SPDX-License-Identifier: MIT
 * relevance_cache.c - where the calibration of a collection is kept. */
#include "config/relevance_cache.h"

#include "base/buf.h"
#include "base/checksum.h"
#include "base/mem.h"
#include "base/xdg_path.h"
#include "config/settings.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

char *cs_relevance_cache(const char *db, const char *collection)
{
    clipsearch_error err;
    char name[64], *real = realpath(db, NULL), *path = NULL;
    cs_buf key = cs_buf_make(SIZE_MAX / 2);
    cs_buf_puts(&key, real ? real : "");
    cs_buf_putc(&key, '\0');
    cs_buf_puts(&key, collection);
    if (real && !key.failed) {
        snprintf(name, sizeof name, "relevance/%016" PRIx64, cs_checksum(key.data, key.len));
        path = cs_xdg_path("XDG_CACHE_HOME", ".cache", name);
    }
    free(real);
    cs_buf_free(&key);
    if (path && cs_create_parents(path, &err) != CLIPSEARCH_OK) {
        cs_free(path);
        path = NULL;
    }
    return path;
}
