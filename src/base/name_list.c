/* SPDX-License-Identifier: MIT
 * name_list.c - lists of names. */
#include "base/name_list.h"

#include <string.h>

unsigned cs_name_index(const char *name, const char *const *names)
{
    unsigned i = 0;
    while (names[i] && strcmp(names[i], name) != 0)
        i++;
    return i;
}

size_t cs_name_count(const char *const *names)
{
    size_t count = 0;
    while (names[count])
        count++;
    return count;
}

void cs_put_names(cs_buf *buf, const char *const *names)
{
    for (size_t i = 0; names[i]; i++)
        cs_buf_printf(buf, "%s%s", i == 0 ? "" : names[i + 1] ? ", " : " or ", names[i]);
}
