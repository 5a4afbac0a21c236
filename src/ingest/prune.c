/* SPDX-License-Identifier: MIT
 * prune.c - finds the items first, since listing them must not change the collection, then removes them. */
#include "ingest/prune.h"

#include <errno.h>
#include <sys/stat.h>

enum { REMOVED_AT_ONCE = 1000 }; /* items of one transaction */

bool cs_file_is_gone(const char *path)
{
    struct stat st;
    return stat(path, &st) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

/* The items that are found gone. */
typedef struct gone_items {
    const cs_sources *sources;
    const cs_id_list *kept;
    cs_id_list ids;
    clipsearch_status status;
    clipsearch_error *err;
} gone_items;

static bool add_if_gone(void *context, const clipsearch_item *item)
{
    gone_items *gone = context;
    if (!cs_sources_has(gone->sources, item->path) && cs_file_is_gone(item->path) &&
        !cs_id_list_has(gone->kept, item->id))
        gone->status = cs_id_list_add(&gone->ids, item->id, gone->err);
    return gone->status == CLIPSEARCH_OK;
}

clipsearch_status cs_prune(clipsearch_collection *collection, const cs_sources *sources, const cs_id_list *kept,
                           bool dry_run, uint64_t *pruned, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    gone_items gone = {.sources = sources, .kept = kept, .err = err};
    for (size_t i = 0; i < sources->source_count && status == CLIPSEARCH_OK; i++) {
        if (!sources->sources[i].whole)
            continue;
        status = cs_collection_each_below(collection, sources->sources[i].root, add_if_gone, &gone, err);
        if (status == CLIPSEARCH_OK)
            status = gone.status;
    }
    cs_id_list_sort_unique(&gone.ids); /* sources that overlap find an item twice */
    if (dry_run && status == CLIPSEARCH_OK)
        *pruned = gone.ids.count;
    for (size_t at = 0; !dry_run && status == CLIPSEARCH_OK && at < gone.ids.count; at += REMOVED_AT_ONCE) {
        size_t n = gone.ids.count - at < REMOVED_AT_ONCE ? gone.ids.count - at : REMOVED_AT_ONCE, removed;
        status = cs_collection_remove(collection, gone.ids.ids + at, n, &removed, err);
        *pruned += removed;
    }
    cs_id_list_free(&gone.ids);
    return status;
}
