/* SPDX-License-Identifier: MIT
 * hit_json.c - an item as the answers have it. */
#include "server/hit_json.h"

#include "base/decimal.h"
#include "base/file_gone.h"
#include "output/item_json.h"

#include <inttypes.h>
#include <math.h>

void cs_put_hit(cs_buf *out, const clipsearch_hit *hit)
{
    cs_buf_printf(out, "\"id\":%" PRId64 ",", hit->id);
    cs_put_path(out, hit->path);
    cs_buf_puts(out, ",\"score\":");
    cs_put_float(out, hit->score);
    if (!isnan(hit->relevance)) {
        cs_buf_puts(out, ",\"relevance\":");
        cs_put_float(out, hit->relevance);
    }
    cs_buf_printf(out, ",\"width\":%" PRIu32 ",\"height\":%" PRIu32 ",\"size\":%" PRIu64 ",\"mtime\":", hit->width,
                  hit->height, hit->size);
    cs_put_double(out, (double)(hit->mtime_ns / 1000000) / 1e3);
    cs_buf_printf(out, ",\"copies\":%" PRIu64 "%s,\"attributes\":", hit->copies,
                  cs_hit_is_gone(hit) ? ",\"gone\":true" : "");
    cs_put_attributes_json(out, hit->attributes);
}
