/* SPDX-License-Identifier: MIT
 * gone.c - finds the items first, since listing them must not change the collection, then changes them together. */
#include "ingest/gone.h"

#include "base/file_gone.h"
#include "base/mem.h"
#include "ingest/prune.h"

#include <string.h>
#include <time.h>

enum { PAGE = 256 }; /* paths of one question */

typedef struct work {
    const cs_gone_request *request;
    const cs_source *source; /* the one whose items are looked at */
    cs_missing missing;      /* of that source */
    cs_buf unfound;          /* paths of its items that were not found, each with its NUL */
    size_t unfound_count;
    cs_id_list seen; /* items of the sources before: sources that overlap list an item twice */
    cs_item_change *changes;
    size_t change_count, change_capacity;
    cs_glob **others; /* [other_count]: `exclude` of remembered sources that are not of this run, in their order */
    size_t other_count, other_capacity;
    bool others_read;
} work;

/* ---- other sources that are remembered */

static bool is_of_this_run(const cs_gone_request *request, const cs_remembered_source *source)
{
    if (strcmp(source->list, request->list ? request->list : "") != 0)
        return false;
    for (size_t i = 0; i < request->sources->source_count; i++) {
        const char *root = request->sources->sources[i].root;
        if (root && strcmp(root, source->path) == 0)
            return true;
    }
    return false;
}

static clipsearch_status compile_others(work *w, clipsearch_error *err)
{
    const cs_remembered *remembered = w->request->remembered;
    w->others_read = true;
    for (size_t i = 0; i < remembered->count; i++) {
        const clipsearch_source *source = &remembered->sources[i].source;
        for (size_t p = 0; p < source->exclude_count; p++) {
            cs_glob **others = cs_grow(w->others, &w->other_capacity, w->other_count + 1, sizeof *others);
            if (!others)
                return cs_fail_memory(err, "patterns");
            w->others = others;
            clipsearch_status status =
                cs_glob_open(source->exclude[p], !source->exact_case, &others[w->other_count], err);
            if (status != CLIPSEARCH_OK)
                return status;
            w->other_count++;
        }
    }
    return CLIPSEARCH_OK;
}

/* Whether a source that is remembered, but not of this run, has the file `path` and does not exclude it. */
static bool is_wanted_elsewhere(const work *w, const char *path)
{
    const cs_remembered *remembered = w->request->remembered;
    size_t first = 0;
    for (size_t i = 0; i < remembered->count; i++) {
        cs_remembered_source *other = &remembered->sources[i];
        const cs_source source = {.given = &other->source,
                                  .root = other->path,
                                  .exclude = w->others + first,
                                  .exclude_count = other->source.exclude_count};
        first += other->source.exclude_count;
        if (cs_path_is_below(path, other->path) && !is_of_this_run(w->request, other) &&
            !cs_source_excludes(&source, path))
            return true;
    }
    return false;
}

/* ---- looking */

static clipsearch_status note_path(void *context, const char *path, clipsearch_error *err)
{
    work *w = context;
    w->missing.total++;
    if (cs_sources_has(w->request->sources, path))
        return CLIPSEARCH_OK;
    w->unfound_count++;
    return cs_buf_append(&w->unfound, path, strlen(path) + 1) ? CLIPSEARCH_OK
                                                              : cs_fail_memory(err, "the items of a source");
}

static clipsearch_status add_missing(work *w, const clipsearch_item *item, bool gone, bool known, clipsearch_error *err)
{
    cs_missing *missing = &w->missing;
    cs_missing_item *items = cs_grow(missing->items, &missing->capacity, missing->count + 1, sizeof *items);
    if (!items)
        return cs_fail_memory(err, "the items of a source");
    missing->items = items;
    items[missing->count++] =
        (cs_missing_item){.id = item->id, .path = missing->paths.len, .gone = gone, .known = known};
    return cs_buf_append(&missing->paths, item->path, strlen(item->path) + 1)
               ? CLIPSEARCH_OK
               : cs_fail_memory(err, "the items of a source");
}

static clipsearch_status look_at_item(work *w, const clipsearch_item *item, const cs_item_file *file,
                                      clipsearch_error *err)
{
    const cs_place at = cs_look_at(item->path, NULL);
    clipsearch_status status = CLIPSEARCH_OK;
    if (at == CS_PLACE_UNKNOWN || cs_id_list_has(w->request->kept, item->id) || cs_id_list_has(&w->seen, item->id))
        return CLIPSEARCH_OK;
    if (at == CS_PLACE_NO_FILE)
        return add_missing(w, item, true, file->gone_since != 0, err);
    if (!w->request->options->prune || !cs_source_excludes(w->source, item->path))
        return CLIPSEARCH_OK;
    if (!w->others_read)
        status = compile_others(w, err);
    return status == CLIPSEARCH_OK && !is_wanted_elsewhere(w, item->path) ? add_missing(w, item, false, false, err)
                                                                          : status;
}

