/* SPDX-License-Identifier: MIT
 * remodel.c - pages of items, their files through the pipeline, new vectors in batches, the switch. */
#include "ingest/remodel.h"

#include "base/clock.h"
#include "base/file_gone.h"
#include "base/id_list.h"
#include "base/mem.h"
#include "ingest/claim.h"
#include "ingest/pipeline.h"
#include "ingest/prune.h"
#include "ingest/run_options.h"
#include "ingest/write_index.h"
#include "kernels/vec.h"

#include <string.h>

enum { PAGE = 1024 }; /* items of one question; more when the pipeline holds more */

typedef struct remodel {
    clipsearch_session *session;
    const clipsearch_ingest_options *options;
    const clipsearch_ingest_target *target;
    clipsearch_ingest_report *report;
    clipsearch_error *err;
    clipsearch_database *db;
    clipsearch_collection *collection;
    cs_lock_file *lock;
    size_t dim;
    clipsearch_metric metric;
    cs_retries retries;
    cs_content_keys known; /* none: every image is decoded */
    cs_pipeline *pipeline;
    size_t capacity;                  /* of the pipeline */
    cs_items items;                   /* the page: what is in the pipeline is of it */
    size_t next, submitted, finished; /* of the page: the next to be submitted, and counts */
    int64_t last;                     /* the last id of the page */
    size_t *in_pipeline;              /* [capacity]: numbers in the page, in a ring */
    cs_new_vector *batch;             /* [options->batch] */
    float *vectors;                   /* [options->batch, dim] */
    size_t filled, waiting;           /* in the batch; of these the last that are in session->pixels, not encoded */
    cs_id_list without;               /* items that can have no vector */
    double began;                     /* ms */
    clipsearch_progress progress;
    bool cancelled;
} remodel;

/* ---- progress ---- */

static void report_progress(remodel *r, const char *path)
{
    const clipsearch_ingest_report *report = r->report;
    clipsearch_progress *p = &r->progress;
    p->stored = report->replaced;
    p->unchanged = report->unchanged;
    p->skipped = report->skipped;
    p->done = report->replaced + r->filled + report->unchanged + report->skipped + report->gone;
    p->path = path;
    if (!r->options->progress || r->cancelled)
        return;
    p->seconds = p->encode_seconds = (cs_clock_ms() - r->began) / 1e3;
    r->cancelled = !r->options->progress(r->options->context, p);
}

static bool report_wait(void *context, long holder)
{
    remodel *r = context;
    r->progress.phase = CLIPSEARCH_PHASE_WAIT;
    r->progress.holder = holder;
    report_progress(r, "");
    return !r->cancelled;
}

static void begin_index(void *context)
{
    remodel *r = context;
    r->progress.phase = CLIPSEARCH_PHASE_INDEX;
}

static bool report_index(void *context, uint64_t done, uint64_t all)
{
    remodel *r = context;
    r->progress.index_done = done;
    r->progress.index_all = all;
    report_progress(r, "");
    return !r->cancelled;
}

/* ---- encoding ---- */

/* A cosine collection holds vectors of length 1, also of an encoder that does not normalise them. */
static void encode_waiting(remodel *r)
{
    float *vectors = r->vectors + (r->filled - r->waiting) * r->dim;
    if (r->waiting)
        cs_session_forward(r->session, r->waiting, vectors);
    if (r->metric == CLIPSEARCH_COSINE && !cs_encoder_identify(r->session->encoder).normalized)
        for (size_t i = 0; i < r->waiting; i++)
            cs_vec_normalise(vectors + i * r->dim, r->dim);
    r->waiting = 0;
}

static clipsearch_status store_batch(remodel *r)
{
    encode_waiting(r);
    clipsearch_status status = cs_collection_put_new_vectors(r->collection, r->batch, r->filled, r->err);
    if (status == CLIPSEARCH_OK)
        r->report->replaced += r->filled;
    r->filled = 0;
    return status;
}

