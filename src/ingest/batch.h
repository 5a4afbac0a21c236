/* SPDX-License-Identifier: MIT
 * batch.h - changes to a collection that are gathered, encoded and committed together. */
#ifndef CS_INGEST_BATCH_H
#define CS_INGEST_BATCH_H

#include "encode/session.h"
#include "ingest/target.h"

typedef enum cs_change_kind {
    CS_CHANGE_INSERT,  /* a new item with a new vector */
    CS_CHANGE_REPLACE, /* the item of a path gets a new vector */
    CS_CHANGE_COPY,    /* an item, new or not, gets the vector of another */
    CS_CHANGE_MOVE,    /* an item gets another path */
    CS_CHANGE_TOUCH,   /* an item gets another size and time, or its file is back; its content is the same */
    CS_CHANGE_UPDATE   /* an item gets other attributes, and size and time with them */
} cs_change_kind;

/* An item to be stored. */
typedef struct cs_new_item {
    clipsearch_item item; /* id: of the item that is changed. The path is borrowed */
    cs_item_file file;
    bool returns; /* its file was known to be gone */
} cs_new_item;

typedef struct cs_change {
    cs_change_kind kind;
    cs_new_item made; /* made.item.attributes is: */
    char *attributes;
    size_t vector; /* its place in cs_batch.vectors, for INSERT, REPLACE and COPY */
} cs_change;

typedef struct cs_batch {
    cs_target *target;
    clipsearch_session *session;
    bool dry_run;
    size_t dim, slots;
    float *vectors;     /* [slots, dim]: encoded ones from the front, copied ones from the back */
    size_t front, back; /* the free slots are [front, back) */
    size_t waiting;     /* images in session->pixels, not encoded yet, for the last slots before front */
    cs_change *changes; /* [capacity] */
    size_t count, capacity;
} cs_batch;

/* Take memory for `slots` vectors. *batch must be closed in any case. */
clipsearch_status cs_batch_open(cs_batch *batch, cs_target *target, clipsearch_session *session, size_t slots,
                                bool dry_run, clipsearch_error *err);
void cs_batch_close(cs_batch *batch);

/* There is no room for one more change of any kind. */
bool cs_batch_full(const cs_batch *batch);

/* Add a change that takes no vector. `item` gives everything but the attributes, which are copied. */
clipsearch_status cs_batch_add(cs_batch *batch, cs_change_kind kind, const cs_new_item *item, const char *attributes,
                               clipsearch_error *err);
/* Add an INSERT or REPLACE of the image `pixels` [3, S, S]; encodes when the session is full. */
clipsearch_status cs_batch_add_pixels(cs_batch *batch, cs_change_kind kind, const cs_new_item *item,
                                      const char *attributes, const float *pixels, clipsearch_error *err);
/* Add a COPY of the vector of change number `of` of this batch. */
clipsearch_status cs_batch_add_same(cs_batch *batch, const cs_new_item *item, const char *attributes, size_t of,
                                    clipsearch_error *err);
/* Add a COPY of the vector of the item `id`, which a dry run does not read. */
clipsearch_status cs_batch_add_copy(cs_batch *batch, const cs_new_item *item, const char *attributes, int64_t id,
                                    clipsearch_error *err);

/* Number of the first change of this batch with this content and a vector, or SIZE_MAX. */
size_t cs_batch_find(const cs_batch *batch, const uint8_t hash[32]);

/* Encode what is not encoded yet, store all changes in one transaction (none when dry_run), and empty the batch. Makes
 * the target's collection when it does not exist. Adds what was stored to `report`. After a failure nothing of the
 * batch is stored, and a collection that was made for it is dropped. */
clipsearch_status cs_batch_commit(cs_batch *batch, clipsearch_ingest_report *report, clipsearch_error *err);

#endif