/* Ask for the items that were not found, some hundred at a time. */
static clipsearch_status look_at_unfound(work *w, clipsearch_error *err)
{
    cs_items items = {0};
    const char *paths[PAGE], *at = w->unfound.data;
    clipsearch_status status = CLIPSEARCH_OK;
    for (size_t left = w->unfound_count; left && status == CLIPSEARCH_OK;) {
        size_t count = 0;
        for (; count < PAGE && left; count++, left--, at += strlen(at) + 1)
            paths[count] = at;
        cs_items_clear(&items);
        status = cs_collection_by_paths(w->request->collection, paths, count, &items, err);
        for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++)
            if (items.items[i].id)
                status = look_at_item(w, &items.items[i], &items.files[i], err);
    }
    cs_items_free(&items);
    return status;
}

/* ---- changing */

static clipsearch_status add_change(work *w, const cs_item_change *change, clipsearch_error *err)
{
    cs_item_change *changes = cs_grow(w->changes, &w->change_capacity, w->change_count + 1, sizeof *changes);
    if (!changes)
        return cs_fail_memory(err, "changes to a collection");
    w->changes = changes;
    w->changes[w->change_count++] = *change;
    return CLIPSEARCH_OK;
}

/* Decide what becomes of the missing items of a source. */
static clipsearch_status decide(work *w, int64_t now, clipsearch_error *err)
{
    const clipsearch_ingest_options *options = w->request->options;
    clipsearch_ingest_report *report = w->request->report;
    cs_missing *missing = &w->missing;
    const cs_prune_request prune = {.missing = missing,
                                    .source = w->source,
                                    .sources = w->request->sources,
                                    .remembered = w->request->remembered,
                                    .kept = options->kept,
                                    .context = options->context};
    const bool forced = options->prune && options->force_prune;
    clipsearch_status status = forced ? CLIPSEARCH_OK : cs_prune_check_disks(&prune, err);
    if (status == CLIPSEARCH_OK && options->prune && !forced)
        cs_prune_check_share(&prune);
    for (size_t i = 0; i < missing->count && status == CLIPSEARCH_OK; i++) {
        const cs_missing_item *item = &missing->items[i];
        const bool remove = options->prune && !item->kept;
        const bool mark = !remove && item->gone && !item->known && !item->away;
        const cs_item_change change = {
            .kind = remove ? CS_ITEM_REMOVE : CS_ITEM_GONE, .item.id = item->id, .file.gone_since = now};
        report->pruned += remove;
        report->kept += item->kept;
        report->gone += !remove && item->gone;
        report->newly_gone += mark;
        if (remove || mark)
            status = add_change(w, &change, err);
        if (status == CLIPSEARCH_OK)
            status = cs_id_list_add(&w->seen, item->id, err);
    }
    return status;
}

static clipsearch_status look_at_source(work *w, const cs_source *source, int64_t now, clipsearch_error *err)
{
    w->source = source;
    w->missing.count = 0;
    w->missing.total = 0;
    w->unfound_count = 0;
    cs_buf_clear(&w->missing.paths);
    cs_buf_clear(&w->unfound);
    clipsearch_status status = cs_collection_each_path(w->request->collection, source->root, note_path, w, err);
    if (status == CLIPSEARCH_OK)
        status = look_at_unfound(w, err);
    if (status == CLIPSEARCH_OK)
        status = decide(w, now, err);
    cs_id_list_sort_unique(&w->seen);
    return status;
}

/* A source that is not there any more, but is remembered as a file, is an item whose file is gone. */
static clipsearch_status look_at_source_or_file(work *w, const cs_source *source, int64_t now, clipsearch_error *err)
{
    if (source->root)
        return source->whole ? look_at_source(w, source, now, err) : CLIPSEARCH_OK;
    const cs_remembered_source *file = cs_remembered_file(w->request->remembered, source->given->path);
    const cs_source missing = {.given = source->given, .root = file ? file->path : NULL};
    return file ? look_at_source(w, &missing, now, err) : CLIPSEARCH_OK;
}

static void free_work(work *w)
{
    for (size_t i = 0; i < w->other_count; i++)
        cs_glob_close(&w->others[i]);
    cs_free(w->others);
    cs_free(w->changes);
    cs_free(w->missing.items);
    cs_buf_free(&w->missing.paths);
    cs_buf_free(&w->unfound);
    cs_id_list_free(&w->seen);
}

clipsearch_status cs_gone_update(const cs_gone_request *request, clipsearch_error *err)
{
    work w = {.request = request, .missing.paths = cs_buf_make(SIZE_MAX / 2), .unfound = cs_buf_make(SIZE_MAX / 2)};
    const int64_t now = (int64_t)time(NULL);
    clipsearch_ingest_report before = *request->report;
    clipsearch_status status = CLIPSEARCH_OK;
    for (size_t i = 0; i < request->sources->source_count && status == CLIPSEARCH_OK; i++)
        status = look_at_source_or_file(&w, &request->sources->sources[i], now > 0 ? now : 1, err);
    if (status == CLIPSEARCH_OK && w.change_count && !request->options->dry_run)
        status = cs_collection_apply(request->collection, w.changes, w.change_count, err);
    if (status != CLIPSEARCH_OK) /* nothing was changed */
        *request->report = before;
    free_work(&w);
    return status;
}
