/* SPDX-License-Identifier: MIT
 * prune.h - the rules by which items that could be removed are kept: a disk that is not mounted must not empty a
 * collection. */
#ifndef CS_INGEST_PRUNE_H
#define CS_INGEST_PRUNE_H

#include "ingest/remembered.h"
#include "ingest/sources.h"

/* More than this many items, and more than one in CS_PRUNE_SHARE of a source's, are never removed unasked. */
enum { CS_PRUNE_FEW = 5, CS_PRUNE_SHARE = 5 };

/* An item whose file was not found. */
typedef struct cs_missing_item {
    int64_t id;
    size_t path; /* where its path begins in cs_missing.paths */
    bool gone;   /* there is no such file any more; false: an `exclude` leaves it out */
    bool known;  /* it was known to be gone before */
    bool away;   /* its file may be on a disk that is not mounted: it is not to be noted as gone */
    bool kept;   /* it must not be removed */
} cs_missing_item;

/* Those of one source, by path. */
typedef struct cs_missing {
    cs_missing_item *items; /* [count] */
    size_t count, capacity;
    cs_buf paths;   /* their paths, each with its NUL */
    uint64_t total; /* items below the source's root */
} cs_missing;

static inline const char *cs_missing_path(const cs_missing *missing, size_t i)
{
    return missing->paths.data + missing->items[i].path;
}

/* What the functions below need. */
typedef struct cs_prune_request {
    cs_missing *missing;
    const cs_source *source; /* whose items they are */
    const cs_sources *sources;
    const cs_remembered *remembered;
    void (*kept)(void *context, const clipsearch_kept_images *images); /* called for each rule that applies; or NULL */
    void *context;
} cs_prune_request;

/* Set `away` and `kept` of the items that may be on a disk that is not mounted:
 *
 *   - no file was found below a directory that is not on the device on which it was seen before, or not there at all;
 *   - the nearest directory above the item that is there holds nothing at all.
 *
 * CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_prune_check_disks(const cs_prune_request *request, clipsearch_error *err);

/* Set `kept` of all items when those that are not kept yet are more than CS_PRUNE_FEW and more than one in
 * CS_PRUNE_SHARE of the source's. */
void cs_prune_check_share(const cs_prune_request *request);

#endif
