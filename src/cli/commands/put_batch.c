/* SPDX-License-Identifier: MIT
 * put_batch.c - gathered items are stored. */
#include "cli/commands/put_batch.h"

#include "base/error.h"
#include "base/mem.h"

#include <string.h>

enum { BATCH = 4096, MOST_TEXT = 64 << 20 };

clipsearch_status cs_put_batch_open(clipsearch_collection *collection, size_t dim, cs_put_batch *batch,
                                    clipsearch_error *err)
{
    *batch = (cs_put_batch){.collection = collection, .dim = dim, .texts = cs_buf_make(2 * (size_t)MOST_TEXT)};
    batch->items = cs_alloc_array(BATCH, sizeof *batch->items);
    batch->places = cs_alloc_array(BATCH, 2 * sizeof *batch->places);
    batch->vectors = cs_alloc_array(BATCH, dim * sizeof *batch->vectors);
    return batch->items && batch->places && batch->vectors ? CLIPSEARCH_OK : cs_fail_memory(err, "a batch of items");
}

void cs_put_batch_close(cs_put_batch *batch)
{
    cs_free(batch->items);
    cs_free(batch->places);
    cs_free(batch->vectors);
    cs_buf_free(&batch->texts);
    *batch = (cs_put_batch){0};
}

float *cs_put_batch_vector(cs_put_batch *batch)
{
    return batch->vectors + batch->count * batch->dim;
}

/* Append a text with its NUL; its place. */
static size_t put_text(cs_buf *texts, const char *text)
{
    const size_t place = texts->len;
    cs_buf_append(texts, text, strlen(text) + 1);
    return place;
}

clipsearch_status cs_put_batch_add(cs_put_batch *batch, const clipsearch_item *item, clipsearch_error *err)
{
    batch->items[batch->count] = *item;
    batch->places[2 * batch->count] = put_text(&batch->texts, item->path);
    batch->places[2 * batch->count + 1] = put_text(&batch->texts, item->attributes ? item->attributes : "{}");
    if (batch->texts.failed)
        return cs_fail_memory(err, "a batch of items");
    batch->count++;
    return batch->count == BATCH || batch->texts.len > MOST_TEXT ? cs_put_batch_store(batch, err) : CLIPSEARCH_OK;
}

clipsearch_status cs_put_batch_store(cs_put_batch *batch, clipsearch_error *err)
{
    if (!batch->count)
        return CLIPSEARCH_OK;
    for (size_t i = 0; i < batch->count; i++) {
        batch->items[i].path = batch->texts.data + batch->places[2 * i];
        batch->items[i].attributes = batch->texts.data + batch->places[2 * i + 1];
    }
    clipsearch_status status =
        clipsearch_collection_put_vectors(batch->collection, batch->items, batch->vectors, batch->count, NULL, err);
    if (status == CLIPSEARCH_OK)
        batch->stored += batch->count;
    batch->count = 0;
    cs_buf_clear(&batch->texts);
    return status;
}