static clipsearch_status add_image(remodel *r, const clipsearch_item *item, const float *pixels)
{
    clipsearch_session *session = r->session;
    cs_new_vector *vector = &r->batch[r->filled];
    *vector = (cs_new_vector){.id = item->id, .vector = r->vectors + r->filled * r->dim};
    memcpy(vector->hash, item->hash, sizeof vector->hash);
    memcpy(session->pixels + r->waiting * session->pixels_each, pixels, session->pixels_each * sizeof *pixels);
    r->filled++;
    if (++r->waiting == session->max_batch)
        encode_waiting(r);
    return r->filled == r->options->batch ? store_batch(r) : CLIPSEARCH_OK;
}

/* ---- files that cannot be encoded ---- */

static clipsearch_status add_without(remodel *r, const clipsearch_item *item, const cs_item_file *file,
                                     const clipsearch_error *why)
{
    clipsearch_ingest_report *report = r->report;
    clipsearch_error gone;
    if (why->code == CLIPSEARCH_E_MEMORY) /* not the file's fault */
        return cs_fail(r->err, why->code, "%s", why->message);
    const bool is_gone = cs_file_is_gone(item->path);
    report->gone += is_gone;
    report->newly_gone += is_gone && !file->gone_since;
    report->skipped += !is_gone;
    report->unreadable += !is_gone && why->code == CLIPSEARCH_E_IO;
    if (is_gone)
        cs_fail(&gone, CLIPSEARCH_E_NOT_FOUND, "%s: the file is gone", item->path);
    if (r->options->bad_file)
        r->options->bad_file(r->options->context, item->path, is_gone ? &gone : why);
    return cs_id_list_add(&r->without, item->id, r->err);
}

/* ---- the pages ---- */

static clipsearch_status next_page(remodel *r)
{
    const size_t most = r->capacity > PAGE ? r->capacity : PAGE;
    cs_items_clear(&r->items);
    r->next = r->submitted = r->finished = 0;
    clipsearch_status status = cs_collection_items_to_remodel(r->collection, r->last, most, &r->items, r->err);
    if (status == CLIPSEARCH_OK && r->items.count)
        r->last = r->items.items[r->items.count - 1].id;
    return status;
}

static void fill_pipeline(remodel *r)
{
    for (; r->next < r->items.count && cs_pipeline_has_room(r->pipeline); r->next++) {
        if (cs_id_list_has(&r->without, r->items.items[r->next].id))
            continue;
        r->in_pipeline[r->submitted++ % r->capacity] = r->next;
        cs_pipeline_submit(r->pipeline, r->items.items[r->next].path, false, NULL);
    }
}

static clipsearch_status encode_page(remodel *r)
{
    clipsearch_status status = CLIPSEARCH_OK;
    while (status == CLIPSEARCH_OK && !r->cancelled) {
        fill_pipeline(r);
        const cs_decoded_file *decoded = cs_pipeline_wait(r->pipeline);
        if (!decoded)
            break;
        const size_t i = r->in_pipeline[r->finished++ % r->capacity];
        const clipsearch_item *item = &r->items.items[i];
        status = decoded->status == CLIPSEARCH_OK ? add_image(r, item, decoded->pixels)
                                                  : add_without(r, item, &r->items.files[i], &decoded->error);
        cs_pipeline_release(r->pipeline);
        if (status == CLIPSEARCH_OK)
            report_progress(r, item->path);
    }
    while (r->finished < r->submitted) { /* after a failure: the page's paths must outlive what is in the pipeline */
        cs_pipeline_wait(r->pipeline);
        cs_pipeline_release(r->pipeline);
        r->finished++;
    }
    return status;
}

/* All items that have no new vector and are not known to get none. */
static clipsearch_status encode_items(remodel *r)
{
    r->last = 0;
    cs_id_list_sort_unique(&r->without);
    clipsearch_status status = next_page(r);
    while (status == CLIPSEARCH_OK && r->items.count && !r->cancelled) {
        status = encode_page(r);
        if (status == CLIPSEARCH_OK && !r->cancelled)
            status = next_page(r);
    }
    const clipsearch_status stored = status == CLIPSEARCH_OK ? store_batch(r) : status;
    if (stored != CLIPSEARCH_OK || !r->cancelled)
        return stored;
    return cs_fail(r->err, CLIPSEARCH_E_CANCELLED,
                   "stopped after %llu of %llu images; the vectors of the old model are used until another run has "
                   "encoded the rest",
                   (unsigned long long)r->progress.done, (unsigned long long)r->progress.found);
}

