/* SPDX-License-Identifier: MIT
 * fuzz_glob.c - the first line is a pattern, the rest a path. */
#include "base/mem.h"
#include "base/glob.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *newline = size ? memchr(data, '\n', size) : NULL;
    if (!newline || size > 8192)
        return 0;
    size_t n = (size_t)(newline - data);
    char *pattern = cs_strndup((const char *)data, n), *path = cs_strndup((const char *)newline + 1, size - n - 1);
    for (int fold = 0; fold < 2 && pattern && path; fold++) {
        cs_glob *glob;
        clipsearch_error err;
        if (cs_glob_open(pattern, fold, &glob, &err) != CLIPSEARCH_OK)
            continue;
        bool match = cs_glob_match(glob, path);
        if (match != cs_glob_match(glob, path))
            abort();
        cs_glob_close(&glob);
    }
    cs_free(pattern);
    cs_free(path);
    return 0;
}
