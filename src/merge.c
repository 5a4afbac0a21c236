/* SPDX-License-Identifier: MIT
 * merge.c - the public function that copies a collection into another database. */
#include "clipsearch.h"

#include "backend/hits.h"
#include "base/error.h"
#include "base/mem.h"
#include "each_item.h"
#include "ingest/remembered.h"
#include "structs.h"

#include <string.h>

enum { PAGE = 1000 /* items of a transaction */ };

typedef struct merge {
    clipsearch_collection *from, *into;
    const clipsearch_merge_options *options;
    clipsearch_merge_report *report;
    clipsearch_error *err;
    float *vectors;          /* [PAGE, dim] */
    cs_item_change *changes; /* [PAGE] */
    size_t count;            /* of the changes */
    unsigned precisions;     /* of the vectors of `from` */
    cs_items own, theirs;    /* the items of a page as `from` and `into` have them */
} merge;

/* ---- the collection in `into` */

/* Open it, or make it as `from` is. The index and the model's path of one that is there stay as they are. */
static clipsearch_status open_into(merge *m, clipsearch_database *into)
{
    const cs_collection_identity *own = cs_collection_identify(m->from);
    cs_encoder_identity encoder = {.name = own->encoder,
                                   .fingerprint = own->fingerprint,
                                   .preprocessing = own->preprocessing,
                                   .dim = own->dim,
                                   .metric = own->metric};
    const clipsearch_index_options any = {.struct_size = sizeof any};
    clipsearch_index_options same = own->index;
    clipsearch_status status = cs_collection_open(into, own->name, NULL, &m->into, NULL);
    const bool is_new = status == CLIPSEARCH_E_NOT_FOUND; /* any other error comes again below */
    cs_collection_close(&m->into);
    if (is_new)
        encoder.path = own->model_path;
    if (!(into->ops->index_types >> same.type & 1)) { /* from a server to a file: the file's own type */
        same.type = CLIPSEARCH_INDEX_TYPE_DEFAULT;
        same.nlist = same.nprobe = 0;
    }
    return cs_collection_ensure(into, own->name, &encoder, own->metric, is_new ? &same : &any, &m->into, m->err);
}

/* ---- items */

/* Add the change that copies an item. `own` is it and its file, read after `hit`; `theirs` what `into` has at its
 * path. */
static void add_change(merge *m, const clipsearch_hit *hit, const float *vector, size_t number)
{
    const clipsearch_item *own = &m->own.items[number], *theirs = &m->theirs.items[number];
    /* one that was ingested between the two questions: what is known of its file now is not of this content */
    const bool same = own->id == hit->id && memcmp(own->hash, hit->hash, sizeof hit->hash) == 0;
    const cs_item_file file = same ? m->own.files[number] : (cs_item_file){0};
    if (file.gone_since && theirs->id && !m->theirs.files[number].gone_since) {
        m->report->kept++;
        return;
    }
    m->report->copied++;
    m->report->replaced += theirs->id != 0;
    m->report->gone += file.gone_since != 0;
    cs_item_change *change = &m->changes[m->count++];
    *change = (cs_item_change){
        .kind = CS_ITEM_PUT, .item = cs_hit_item(hit), .file = file, .vector = vector, .precisions = m->precisions};
    change->item.id = 0; /* of the other database */
}

static clipsearch_status copy_page(merge *m, const clipsearch_hits *hits, size_t count)
{
    int64_t ids[PAGE];
    const char *paths[PAGE];
    bool there[PAGE];
    const clipsearch_merge_report before = *m->report;
    const size_t dim = cs_collection_identify(m->from)->dim;
    for (size_t i = 0; i < count; i++) {
        ids[i] = cs_hits_get(hits, 0, i)->id;
        paths[i] = cs_hits_get(hits, 0, i)->path;
    }
    cs_items_clear(&m->own);
    cs_items_clear(&m->theirs);
    m->count = 0;
    clipsearch_status status = cs_read_page_vectors(m->from, ids, count, m->vectors, there, m->err);
    if (status == CLIPSEARCH_OK)
        status = cs_collection_by_paths(m->from, paths, count, &m->own, m->err);
    if (status == CLIPSEARCH_OK)
        status = cs_collection_by_paths(m->into, paths, count, &m->theirs, m->err);
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++)
        if (there[i])
            add_change(m, cs_hits_get(hits, 0, i), m->vectors + i * dim, i);
    if (status == CLIPSEARCH_OK && m->count)
        status = cs_collection_apply(m->into, m->changes, m->count, m->err);
    if (status != CLIPSEARCH_OK)
        *m->report = before;
    return status;
}

