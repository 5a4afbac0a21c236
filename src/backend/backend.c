/* SPDX-License-Identifier: MIT
 * backend.c - the functions everything above the seam calls: what is common to all backends, then the backend's own. */
#include "backend/backend.h"

#include "backend/code_kinds.h"
#include "backend/search_contents.h"
#include "base/index_types.h"
#include "base/item_limits.h"
#include "base/limits.h"
#include "base/mem.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { EF_MAX = 65536 };

/* ---- databases */

void cs_database_init(clipsearch_database *db, const cs_database_ops *ops, unsigned capabilities)
{
    pthread_mutexattr_t attributes;
    *db = (clipsearch_database){.ops = ops, .capabilities = capabilities, .handles = 1};
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE); /* a note's receiver may search */
    pthread_mutex_init(&db->note_lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

void cs_database_destroy(clipsearch_database *db)
{
    pthread_mutex_destroy(&db->note_lock);
}

/* The database's handle or that of a collection is no longer there; the last one closes the database. */
static void drop_handle(clipsearch_database *db)
{
    if (atomic_fetch_sub(&db->handles, 1) == 1)
        db->ops->close(db);
}

void cs_database_close(clipsearch_database **db)
{
    if (*db) { /* what the caller gave may be gone when a collection is used later */
        cs_database_on_note(*db, NULL, NULL);
        cs_database_on_wait(*db, NULL, NULL);
        drop_handle(*db);
    }
    *db = NULL;
}

void cs_database_on_note(clipsearch_database *db, void (*note)(void *context, const char *line), void *context)
{
    pthread_mutex_lock(&db->note_lock);
    db->note = note;
    db->note_context = context;
    pthread_mutex_unlock(&db->note_lock);
}

void cs_database_on_wait(clipsearch_database *db, bool (*go_on)(void *context), void *context)
{
    db->go_on = go_on;
    db->go_on_context = context;
}

void cs_database_note(clipsearch_database *db, const char *format, ...)
{
    clipsearch_error line;
    va_list args;
    va_start(args, format);
    vsnprintf(line.message, sizeof line.message, format, args);
    va_end(args);
    pthread_mutex_lock(&db->note_lock);
    if (db->note)
        db->note(db->note_context, line.message);
    pthread_mutex_unlock(&db->note_lock);
}

clipsearch_status cs_database_each_collection(clipsearch_database *db,
                                              bool (*each)(void *context, const cs_collection_identity *identity,
                                                           const cs_collection_state *state),
                                              void *context, clipsearch_error *err)
{
    return db->ops->each_collection(db, each, context, err);
}

clipsearch_status cs_database_vacuum(clipsearch_database *db, clipsearch_error *err)
{
    if (!db->ops->vacuum)
        return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED, "this kind of database has no file to vacuum");
    return db->ops->vacuum(db, err);
}

/* ---- collections */

/* What messages call an encoder; who puts vectors may give a fingerprint alone. */
static const char *label_of(const char *name)
{
    return name[0] ? name : "without a name";
}

/* One of the two has no fingerprint: only vectors that a program put itself come without one. */
static clipsearch_status check_without_model(const cs_collection_identity *own, const cs_encoder_identity *encoder,
                                             clipsearch_error *err)
{
    if (encoder->fingerprint[0])
        return cs_fail(err, CLIPSEARCH_E_MISMATCH,
                       "the collection %s holds vectors that were put without a model, so they cannot be compared with "
                       "those of the encoder %s: search it by vector or by item",
                       own->name, label_of(encoder->name));
    if (own->fingerprint[0])
        return cs_fail(
            err, CLIPSEARCH_E_MISMATCH,
            "the collection %s was made with the encoder %s (fingerprint %.12s), and where these vectors come "
            "from is not known: give their model's fingerprint, or use another collection",
            own->name, label_of(own->encoder), own->fingerprint);
    if (own->encoder[0] && encoder->name[0] && strcmp(own->encoder, encoder->name) != 0)
        return cs_fail(err, CLIPSEARCH_E_MISMATCH,
                       "the collection %s holds vectors of \"%s\", not of \"%s\": use another collection", own->name,
                       own->encoder, encoder->name);
    return CLIPSEARCH_OK;
}

