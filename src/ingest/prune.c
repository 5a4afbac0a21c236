/* SPDX-License-Identifier: MIT
 * prune.c - finds the rows first, since a walk over the store must not change it, then removes them in lots. */
#include "ingest/prune.h"

#include <errno.h>
#include <sys/stat.h>

enum { LOT = 1000 }; /* rows removed in one transaction */

bool cs_file_is_gone(const char *path)
{
    struct stat st;
    return stat(path, &st) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

typedef struct search {
    const cs_sources *sources;
    const cs_id_list *kept;
    cs_id_list gone;
    clipsearch_status status;
    clipsearch_error *err;
} search;

static bool look_at_row(void *context, const clipsearch_item *item)
{
    search *s = context;
    if (!cs_sources_has(s->sources, item->path) && cs_file_is_gone(item->path) && !cs_id_list_has(s->kept, item->id))
        s->status = cs_id_list_add(&s->gone, item->id, s->err);
    return s->status == CLIPSEARCH_OK;
}

clipsearch_status cs_prune(clipsearch_collection *collection, const cs_sources *sources, const cs_id_list *kept,
                           bool dry_run, uint64_t *pruned, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    search s = {.sources = sources, .kept = kept, .err = err};
    for (size_t i = 0; i < sources->source_count && status == CLIPSEARCH_OK; i++) {
        if (!sources->sources[i].whole)
            continue;
        status = cs_collection_each_below(collection, sources->sources[i].root, look_at_row, &s, err);
        if (status == CLIPSEARCH_OK)
            status = s.status;
    }
    cs_id_list_sort_unique(&s.gone); /* sources that overlap find a row twice */
    if (dry_run && status == CLIPSEARCH_OK)
        *pruned = s.gone.count;
    for (size_t at = 0; !dry_run && status == CLIPSEARCH_OK && at < s.gone.count; at += LOT) {
        size_t n = s.gone.count - at < LOT ? s.gone.count - at : LOT, removed;
        status = cs_collection_remove(collection, s.gone.ids + at, n, &removed, err);
        *pruned += removed;
    }
    cs_id_list_free(&s.gone);
    return status;
}
