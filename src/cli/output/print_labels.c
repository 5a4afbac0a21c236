/* SPDX-License-Identifier: MIT
 * print_labels.c - the labels of images. */
#include "cli/output/print_labels.h"

#include "base/decimal.h"
#include "base/json.h"
#include "cli/output/message.h"
#include "cli/output/print.h"

#include <inttypes.h>
#include <string.h>

void cs_put_labelled_text(cs_buf *buf, const cs_labelled_image *image, const char *const *labels, const char *here)
{
    for (size_t i = 0; image->best && i < image->k; i++) {
        cs_buf_printf(buf, "%.3f  ", (double)image->best[i].probability);
        cs_put_printable(buf, labels[image->best[i].label]);
        cs_buf_puts(buf, "  ");
        cs_put_printable(buf, cs_relative_path(image->path, here));
        cs_buf_putc(buf, '\n');
    }
}

void cs_put_labels_json_head(cs_buf *buf, const char *collection, const char *model, const char *const *templates,
                             size_t template_count)
{
    cs_buf_putc(buf, '{');
    cs_put_member(buf, "collection", collection);
    cs_buf_putc(buf, ',');
    cs_put_member(buf, "model", model);
    cs_buf_puts(buf, ",\"templates\":[");
    for (size_t i = 0; i < template_count; i++) {
        cs_buf_puts(buf, i ? "," : "");
        cs_json_put_string(buf, templates[i], strlen(templates[i]));
    }
    cs_buf_puts(buf, "],\n \"images\":[");
}

void cs_put_labelled_json(cs_buf *buf, const cs_labelled_image *image, const char *const *labels, bool first)
{
    cs_buf_puts(buf, first ? "\n  {" : ",\n  {");
    if (image->id)
        cs_buf_printf(buf, "\"id\":%" PRId64 ",", image->id);
    cs_put_path(buf, image->path);
    if (!image->best) {
        cs_buf_putc(buf, ',');
        cs_put_member(buf, "error", image->error);
        cs_buf_putc(buf, '}');
        return;
    }
    cs_buf_puts(buf, ",\"labels\":[");
    for (size_t i = 0; i < image->k; i++) {
        cs_buf_puts(buf, i ? ",{" : "{");
        cs_put_member(buf, "label", labels[image->best[i].label]);
        cs_buf_puts(buf, ",\"probability\":");
        cs_put_float(buf, image->best[i].probability);
        cs_buf_puts(buf, ",\"score\":");
        cs_put_float(buf, image->best[i].score);
        cs_buf_putc(buf, '}');
    }
    cs_buf_puts(buf, "]}");
}

void cs_put_labels_json_tail(cs_buf *buf)
{
    cs_buf_puts(buf, "]}\n");
}