static clipsearch_status copy_items(merge *m)
{
    const size_t dim = cs_collection_identify(m->from)->dim;
    cs_collection_state state;
    clipsearch_status status = cs_collection_describe(m->from, &state, m->err);
    m->precisions = status == CLIPSEARCH_OK ? state.precisions : 0;
    m->vectors = cs_alloc_array(PAGE, dim * sizeof *m->vectors);
    m->changes = cs_alloc_array(PAGE, sizeof *m->changes);
    if (status == CLIPSEARCH_OK && (!m->vectors || !m->changes))
        status = cs_fail_memory(m->err, "items");
    int64_t after = 0;
    uint64_t done = 0;
    for (size_t count = PAGE; count == PAGE && status == CLIPSEARCH_OK;) {
        clipsearch_hits *hits = NULL;
        const cs_page page = {.with_gone = true, .after = after, .limit = PAGE};
        status = cs_collection_where(m->from, NULL, &page, &hits, m->err);
        count = status == CLIPSEARCH_OK ? cs_hits_count(hits, 0) : 0;
        if (count) {
            after = cs_hits_get(hits, 0, count - 1)->id;
            status = copy_page(m, hits, count);
        }
        cs_hits_free(&hits);
        done += count;
        if (status == CLIPSEARCH_OK && m->options->progress &&
            !m->options->progress(m->options->context, done, state.count))
            status = cs_fail(m->err, CLIPSEARCH_E_CANCELLED, "stopped after %llu of %llu items; what was copied stays",
                             (unsigned long long)done, (unsigned long long)state.count);
    }
    return status;
}

/* ---- remembered sources */

static bool has_source(const cs_remembered *remembered, const char *list, const char *path)
{
    for (size_t i = 0; i < remembered->count; i++)
        if (strcmp(remembered->sources[i].list, list) == 0 && (*list || strcmp(remembered->sources[i].path, path) == 0))
            return true;
    return false;
}

/* Add source number `first` of `from`, or with it all those of its list. */
static clipsearch_status put_sources(merge *m, const cs_remembered *own, size_t first)
{
    const char *list = own->sources[first].list;
    size_t count = 0;
    cs_source_record *records = cs_zalloc_array(own->count, sizeof *records);
    cs_buf *devices = cs_zalloc_array(own->count, sizeof *devices);
    clipsearch_status status = records && devices ? CLIPSEARCH_OK : cs_fail_memory(m->err, "sources");
    for (size_t i = first; i < own->count && status == CLIPSEARCH_OK; i++) {
        const cs_remembered_source *source = &own->sources[i];
        if (i != first && (!*list || strcmp(source->list, list) != 0))
            continue;
        devices[count] = cs_buf_make(SIZE_MAX / 2);
        if (!cs_devices_write(&source->devices, &devices[count]))
            status = cs_fail_memory(m->err, "sources");
        records[count] = (cs_source_record){.path = source->path,
                                            .list = list,
                                            .options = source->options,
                                            .options_size = source->options_size,
                                            .devices = devices[count].data,
                                            .devices_size = devices[count].len};
        count++;
    }
    if (status == CLIPSEARCH_OK)
        status = cs_collection_put_sources(m->into, list, records, count, m->err);
    if (status == CLIPSEARCH_OK)
        m->report->sources += count;
    for (size_t i = 0; devices && i < count; i++)
        cs_buf_free(&devices[i]);
    cs_free(devices);
    cs_free(records);
    return status;
}

/* Add the sources that `into` does not remember: those without a list by their paths, the others by their list. */
static clipsearch_status copy_sources(merge *m)
{
    cs_remembered own = {0}, theirs = {0};
    clipsearch_status status = cs_remembered_read(&own, m->from, m->err);
    if (status == CLIPSEARCH_OK)
        status = cs_remembered_read(&theirs, m->into, m->err);
    for (size_t i = 0; i < own.count && status == CLIPSEARCH_OK; i++) {
        const char *list = own.sources[i].list, *path = own.sources[i].path;
        bool done = has_source(&theirs, list, path);
        for (size_t before = 0; before < i && *list && !done; before++)
            done = strcmp(own.sources[before].list, list) == 0;
        if (!done)
            status = put_sources(m, &own, i);
    }
    cs_remembered_free(&own);
    cs_remembered_free(&theirs);
    return status;
}

clipsearch_status clipsearch_collection_merge(clipsearch_collection *from, clipsearch_database *into,
                                              const clipsearch_merge_options *options, clipsearch_merge_report *report,
                                              clipsearch_error *err)
{
    clipsearch_merge_options own;
    clipsearch_merge_report made;
    if (!from || !into)
        return cs_fail_null(err, __func__, from, into);
    clipsearch_status status = report ? cs_struct_check(report, &cs_merge_report_type, __func__, err) : CLIPSEARCH_OK;
    if (status == CLIPSEARCH_OK)
        status = cs_struct_read(&own, options, &cs_merge_options_type, __func__, err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (from->db == into)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: the collection is of this database", __func__);
    clipsearch_merge_report_init(&made);
    merge m = {.from = from, .options = &own, .report = &made, .err = err};
    status = open_into(&m, into);
    if (status == CLIPSEARCH_OK)
        status = copy_items(&m);
    if (status == CLIPSEARCH_OK)
        status = copy_sources(&m);
    cs_collection_close(&m.into);
    cs_items_free(&m.own);
    cs_items_free(&m.theirs);
    cs_free(m.changes);
    cs_free(m.vectors);
    if (report)
        cs_struct_write(report, &made, &cs_merge_report_type);
    return status;
}
