/* SPDX-License-Identifier: MIT
 * copies.c - one copy, two copies. */
#include "output/copies.h"

#include "base/buf.h"

#include <inttypes.h>

const char *cs_format_copies(const char *before, uint64_t copies, char text[CS_COPIES_BYTES])
{
    text[0] = 0;
    if (copies)
        cs_format(text, CS_COPIES_BYTES, "%s+%" PRIu64 " cop%s", before, copies, copies == 1 ? "y" : "ies");
    return text;
}