/* ---- the switch ---- */

/* A disk that is not mounted must not cost a collection its vectors. */
static clipsearch_status check_missing(const remodel *r)
{
    clipsearch_ingest_report *report = r->report;
    const bool many = report->newly_gone > CS_PRUNE_FEW && report->newly_gone > report->found / CS_PRUNE_SHARE;
    if (r->options->force_prune || (!many && !report->unreadable))
        return CLIPSEARCH_OK;
    report->kept = report->newly_gone + report->unreadable;
    return many ? cs_fail(r->err, CLIPSEARCH_E_IO,
                          "%llu of %llu images are not there: a disk may not be mounted. The collection %s keeps its "
                          "model; what was encoded is kept too",
                          (unsigned long long)report->newly_gone, (unsigned long long)report->found,
                          r->target->collection)
                : cs_fail(r->err, CLIPSEARCH_E_IO,
                          "%llu images could not be read. The collection %s keeps its model; what was encoded is kept "
                          "too",
                          (unsigned long long)report->unreadable, r->target->collection);
}

/* Items that came meanwhile, from a program that knows no lock, are encoded before the switch too. */
static clipsearch_status encode_and_switch(remodel *r)
{
    bool finished = false;
    clipsearch_status status = CLIPSEARCH_OK;
    while (status == CLIPSEARCH_OK && !finished) {
        status = encode_items(r);
        if (status == CLIPSEARCH_OK)
            status = check_missing(r);
        cs_id_list_sort_unique(&r->without);
        if (status == CLIPSEARCH_OK)
            status = cs_collection_finish_remodel(r->collection, r->without.ids, r->without.count, &finished, r->err);
    }
    return status;
}

/* The handle is of the old model; the index is that of the new one. */
static clipsearch_status write_index(remodel *r)
{
    cs_collection_close(&r->collection);
    clipsearch_status status = cs_collection_open(r->db, r->target->collection, NULL, &r->collection, r->err);
    const cs_index_writing writing = {.collection = r->collection,
                                      .encoder = r->session->encoder,
                                      .threads = r->options->threads,
                                      .begin = begin_index,
                                      .progress = report_index,
                                      .context = r};
    return status == CLIPSEARCH_OK ? cs_write_index_if_due(&writing, &r->report->indexed, r->err) : status;
}

/* ---- a run ---- */

static clipsearch_status open_collection(remodel *r, const cs_ingest_into *into)
{
    clipsearch_status status =
        into->opener->open(r->target->database, r->options->dry_run ? CLIPSEARCH_READ_ONLY : 0, &r->db, r->err);
    if (status == CLIPSEARCH_OK && r->target->note)
        cs_database_on_note(r->db, r->target->note, r->target->context);
    return status == CLIPSEARCH_OK ? cs_collection_open(r->db, r->target->collection, NULL, &r->collection, r->err)
                                   : status;
}

static clipsearch_status alloc(remodel *r)
{
    const unsigned threads = r->options->threads ? r->options->threads : cs_processors();
    size_t floats;
    r->capacity = r->session->max_batch < r->options->batch ? r->session->max_batch : r->options->batch;
    if (r->capacity < 2 * (size_t)threads)
        r->capacity = 2 * (size_t)threads;
    const bool fits = !__builtin_mul_overflow(r->options->batch, r->dim, &floats);
    r->vectors = fits ? cs_alloc_aligned(floats, sizeof *r->vectors) : NULL;
    r->batch = cs_alloc_array(r->options->batch, sizeof *r->batch);
    r->in_pipeline = cs_alloc_array(r->capacity, sizeof *r->in_pipeline);
    if (!r->vectors || !r->batch || !r->in_pipeline)
        return cs_fail_memory(r->err, "a batch");
    const cs_pipeline_spec spec = {.threads = threads,
                                   .capacity = r->capacity,
                                   .image = r->options->image,
                                   .preprocess = cs_model_preprocess(&r->session->encoder->dir),
                                   .pixels_each = r->session->pixels_each,
                                   .known = &r->known,
                                   .retries = &r->retries};
    return cs_pipeline_open(&spec, &r->pipeline, r->err);
}

