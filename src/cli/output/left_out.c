/* SPDX-License-Identifier: MIT
 * left_out.c - counts by kind, in words. */
#include "cli/output/left_out.h"

void cs_put_left_out(cs_buf *buf, const clipsearch_ingest_report *report, bool hidden)
{
    uint64_t images = 0;
    for (size_t i = 0; i < report->kind_count; i++) {
        const clipsearch_kind_count *kind = &report->kinds[i];
        const bool last_image = kind->image && (i + 1 == report->kind_count || !report->kinds[i + 1].image);
        images += kind->image ? kind->files : 0;
        cs_buf_printf(buf, "%s%llu %s", buf->len ? ", " : "", (unsigned long long)kind->files,
                      kind->files == 1 ? kind->kind : kind->kinds);
        if (last_image)
            cs_buf_printf(buf, " (this build cannot read %s)", images == 1 ? "it" : "them");
    }
    if (hidden && report->hidden)
        cs_buf_printf(buf, "%s%llu hidden", buf->len ? ", " : "", (unsigned long long)report->hidden);
}
