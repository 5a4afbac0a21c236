/* SPDX-License-Identifier: MIT
 * print_text.c - hits for a person, and paths for programs. */
#include "cli/output/print.h"

#include "base/error.h"
#include "base/file_gone.h"
#include "cli/output/message.h"
#include "cli/output/write_out.h"
#include "output/copies.h"

#include <inttypes.h>
#include <string.h>

const char *cs_relative_path(const char *path, const char *here)
{
    size_t n = here ? strlen(here) : 0;
    while (n && here[n - 1] == '/')
        n--;
    if (!n || strncmp(path, here, n) != 0 || path[n] != '/' || !path[n + 1])
        return path;
    return path + n + 1;
}

static void put_hits(cs_buf *buf, const cs_result *result, bool relevance, const char *here)
{
    for (size_t rank = 0; rank < cs_result_count(result); rank++) {
        char copies[CS_COPIES_BYTES];
        const clipsearch_hit *hit = cs_result_hit(result, rank);
        cs_buf_printf(buf, "%.3f  ", (double)hit->score);
        if (relevance)
            cs_buf_printf(buf, "%.2f  ", (double)hit->relevance);
        cs_put_printable(buf, cs_relative_path(hit->path, here));
        cs_buf_puts(buf, cs_hit_is_gone(hit) ? " (gone)" : "");
        cs_buf_puts(buf, cs_format_copies(" (", hit->copies, copies));
        cs_buf_puts(buf, hit->copies ? ")\n" : "\n");
    }
}

clipsearch_status cs_print_text(const cs_results *results, const char *here, FILE *out, clipsearch_error *err)
{
    cs_buf buf = cs_buf_make(SIZE_MAX / 2);
    for (size_t i = 0; i < results->count && !buf.failed; i++) {
        const cs_result *result = &results->items[i];
        cs_buf_clear(&buf);
        if (results->count > 1) {
            cs_buf_puts(&buf, i ? "\n# " : "# ");
            cs_buf_puts(&buf, result->is_image ? "--image " : "");
            cs_put_printable(&buf, result->query);
            cs_buf_putc(&buf, '\n');
        }
        put_hits(&buf, result, results->relevance, here);
        if (!buf.failed)
            cs_write_out(buf.data, buf.len, out);
    }
    bool failed = buf.failed;
    cs_buf_free(&buf);
    return failed ? cs_fail_memory(err, "the output") : CLIPSEARCH_OK;
}

clipsearch_status cs_print_items(const clipsearch_hits *hits, const char *here, bool attributes, FILE *out,
                                 clipsearch_error *err)
{
    cs_buf buf = cs_buf_make(SIZE_MAX / 2);
    for (size_t i = 0; i < clipsearch_hits_count(hits, 0); i++) {
        const clipsearch_hit *hit = clipsearch_hits_get(hits, 0, i);
        cs_buf_printf(&buf, "%" PRId64 "  ", hit->id);
        cs_put_printable(&buf, cs_relative_path(hit->path, here));
        cs_buf_puts(&buf, cs_hit_is_gone(hit) ? " (gone)\n" : "\n");
        if (attributes)
            cs_put_attributes(&buf, hit->attributes);
    }
    return cs_print_buf(&buf, out, err);
}

void cs_print_paths(const cs_results *results, char end, FILE *out)
{
    for (size_t i = 0; i < results->count; i++)
        for (size_t rank = 0; rank < cs_result_count(&results->items[i]); rank++) {
            const char *path = cs_result_hit(&results->items[i], rank)->path;
            cs_write_out(path, strlen(path), out);
            cs_write_out(&end, 1, out);
        }
}