/* Only the files are looked at. */
static clipsearch_status count_only(remodel *r)
{
    clipsearch_status status = next_page(r);
    while (status == CLIPSEARCH_OK && r->items.count) {
        for (size_t i = 0; i < r->items.count; i++) {
            const bool gone = cs_file_is_gone(r->items.items[i].path);
            r->report->gone += gone;
            r->report->newly_gone += gone && !r->items.files[i].gone_since;
            r->report->replaced += !gone;
        }
        status = next_page(r);
    }
    return status;
}

static clipsearch_status run(remodel *r, const cs_ingest_into *into)
{
    const cs_encoder_identity identity = cs_encoder_identify(r->session->encoder);
    cs_collection_state state;
    cs_remodel_state begun = {0};
    bool resumed = false;
    clipsearch_status status = cs_check_run_options(r->options, r->session, r->err);
    if (status == CLIPSEARCH_OK && !r->options->dry_run)
        status = cs_claim_collection(into, report_wait, r, &r->lock, r->err);
    if (status == CLIPSEARCH_OK)
        status = open_collection(r, into);
    if (status == CLIPSEARCH_OK)
        status = cs_collection_describe(r->collection, &state, r->err);
    if (status != CLIPSEARCH_OK)
        return status;
    const cs_collection_identity *own = cs_collection_identify(r->collection);
    r->report->found = r->progress.found = state.count;
    r->progress.walking_done = true;
    r->progress.phase = CLIPSEARCH_PHASE_ENCODE;
    const bool same = cs_collection_check_encoder(r->collection, &identity, NULL) == CLIPSEARCH_OK &&
                      own->metric == r->metric && !cs_precisions_differ(state.precisions, identity.precisions);
    if (r->options->dry_run && !same)
        return count_only(r);
    if (!r->options->dry_run)
        status = cs_collection_begin_remodel(r->collection, &identity, r->metric, &resumed, r->err);
    if (status == CLIPSEARCH_OK && same) {
        r->report->unchanged = state.count;
        return r->options->dry_run ? status : cs_collection_remember_path(r->collection, &identity, r->err);
    }
    if (status == CLIPSEARCH_OK && resumed)
        status = cs_collection_describe_remodel(r->collection, &begun, r->err);
    r->report->unchanged = begun.done;
    if (status == CLIPSEARCH_OK)
        status = alloc(r);
    if (status == CLIPSEARCH_OK)
        status = encode_and_switch(r);
    return status == CLIPSEARCH_OK ? write_index(r) : status;
}

clipsearch_status cs_remodel(const cs_ingest_into *into, clipsearch_session *session,
                             const clipsearch_ingest_options *options, clipsearch_ingest_report *report,
                             clipsearch_error *err)
{
    clipsearch_error unread;
    remodel r = {.session = session,
                 .options = options,
                 .target = into->target,
                 .report = report,
                 .err = err ? err : &unread,
                 .dim = cs_encoder_identify(session->encoder).dim,
                 .metric = into->target->metric,
                 .began = cs_clock_ms()};
    atomic_init(&r.retries.left, CS_RETRIES_OF_A_RUN);
    *report = (clipsearch_ingest_report){0};
    clipsearch_status status = run(&r, into);
    cs_pipeline_close(&r.pipeline);
    cs_items_free(&r.items);
    cs_id_list_free(&r.without);
    cs_free(r.in_pipeline);
    cs_free(r.batch);
    cs_free(r.vectors);
    cs_collection_close(&r.collection);
    cs_database_close(&r.db);
    cs_lock_file_release(&r.lock);
    report->seconds = (cs_clock_ms() - r.began) / 1e3;
    return status;
}
