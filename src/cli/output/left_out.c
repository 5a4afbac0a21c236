/* SPDX-License-Identifier: MIT
 * left_out.c - counts by kind, in words. */
#include "cli/output/left_out.h"

#include <string.h>

/* Kinds that libvips reads: left out where it is not installed. */
static bool is_for_vips(const clipsearch_kind_count *kind)
{
    static const char *const kinds[] = {"WebP", "TIFF", "HEIC", "AVIF"};
    bool found = false;
    for (size_t i = 0; CS_WITH_VIPS && i < sizeof kinds / sizeof *kinds; i++)
        found = found || strcmp(kind->kind, kinds[i]) == 0;
    return found;
}

/* Why the images among them are left out. */
static void put_reason(cs_buf *buf, const clipsearch_ingest_report *report, uint64_t images)
{
    size_t named = 0;
    for (size_t i = 0; i < report->kind_count; i++)
        if (is_for_vips(&report->kinds[i]))
            cs_buf_printf(buf, "%s %s", named++ ? "," : " (install libvips42 to read", report->kinds[i].kind);
    if (named)
        cs_buf_puts(buf, ")");
    else
        cs_buf_printf(buf, " (this build cannot read %s)", images == 1 ? "it" : "them");
}

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
            put_reason(buf, report, images);
    }
    if (hidden && report->hidden)
        cs_buf_printf(buf, "%s%llu hidden", buf->len ? ", " : "", (unsigned long long)report->hidden);
}
