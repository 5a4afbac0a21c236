/* SPDX-License-Identifier: MIT
 * left_out.c - counts by kind, in words. */
#include "cli/output/left_out.h"

#include <string.h>

/* Names of formats end in a capital or a digit and have no plural; words get an s. */
static void put_kind(cs_buf *buf, const clipsearch_kind_count *kind)
{
    const char last = kind->kind[strlen(kind->kind) - 1];
    const bool word = last >= 'a' && last <= 'z';
    cs_buf_printf(buf, "%s%llu %s%s", buf->len ? ", " : "", (unsigned long long)kind->files, kind->kind,
                  word && kind->files != 1 ? "s" : "");
}

void cs_put_left_out(cs_buf *buf, const clipsearch_ingest_report *report, bool hidden)
{
    uint64_t images = 0;
    for (size_t i = 0; i < report->kind_count; i++) {
        const clipsearch_kind_count *kind = &report->kinds[i];
        const bool last_image = kind->image && (i + 1 == report->kind_count || !report->kinds[i + 1].image);
        images += kind->image ? kind->files : 0;
        put_kind(buf, kind);
        if (last_image)
            cs_buf_printf(buf, " (this build cannot read %s)", images == 1 ? "it" : "them");
    }
    if (hidden && report->hidden)
        cs_buf_printf(buf, "%s%llu hidden", buf->len ? ", " : "", (unsigned long long)report->hidden);
}
