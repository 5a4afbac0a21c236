/* SPDX-License-Identifier: MIT
 * batch.c - gathers, encodes and commits changes. */
#include "ingest/batch.h"

#include "base/mem.h"
#include "kernels/vec.h"

#include <string.h>

/* Changes without a vector are cheap; this many more of them than images go into one transaction. */
enum { MORE_CHANGES = 1024 };

clipsearch_status cs_batch_open(cs_batch *batch, cs_target *target, clipsearch_session *session, size_t slots,
                                bool dry_run, clipsearch_error *err)
{
    *batch = (cs_batch){.target = target,
                        .session = session,
                        .dry_run = dry_run,
                        .dim = target->dim,
                        .slots = slots,
                        .back = slots,
                        .capacity = slots + MORE_CHANGES};
    size_t floats;
    bool fits = !__builtin_mul_overflow(slots, batch->dim, &floats);
    batch->vectors = fits ? cs_alloc_aligned(floats, sizeof *batch->vectors) : NULL;
    batch->changes = cs_alloc_array(batch->capacity, sizeof *batch->changes);
    return batch->vectors && batch->changes ? CLIPSEARCH_OK : cs_fail_memory(err, "a batch");
}

static void clear(cs_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        cs_free(batch->changes[i].attributes);
    batch->count = batch->front = batch->waiting = 0;
    batch->back = batch->slots;
}

void cs_batch_close(cs_batch *batch)
{
    clear(batch);
    cs_free(batch->vectors);
    cs_free(batch->changes);
    *batch = (cs_batch){0};
}

bool cs_batch_full(const cs_batch *batch)
{
    return batch->front == batch->back || batch->count == batch->capacity;
}

static clipsearch_status add(cs_batch *batch, cs_change_kind kind, const cs_new_item *item, const char *attributes,
                             size_t vector, clipsearch_error *err)
{
    cs_change change = {.kind = kind, .made = *item, .vector = vector, .attributes = cs_strdup(attributes)};
    if (!change.attributes)
        return cs_fail_memory(err, item->item.path);
    change.made.item.attributes = change.attributes;
    batch->changes[batch->count++] = change;
    return CLIPSEARCH_OK;
}

clipsearch_status cs_batch_add(cs_batch *batch, cs_change_kind kind, const cs_new_item *item, const char *attributes,
                               clipsearch_error *err)
{
    return add(batch, kind, item, attributes, SIZE_MAX, err);
}

/* A cosine collection holds vectors of length 1, also of an encoder that does not normalise them. */
static void encode_waiting(cs_batch *batch)
{
    float *vectors = batch->vectors + (batch->front - batch->waiting) * batch->dim; /* [waiting, dim] */
    if (batch->waiting)
        cs_session_forward(batch->session, batch->waiting, vectors);
    if (batch->target->metric == CLIPSEARCH_COSINE && !cs_encoder_identify(batch->session->encoder).normalized)
        for (size_t i = 0; i < batch->waiting; i++)
            cs_vec_normalise(vectors + i * batch->dim, batch->dim);
    batch->waiting = 0;
}

clipsearch_status cs_batch_add_pixels(cs_batch *batch, cs_change_kind kind, const cs_new_item *item,
                                      const char *attributes, const float *pixels, clipsearch_error *err)
{
    clipsearch_status status = add(batch, kind, item, attributes, batch->front, err);
    if (status != CLIPSEARCH_OK)
        return status;
    batch->front++;
    if (batch->dry_run)
        return CLIPSEARCH_OK;
    clipsearch_session *session = batch->session;
    memcpy(session->pixels + batch->waiting * session->pixels_each, pixels, session->pixels_each * sizeof *pixels);
    if (++batch->waiting == session->max_batch)
        encode_waiting(batch);
    return CLIPSEARCH_OK;
}

clipsearch_status cs_batch_add_same(cs_batch *batch, const cs_new_item *item, const char *attributes, size_t of,
                                    clipsearch_error *err)
{
    return add(batch, CS_CHANGE_COPY, item, attributes, batch->changes[of].vector, err);
}

clipsearch_status cs_batch_add_copy(cs_batch *batch, const cs_new_item *item, const char *attributes, int64_t id,
                                    clipsearch_error *err)
{
    size_t slot = batch->back - 1;
    clipsearch_status status = CLIPSEARCH_OK;
    if (!batch->dry_run)
        status = cs_collection_vectors(batch->target->collection, &id, 1, batch->vectors + slot * batch->dim, err);
    if (status == CLIPSEARCH_OK)
        status = add(batch, CS_CHANGE_COPY, item, attributes, slot, err);
    if (status == CLIPSEARCH_OK)
        batch->back = slot;
    return status;
}

size_t cs_batch_find(const cs_batch *batch, const uint8_t hash[32])
{
    for (size_t i = 0; i < batch->count; i++)
        if (batch->changes[i].vector != SIZE_MAX && memcmp(batch->changes[i].made.item.hash, hash, 32) == 0)
            return i;
    return SIZE_MAX;
}

static clipsearch_status apply_changes(cs_batch *batch, clipsearch_error *err)
{
    clipsearch_status status = cs_target_create(batch->target, err);
    if (status != CLIPSEARCH_OK)
        return status;
    cs_item_change *changes = cs_alloc_array(batch->count, sizeof *changes);
    if (!changes)
        return cs_fail_memory(err, "a batch");
    for (size_t i = 0; i < batch->count; i++) {
        const cs_change *change = &batch->changes[i];
        const bool put = change->vector != SIZE_MAX;
        changes[i] = (cs_item_change){
            .kind = put ? CS_ITEM_PUT : CS_ITEM_UPDATE, .item = change->made.item, .file = change->made.file};
        if (!put)
            continue;
        changes[i].item.id = 0; /* the path decides which item */
        changes[i].vector = batch->vectors + change->vector * batch->dim;
        if (change->vector < batch->front) /* else it is a copy of the collection's own */
            changes[i].precisions = cs_encoder_identify(batch->session->encoder).precisions;
    }
    status = cs_collection_apply(batch->target->collection, changes, batch->count, err);
    cs_free(changes);
    return status;
}

static void count_changes(const cs_batch *batch, clipsearch_ingest_report *report)
{
    for (size_t i = 0; i < batch->count; i++) {
        report->returned += batch->changes[i].made.returns;
        switch (batch->changes[i].kind) {
        case CS_CHANGE_INSERT:
            report->inserted++;
            break;
        case CS_CHANGE_REPLACE:
            report->replaced++;
            break;
        case CS_CHANGE_COPY:
            report->copied++;
            break;
        case CS_CHANGE_MOVE:
            report->moved++;
            break;
        case CS_CHANGE_TOUCH:
            report->unchanged++;
            break;
        case CS_CHANGE_UPDATE:
            report->updated++;
            break;
        }
    }
}

clipsearch_status cs_batch_commit(cs_batch *batch, clipsearch_ingest_report *report, clipsearch_error *err)
{
    encode_waiting(batch);
    clipsearch_status status = batch->count && !batch->dry_run ? apply_changes(batch, err) : CLIPSEARCH_OK;
    if (status == CLIPSEARCH_OK)
        count_changes(batch, report);
    else
        cs_target_drop_created(batch->target);
    clear(batch);
    return status;
}