clipsearch_status cs_collection_check_encoder(const clipsearch_collection *collection,
                                              const cs_encoder_identity *encoder, clipsearch_error *err)
{
    const cs_collection_identity *own = &collection->identity;
    const bool known = own->fingerprint[0] && encoder->fingerprint[0];
    if (known && own->dim != encoder->dim)
        return cs_fail(
            err, CLIPSEARCH_E_MISMATCH,
            "the collection %s holds vectors of %zu numbers made by the encoder %s; the encoder %s makes %zu",
            own->name, own->dim, label_of(own->encoder), label_of(encoder->name), encoder->dim);
    if (own->dim != encoder->dim)
        return cs_fail(err, CLIPSEARCH_E_MISMATCH, "the collection %s holds vectors of %zu numbers, not of %zu",
                       own->name, own->dim, encoder->dim);
    if (own->foreign && !own->fingerprint[0])
        return CLIPSEARCH_OK;
    if (!known)
        return check_without_model(own, encoder, err);
    if (strcmp(own->fingerprint, encoder->fingerprint) != 0)
        return cs_fail(
            err, CLIPSEARCH_E_MISMATCH,
            "the collection %s was made with the encoder %s (fingerprint %.12s), not with the encoder %s (%.12s); "
            "their vectors cannot be compared: use that encoder, or another collection",
            own->name, label_of(own->encoder), own->fingerprint, label_of(encoder->name), encoder->fingerprint);
    /* who puts vectors that an encoder made elsewhere may not know how their images were prepared */
    if (own->preprocessing[0] && encoder->preprocessing[0] && strcmp(own->preprocessing, encoder->preprocessing) != 0)
        return cs_fail(err, CLIPSEARCH_E_MISMATCH,
                       "the images of the collection %s were prepared by \"%s\"; the encoder %s prepares by \"%s\"",
                       own->name, own->preprocessing, label_of(encoder->name), encoder->preprocessing);
    return CLIPSEARCH_OK;
}

clipsearch_status cs_collection_open(clipsearch_database *db, const char *name, const cs_encoder_identity *encoder,
                                     clipsearch_collection **collection, clipsearch_error *err)
{
    *collection = NULL;
    clipsearch_status status = db->ops->open_collection(db, name, collection, err);
    if (*collection)
        atomic_fetch_add(&db->handles, 1);
    if (status == CLIPSEARCH_OK && encoder)
        status = cs_collection_check_encoder(*collection, encoder, err);
    if (status != CLIPSEARCH_OK)
        cs_collection_close(collection);
    return status;
}

static const char *metric_name(clipsearch_metric metric)
{
    return metric == CLIPSEARCH_COSINE ? "cosine" : metric == CLIPSEARCH_IP ? "inner product" : "L2";
}

/* What a collection was made with; 0: its type of index has no such number, and what was asked for is of no use. */
static bool differs(unsigned wanted, unsigned is)
{
    return wanted && is && wanted != is;
}

/* Whether the index is of another type. Without a type, numbers of clusters ask for IVF where the database makes it. */
static bool is_other_type(unsigned types, const clipsearch_index_options *wanted, const clipsearch_index_options *is)
{
    const bool has_clusters = types >> CLIPSEARCH_INDEX_TYPE_IVF_FLAT & 1;
    return wanted->type ? differs(wanted->type, is->type)
                        : has_clusters && (wanted->nlist || wanted->nprobe) && !is->nlist;
}

/* A collection that existed is as it was asked for. */
static clipsearch_status check_made(const clipsearch_collection *collection, clipsearch_metric metric,
                                    const clipsearch_index_options *wanted, clipsearch_error *err)
{
    const cs_collection_identity *own = &collection->identity;
    const clipsearch_index_options *is = &own->index;
    if (is_other_type(collection->db->ops->index_types, wanted, is) || differs(wanted->nlist, is->nlist) ||
        differs(wanted->nprobe, is->nprobe))
        return cs_fail(err, CLIPSEARCH_E_MISMATCH,
                       "the index of the collection %s was made as %s with nlist %u and nprobe %u, which are fixed; use"
                       " another name",
                       own->name, is->type ? cs_index_type_word(is->type) : "?", is->nlist, is->nprobe);
    /* a backend that chooses how its index holds vectors has no codes */
    if (differs(wanted->codes, is->codes) || differs(wanted->m, is->m) ||
        differs(wanted->ef_construction, is->ef_construction) || differs(wanted->ef, is->ef))
        return cs_fail(err, CLIPSEARCH_E_MISMATCH,
                       "the index of the collection %s was made with codes %s, m %u, ef_construction %u and ef %u,"
                       " which are fixed; use another name",
                       own->name, cs_codes_word(is->codes), is->m, is->ef_construction, is->ef);
    if (own->metric != metric)
        return cs_fail(err, CLIPSEARCH_E_MISMATCH, "the collection %s compares by %s, not by %s; use another name",
                       own->name, metric_name(own->metric), metric_name(metric));
    return CLIPSEARCH_OK;
}

