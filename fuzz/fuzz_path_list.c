/* SPDX-License-Identifier: MIT
 * fuzz_path_list.c - the first byte says whether paths end with NUL bytes, the rest is a list. Each path gets advice as
 * one that does not exist. */
#include "config/path_advice.h"
#include "config/path_list.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cs_path_list list;
    clipsearch_error err;
    if (size == 0 || size > 1 << 16)
        return 0;
    if (cs_path_list_parse((const char *)data + 1, size - 1, "list", data[0] & 1, &list, &err) == CLIPSEARCH_OK)
        for (size_t i = 0; i < list.count; i++) {
            if (!list.paths[i][0] || strlen(list.paths[i]) >= size)
                abort();
            for (int yaml = 0; yaml < 2; yaml++)
                if (cs_path_is_slip(list.paths[i]) && !cs_path_advice(list.paths[i], yaml))
                    abort();
        }
    cs_path_list_free(&list);
    return 0;
}
