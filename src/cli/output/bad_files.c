/* SPDX-License-Identifier: MIT
 * bad_files.c - the list of files that could not be read. */
#include "cli/output/bad_files.h"

#include "cli/output/message.h"

#include <stdio.h>
#include <string.h>

enum { DEFAULT_SHOWN = 20, MAX_BYTES = 64 << 20 };

cs_bad_files cs_bad_files_make(bool all)
{
    return (cs_bad_files){.lines = cs_buf_make(MAX_BYTES), .limit = all ? UINT64_MAX : DEFAULT_SHOWN};
}

void cs_bad_files_add(cs_bad_files *bad, const char *path, const char *reason)
{
    bad->count++;
    if (bad->shown >= bad->limit || bad->lines.failed)
        return;
    size_t before = bad->lines.len;
    cs_buf_puts(&bad->lines, "  ");
    if (!strstr(reason, path)) { /* most reasons begin with the path */
        cs_put_printable(&bad->lines, path);
        cs_buf_puts(&bad->lines, ": ");
    }
    cs_put_printable(&bad->lines, reason);
    cs_buf_putc(&bad->lines, '\n');
    if (bad->lines.failed)
        bad->lines.len = before;
    else
        bad->shown++;
}

void cs_bad_files_print(const cs_bad_files *bad, bool all)
{
    if (!bad->count)
        return;
    cs_print_message("%llu file%s could not be read:", (unsigned long long)bad->count, bad->count == 1 ? "" : "s");
    fwrite(bad->lines.data, 1, bad->lines.len, stderr);
    if (bad->count > bad->shown)
        fprintf(stderr, "  and %llu more%s\n", (unsigned long long)(bad->count - bad->shown),
                all ? "" : "; -v shows all");
}

void cs_bad_files_free(cs_bad_files *bad)
{
    cs_buf_free(&bad->lines);
}