clipsearch_status cs_collection_remember_path(clipsearch_collection *collection, const cs_encoder_identity *encoder,
                                              clipsearch_error *err)
{
    const char *known = collection->identity.model_path;
    if (!encoder->path || strlen(encoder->path) > CS_MODEL_PATH_MAX || (known && strcmp(known, encoder->path) == 0))
        return CLIPSEARCH_OK;
    return collection->ops->set_model_path(collection, encoder->path, err);
}

clipsearch_status cs_collection_ensure(clipsearch_database *db, const char *name, const cs_encoder_identity *encoder,
                                       clipsearch_metric metric, const clipsearch_index_options *index,
                                       clipsearch_collection **collection, clipsearch_error *err)
{
    *collection = NULL;
    clipsearch_status status = cs_index_type_check(db->ops->index_types, index->type, err);
    if (status == CLIPSEARCH_OK)
        status = db->ops->ensure_collection(db, name, encoder, metric, index, collection, err);
    if (*collection)
        atomic_fetch_add(&db->handles, 1);
    if (status == CLIPSEARCH_OK)
        status = check_made(*collection, metric, index, err);
    if (status == CLIPSEARCH_OK)
        status = cs_collection_check_encoder(*collection, encoder, err);
    if (status == CLIPSEARCH_OK)
        status = cs_collection_remember_path(*collection, encoder, err);
    if (status != CLIPSEARCH_OK)
        cs_collection_close(collection);
    return status;
}

clipsearch_status cs_collection_drop(clipsearch_database *db, const char *name, clipsearch_error *err)
{
    return db->ops->drop_collection(db, name, err);
}

void cs_collection_close(clipsearch_collection **collection)
{
    if (*collection) {
        clipsearch_database *db = (*collection)->db;
        (*collection)->ops->close(*collection);
        drop_handle(db);
    }
    *collection = NULL;
}

clipsearch_status cs_collection_describe(clipsearch_collection *collection, cs_collection_state *state,
                                         clipsearch_error *err)
{
    *state = (cs_collection_state){0};
    return collection->ops->describe(collection, state, err);
}

/* ---- encoding anew */

static clipsearch_status check_remodel(const clipsearch_collection *collection, clipsearch_error *err)
{
    return collection->ops->begin_remodel
               ? CLIPSEARCH_OK
               : cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                         "this kind of database cannot encode a collection anew; ingest the images into another one");
}

clipsearch_status cs_collection_describe_remodel(clipsearch_collection *collection, cs_remodel_state *state,
                                                 clipsearch_error *err)
{
    *state = (cs_remodel_state){0};
    clipsearch_status status = check_remodel(collection, err);
    return status == CLIPSEARCH_OK ? collection->ops->describe_remodel(collection, state, err) : status;
}

clipsearch_status cs_collection_begin_remodel(clipsearch_collection *collection, const cs_encoder_identity *encoder,
                                              clipsearch_metric metric, bool *resumed, clipsearch_error *err)
{
    *resumed = false;
    clipsearch_status status = check_remodel(collection, err);
    return status == CLIPSEARCH_OK ? collection->ops->begin_remodel(collection, encoder, metric, resumed, err) : status;
}

clipsearch_status cs_collection_items_to_remodel(clipsearch_collection *collection, int64_t after, size_t most,
                                                 cs_items *items, clipsearch_error *err)
{
    clipsearch_status status = check_remodel(collection, err);
    if (status == CLIPSEARCH_OK)
        status = collection->ops->items_to_remodel(collection, after, most, items, err);
    cs_items_bind(items);
    return status;
}

clipsearch_status cs_collection_put_new_vectors(clipsearch_collection *collection, const cs_new_vector *vectors,
                                                size_t count, clipsearch_error *err)
{
    clipsearch_status status = check_remodel(collection, err);
    return status == CLIPSEARCH_OK && count ? collection->ops->put_new_vectors(collection, vectors, count, err)
                                            : status;
}

