/* SPDX-License-Identifier: MIT
 * weight_name.c - the endings of weight files. */
#include "base/weight_name.h"

#include <string.h>

const char *cs_weight_name_ending(const char *name)
{
    static const char *const endings[] = {".safetensors", ".pth", ".pt", ".h5"};
    size_t n = strlen(name);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t m = strlen(endings[i]);
        if (n > m && strcmp(name + n - m, endings[i]) == 0)
            return name + n - m;
    }
    return name + n;
}
