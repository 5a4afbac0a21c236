/* SPDX-License-Identifier: MIT
 * write_out.c - a stream's first failure. */
#include "cli/output/write_out.h"

#include <errno.h>

/* The errno of the first write that failed. One is enough: a command ends when a stream of it fails. */
static int first_failure;

static void remember(int failure)
{
    if (!first_failure)
        first_failure = failure;
}

void cs_write_out(const void *bytes, size_t size, FILE *out)
{
    errno = 0;
    if (size && fwrite(bytes, 1, size, out) != size)
        remember(errno);
}

bool cs_flush_out(FILE *out, int *why)
{
    errno = 0;
    const bool flushed = fflush(out) == 0;
    if (!flushed)
        remember(errno);
    if (why)
        *why = first_failure;
    return flushed && !ferror(out);
}