clipsearch_status cs_collection_finish_remodel(clipsearch_collection *collection, const int64_t *without, size_t count,
                                               bool *finished, clipsearch_error *err)
{
    *finished = false;
    clipsearch_status status = check_remodel(collection, err);
    return status == CLIPSEARCH_OK ? collection->ops->finish_remodel(collection, without, count, finished, err)
                                   : status;
}

/* ---- look-ups */

clipsearch_status cs_collection_by_paths(clipsearch_collection *collection, const char *const *paths, size_t count,
                                         cs_items *items, clipsearch_error *err)
{
    clipsearch_status status = collection->ops->by_paths(collection, paths, count, items, err);
    cs_items_bind(items);
    return status;
}

clipsearch_status cs_collection_by_hashes(clipsearch_collection *collection, const uint8_t (*hashes)[32], size_t count,
                                          size_t most_each, cs_items *items, clipsearch_error *err)
{
    clipsearch_status status = collection->ops->by_hashes(collection, hashes, count, most_each, items, err);
    cs_items_bind(items);
    return status;
}

/* End the one query there is, or free the hits. */
static clipsearch_status finish_hits(clipsearch_hits **hits, clipsearch_status status)
{
    if (status == CLIPSEARCH_OK)
        cs_hits_next_query(*hits);
    else
        cs_hits_free(hits);
    return status;
}

clipsearch_status cs_collection_by_ids(clipsearch_collection *collection, const int64_t *ids, size_t count,
                                       clipsearch_hits **hits, clipsearch_error *err)
{
    *hits = cs_hits_make(1);
    if (!*hits)
        return cs_fail_memory(err, "the answer to a query");
    return finish_hits(hits, collection->ops->by_ids(collection, ids, count, *hits, err));
}

clipsearch_status cs_collection_where(clipsearch_collection *collection, const cs_filter_tree *filter,
                                      const cs_page *page, clipsearch_hits **hits, clipsearch_error *err)
{
    *hits = cs_hits_make(1);
    if (!*hits)
        return cs_fail_memory(err, "the answer to a query");
    return finish_hits(hits, collection->ops->where(collection, filter, page, *hits, err));
}

clipsearch_status cs_collection_each_path(clipsearch_collection *collection, const char *root,
                                          clipsearch_status (*each)(void *context, const char *path,
                                                                    clipsearch_error *err),
                                          void *context, clipsearch_error *err)
{
    return collection->ops->each_path(collection, root, each, context, err);
}

clipsearch_status cs_collection_each_hash(clipsearch_collection *collection,
                                          clipsearch_status (*each)(void *context, const uint8_t hash[32],
                                                                    clipsearch_error *err),
                                          void *context, clipsearch_error *err)
{
    return collection->ops->each_hash(collection, each, context, err);
}

clipsearch_status cs_collection_vectors(clipsearch_collection *collection, const int64_t *ids, size_t count,
                                        float *vectors, clipsearch_error *err)
{
    return collection->ops->vectors(collection, ids, count, vectors, err);
}

/* ---- changes */

clipsearch_status cs_collection_apply(clipsearch_collection *collection, cs_item_change *changes, size_t count,
                                      clipsearch_error *err)
{
    return collection->ops->apply(collection, changes, count, err);
}

clipsearch_status cs_collection_remove(clipsearch_collection *collection, const int64_t *ids, size_t count,
                                       size_t *removed, clipsearch_error *err)
{
    size_t gone = 0;
    if (removed)
        *removed = 0;
    cs_item_change *changes = cs_alloc_array(count, sizeof *changes);
    if (!changes)
        return cs_fail_memory(err, "changes to a collection");
    for (size_t i = 0; i < count; i++)
        changes[i] = (cs_item_change){.kind = CS_ITEM_REMOVE, .item.id = ids[i]};
    clipsearch_status status = cs_collection_apply(collection, changes, count, err);
    for (size_t i = 0; i < count; i++)
        gone += changes[i].removed;
    if (removed && status == CLIPSEARCH_OK)
        *removed = gone;
    cs_free(changes);
    return status;
}

clipsearch_status cs_collection_remove_where(clipsearch_collection *collection, const cs_filter_tree *filter,
                                             uint64_t *removed, clipsearch_error *err)
{
    uint64_t unread;
    if (!removed)
        removed = &unread;
    *removed = 0;
    return collection->ops->remove_where(collection, filter, removed, err);
}

clipsearch_status cs_collection_merge_attributes(clipsearch_collection *collection, const int64_t *ids,
                                                 const char *const *attributes, size_t count, clipsearch_error *err)
{
    cs_item_change *changes = cs_alloc_array(count, sizeof *changes);
    if (!changes)
        return cs_fail_memory(err, "changes to a collection");
    for (size_t i = 0; i < count; i++)
        changes[i] = (cs_item_change){.kind = CS_ITEM_MERGE, .item = {.id = ids[i], .attributes = attributes[i]}};
    clipsearch_status status = cs_collection_apply(collection, changes, count, err);
    cs_free(changes);
    return status;
}

/* ---- sources */

clipsearch_status cs_collection_each_source(clipsearch_collection *collection,
                                            clipsearch_status (*each)(void *context, const cs_source_record *source,
                                                                      clipsearch_error *err),
                                            void *context, clipsearch_error *err)
{
    return collection->ops->each_source(collection, each, context, err);
}

clipsearch_status cs_collection_put_sources(clipsearch_collection *collection, const char *list,
                                            const cs_source_record *sources, size_t count, clipsearch_error *err)
{
    return collection->ops->put_sources(collection, list, sources, count, err);
}

clipsearch_status cs_collection_forget_sources(clipsearch_collection *collection, const char *name, uint64_t *forgotten,
                                               clipsearch_error *err)
{
    *forgotten = 0;
    return collection->ops->forget_sources(collection, name, forgotten, err);
}

/* ---- search and maintenance */

clipsearch_status cs_collection_lock_ingestion(clipsearch_collection *collection, cs_lock_file **lock, long *holder,
                                               clipsearch_error *err)
{
    return collection->ops->lock_ingestion ? collection->ops->lock_ingestion(collection, lock, holder, err)
                                           : cs_lock_file_try(NULL, lock, holder, err);
}

clipsearch_status cs_collection_search(clipsearch_collection *collection, const cs_search_request *request,
                                       clipsearch_hits **hits, clipsearch_error *err)
{
    *hits = NULL;
    if (request->stats)
        *request->stats = (clipsearch_search_stats){0};
    if (request->k == 0)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "k is 0; ask for one hit at least");
    if (request->has_limit && isnan(request->limit))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "the limit is no number");
    if (request->ef > EF_MAX)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "ef is %zu; 1 to %d are allowed", request->ef, EF_MAX);
    if (request->fold_copies)
        return cs_search_contents(collection, request, hits, err);
    *hits = cs_hits_make(request->count);
    if (!*hits)
        return cs_fail_memory(err, "search results");
    clipsearch_status status = collection->ops->search(collection, request, *hits, err);
    if (status != CLIPSEARCH_OK)
        cs_hits_free(hits);
    return status;
}

/* The queries that a checkpoint measures with. */
static clipsearch_status check_queries(const clipsearch_collection *collection,
                                       const clipsearch_checkpoint_options *options, clipsearch_error *err)
{
    const size_t dim = collection->identity.dim;
    if (options->query_count && !options->queries)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "query_count is %zu but there are no queries", options->query_count);
    if (options->query_count > CS_MAX_QUERIES)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "query_count is %zu; at most %d queries are allowed",
                       options->query_count, CS_MAX_QUERIES);
    for (size_t i = 0; i < options->query_count * dim; i++)
        if (!isfinite(options->queries[i]))
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "query %zu: element %zu is no finite number", i / dim, i % dim);
    return CLIPSEARCH_OK;
}

clipsearch_status cs_collection_checkpoint(clipsearch_collection *collection,
                                           const clipsearch_checkpoint_options *options, clipsearch_error *err)
{
    clipsearch_status status = check_queries(collection, options, err);
    if (status != CLIPSEARCH_OK)
        return status;
    return collection->ops->checkpoint ? collection->ops->checkpoint(collection, options, err) : CLIPSEARCH_OK;
}

clipsearch_status cs_collection_checkpoint_is_due(clipsearch_collection *collection, bool *due, bool *wants_queries,
                                                  clipsearch_error *err)
{
    *due = *wants_queries = false;
    return collection->ops->checkpoint_is_due ? collection->ops->checkpoint_is_due(collection, due, wants_queries, err)
                                              : CLIPSEARCH_OK;
}

clipsearch_status cs_collection_check(clipsearch_collection *collection, size_t sample, clipsearch_check_report *report,
                                      clipsearch_error *err)
{
    return collection->ops->check(collection, sample, report, err);
}
