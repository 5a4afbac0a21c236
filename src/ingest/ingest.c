/* SPDX-License-Identifier: MIT
 * ingest.c - decides for every file what is to be done with it. */
#include "ingest/ingest.h"

#include "base/mem.h"
#include "encode/plain_image.h"
#include "ingest/batch.h"
#include "ingest/pipeline.h"
#include "ingest/prune.h"
#include "ingest/sources.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    MAX_BATCH = 1 << 16,
    MAX_THREADS = 4096,
    MAX_SAME = 64,    /* rows of one content that are looked at for one whose file is gone */
    QUIET_FILES = 256 /* unchanged files between two calls of the progress callback */
};

typedef struct ingest {
    cs_target target;
    clipsearch_session *session;
    const clipsearch_ingest_options *options;
    clipsearch_ingest_report *report;
    clipsearch_error *err;
    cs_retries retries;
    cs_sources sources;
    uint64_t *known; /* [known_count] cs_hash_key of every row, ascending */
    size_t known_count, known_capacity;
    cs_pipeline *pipeline; /* NULL until a file has to be read */
    cs_batch batch;
    cs_items rows;     /* look-ups' answers */
    cs_buf attributes; /* of the file looked at */
    cs_id_list moved;  /* rows of this batch, or when nothing is written of this run, that get another path */
    size_t next;       /* file to be looked at next */
    uint64_t started;  /* nanoseconds */
    clipsearch_progress progress;
    uint64_t bad_directories; /* counted as skipped, but no files */
    bool cancelled, stopped;
    clipsearch_status stop_status; /* what the bad file gave that stopped us; the words are in err */
} ingest;

void cs_source_init(clipsearch_source *source)
{
    *source = (clipsearch_source){0};
}

void cs_ingest_options_init(clipsearch_ingest_options *options)
{
    *options = (clipsearch_ingest_options){.batch = 32};
    cs_plain_image_options_init(&options->image);
}

/* ---- progress ---- */

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static double seconds_since_start(const ingest *in)
{
    return (double)(now() - in->started) / 1e9;
}

static void tell_progress(ingest *in, const char *path)
{
    const clipsearch_ingest_report *r = in->report;
    clipsearch_progress *p = &in->progress;
    p->stored = r->inserted + r->replaced;
    p->done = p->stored + r->unchanged + r->moved + r->copied + r->updated + r->skipped - in->bad_directories;
    p->path = path;
    if (!in->options->progress || in->cancelled)
        return;
    p->seconds = seconds_since_start(in);
    in->cancelled = !in->options->progress(in->options->context, p);
}

static clipsearch_status on_walk(void *context, size_t found, const char *path, clipsearch_error *err)
{
    ingest *in = context;
    in->progress.found = found;
    tell_progress(in, path);
    return in->cancelled ? cs_fail(err, CLIPSEARCH_E_CANCELLED, "stopped while looking for files; nothing was changed")
                         : CLIPSEARCH_OK;
}

/* ---- what the collection knows ---- */

static clipsearch_status add_known(void *context, const uint8_t hash[32], clipsearch_error *err)
{
    ingest *in = context;
    if (in->known_count == in->known_capacity) {
        size_t capacity = in->known_capacity ? in->known_capacity * 2 : 1024;
        uint64_t *larger = cs_realloc_array(in->known, capacity, sizeof *larger);
        if (!larger)
            return cs_fail_memory(err, "the content hashes of the collection");
        in->known = larger;
        in->known_capacity = capacity;
    }
    in->known[in->known_count++] = cs_hash_key(hash);
    return CLIPSEARCH_OK;
}

static int compare_keys(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The pipeline is opened for the first file that needs it: a run that finds nothing new starts no thread. */
static clipsearch_status open_pipeline(ingest *in)
{
    clipsearch_status status = CLIPSEARCH_OK;
    if (in->target.collection)
        status = cs_collection_each_hash(in->target.collection, add_known, in, in->err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (in->known_count)
        qsort(in->known, in->known_count, sizeof *in->known, compare_keys);
    unsigned threads = in->options->threads ? in->options->threads : cs_processors();
    /* as many as are encoded at once, so that the next lot is ready when this one is through */
    size_t capacity = in->session->max_batch < in->options->batch ? in->session->max_batch : in->options->batch;
    if (capacity < 2 * (size_t)threads)
        capacity = 2 * (size_t)threads;
    cs_pipeline_spec spec = {.threads = threads,
                             .capacity = capacity,
                             .image = &in->options->image,
                             .preprocess = cs_model_preprocess(&in->session->encoder->dir),
                             .pixels_each = in->session->pixels_each,
                             .known = in->known,
                             .known_count = in->known_count,
                             .retries = &in->retries,
                             .hash_only = in->options->dry_run};
    return cs_pipeline_open(&spec, &in->pipeline, in->err);
}

/* ---- one file in: is there anything to do? ---- */

/* Write into in->attributes what shall be stored. A source that says nothing leaves a row's as they are.
 * *differ: it is something else than the row has. */
static clipsearch_status choose_attributes(ingest *in, const cs_found_file *file, const clipsearch_item *row,
                                           bool *differ)
{
    cs_attributes *given = in->sources.sources[file->source].attributes;
    const char *old = row ? row->attributes : "{}";
    *differ = false;
    cs_buf_clear(&in->attributes);
    if (!given)
        return cs_buf_puts(&in->attributes, old) ? CLIPSEARCH_OK : cs_fail_memory(in->err, file->path);
    clipsearch_status status = cs_attributes_write(given, file->relative, &in->attributes, in->err);
    *differ = status == CLIPSEARCH_OK && row && strcmp(in->attributes.data, old) != 0;
    return status;
}

/* Send a job to the pipeline, which has room; its attributes are in in->attributes. */
static clipsearch_status send(ingest *in, const cs_job *filled)
{
    clipsearch_status status = in->pipeline ? CLIPSEARCH_OK : open_pipeline(in);
    if (status != CLIPSEARCH_OK)
        return status;
    cs_job *job = cs_pipeline_next(in->pipeline);
    cs_buf spare = job->attributes;
    float *pixels = job->pixels;
    *job = *filled;
    job->pixels = pixels;
    job->attributes = in->attributes;
    in->attributes = spare;
    cs_pipeline_submit(in->pipeline);
    return CLIPSEARCH_OK;
}

/* Look at the next file; a job is made of it unless it is as it was. */
static clipsearch_status take_next_file(ingest *in)
{
    size_t number = in->next++;
    const cs_found_file *file = &in->sources.files[number];
    cs_job job = {.file = number, .path = file->path, .status = file->status};
    if (file->status != CLIPSEARCH_OK) {
        cs_fail(&job.error, file->status, "%s", file->why);
        job.error.system_error = file->system_error;
        return send(in, &job);
    }
    clipsearch_item row = {0};
    const char *path = file->path;
    clipsearch_status status = CLIPSEARCH_OK;
    cs_items_clear(&in->rows);
    if (in->target.collection)
        status = cs_collection_by_paths(in->target.collection, &path, 1, &in->rows, in->err);
    if (in->rows.count)
        row = in->rows.items[0];
    job.has_row = row.id != 0;
    if (status == CLIPSEARCH_OK)
        status = choose_attributes(in, file, job.has_row ? &row : NULL, &job.attributes_differ);
    if (status != CLIPSEARCH_OK)
        return status;
    job.attributes_given = in->sources.sources[file->source].attributes != NULL;
    job.read = !job.has_row || row.size != file->size || row.mtime_ns != file->mtime_ns;
    if (!job.read && !job.attributes_differ) {
        if (++in->report->unchanged % QUIET_FILES == 0)
            tell_progress(in, file->path);
        return CLIPSEARCH_OK;
    }
    if (job.has_row) {
        job.row_id = row.id;
        job.row_width = row.width;
        job.row_height = row.height;
        memcpy(job.row_hash, row.hash, sizeof job.row_hash);
    }
    if (!job.read) {
        job.info = (cs_file_info){.size = file->size, .mtime_ns = file->mtime_ns};
        memcpy(job.hash, row.hash, sizeof job.hash);
    }
    return send(in, &job);
}

/* ---- one file out: what is to be done? ---- */

static clipsearch_item item_of(const cs_job *job)
{
    clipsearch_item item = {.id = job->row_id,
                            .path = job->path,
                            .size = job->info.size,
                            .mtime_ns = job->info.mtime_ns,
                            .width = job->row_width,
                            .height = job->row_height};
    memcpy(item.hash, job->hash, sizeof item.hash);
    return item;
}

/* A row that has a new file's content already. */
typedef struct same_content {
    const ingest *in;
    bool may_move;
    size_t seen;
    bool found, moves; /* moves: its own file is gone, so that the new file is that one under another name */
    int64_t id;
    uint32_t width, height;
    cs_buf attributes; /* of the row that moves */
} same_content;

static bool look_at_same(void *context, const clipsearch_item *item)
{
    same_content *same = context;
    bool moves = same->may_move && !cs_id_list_has(&same->in->moved, item->id) && cs_file_is_gone(item->path);
    if (!same->found || moves) {
        same->found = true;
        same->moves = moves;
        same->id = item->id;
        same->width = item->width;
        same->height = item->height;
    }
    if (moves)
        cs_buf_puts(&same->attributes, item->attributes);
    return !moves && same->may_move && ++same->seen < MAX_SAME;
}

/* Add the change for a file whose content a row or a change of this batch has. *found false: there is none. */
static clipsearch_status use_same_content(ingest *in, const cs_job *job, bool *found)
{
    same_content same = {.in = in, .may_move = !job->has_row, .attributes = cs_buf_make(SIZE_MAX / 2)};
    clipsearch_item item = item_of(job);
    const char *attributes = job->attributes.data;
    clipsearch_status status = CLIPSEARCH_OK;
    cs_items_clear(&in->rows);
    if (in->target.collection)
        status = cs_collection_by_hashes(in->target.collection, &job->hash, 1, MAX_SAME, &in->rows, in->err);
    for (size_t i = 0; i < in->rows.count && status == CLIPSEARCH_OK; i++)
        if (!look_at_same(&same, &in->rows.items[i]))
            break;
    size_t of = cs_batch_find(&in->batch, job->hash);
    *found = same.found || of != SIZE_MAX;
    if (status == CLIPSEARCH_OK && same.moves) {
        item.id = same.id;
        item.width = same.width;
        item.height = same.height;
        if (same.attributes.failed)
            status = cs_fail_memory(in->err, job->path);
        if (status == CLIPSEARCH_OK)
            status = cs_id_list_add(&in->moved, same.id, in->err);
        if (status == CLIPSEARCH_OK)
            status = cs_batch_add(&in->batch, CS_CHANGE_MOVE, &item,
                                  job->attributes_given ? attributes : same.attributes.data, in->err);
    } else if (status == CLIPSEARCH_OK && of != SIZE_MAX) {
        item.width = in->batch.changes[of].item.width;
        item.height = in->batch.changes[of].item.height;
        status = cs_batch_add_same(&in->batch, &item, attributes, of, in->err);
    } else if (status == CLIPSEARCH_OK && same.found) {
        item.width = same.width;
        item.height = same.height;
        status = cs_batch_add_copy(&in->batch, &item, attributes, same.id, in->err);
    }
    cs_buf_free(&same.attributes);
    return status;
}

static clipsearch_status report_bad(ingest *in, const cs_job *job)
{
    if (job->status == CLIPSEARCH_E_MEMORY) /* not the file's fault */
        return cs_fail(in->err, job->status, "%s", job->error.message);
    in->report->skipped++;
    in->report->unreadable += cs_is_machine_error(&job->error);
    in->bad_directories += in->sources.files[job->file].is_directory;
    if (in->options->bad_file)
        in->options->bad_file(in->options->context, job->path, &job->error);
    if (in->options->on_bad == CLIPSEARCH_STOP_AT_BAD) {
        in->stopped = true;
        in->stop_status = cs_fail(in->err, job->status, "%s", job->error.message);
    }
    return CLIPSEARCH_OK;
}

/* Turn a job that came back into a change of the batch, which has room. */
static clipsearch_status settle(ingest *in, cs_job *job)
{
    if (job->status != CLIPSEARCH_OK)
        return report_bad(in, job);
    clipsearch_item item = item_of(job);
    if (job->has_row && memcmp(job->hash, job->row_hash, sizeof job->hash) == 0)
        return cs_batch_add(&in->batch, job->attributes_differ ? CS_CHANGE_UPDATE : CS_CHANGE_TOUCH, &item,
                            job->attributes.data, in->err);
    bool found;
    clipsearch_status status = use_same_content(in, job, &found);
    if (status != CLIPSEARCH_OK || found)
        return status;
    if (!job->prepared && !in->options->dry_run) {
        cs_pipeline_prepare(in->pipeline, job); /* the row that had this content got another in this very run */
        if (job->status != CLIPSEARCH_OK)
            return report_bad(in, job);
        item = item_of(job);
    }
    item.width = job->width;
    item.height = job->height;
    return cs_batch_add_pixels(&in->batch, job->has_row ? CS_CHANGE_REPLACE : CS_CHANGE_INSERT, &item,
                               job->attributes.data, job->pixels, in->err);
}

static clipsearch_status commit(ingest *in)
{
    clipsearch_status status = cs_batch_commit(&in->batch, in->report, in->err);
    if (status == CLIPSEARCH_OK && !in->options->dry_run)
        cs_id_list_clear(&in->moved);
    return status;
}

/* Keep the pipeline filled, take back what is oldest, commit whenever the batch is full. */
static clipsearch_status go_through_files(ingest *in)
{
    clipsearch_status status = CLIPSEARCH_OK;
    while (status == CLIPSEARCH_OK && !in->cancelled && !in->stopped) {
        while (status == CLIPSEARCH_OK && !in->cancelled && in->next < in->sources.file_count &&
               (!in->pipeline || cs_pipeline_has_room(in->pipeline)))
            status = take_next_file(in);
        cs_job *job = status == CLIPSEARCH_OK && in->pipeline ? cs_pipeline_wait(in->pipeline) : NULL;
        if (!job || in->cancelled)
            break;
        const char *path = job->path;
        status = settle(in, job);
        cs_pipeline_release(in->pipeline);
        if (status == CLIPSEARCH_OK && cs_batch_full(&in->batch))
            status = commit(in);
        if (status == CLIPSEARCH_OK)
            tell_progress(in, path);
    }
    if (status == CLIPSEARCH_OK)
        status = commit(in);
    return status;
}

/* ---- the index ---- */

static bool on_index(void *context, uint64_t done, uint64_t all)
{
    ingest *in = context;
    (void)done;
    (void)all;
    tell_progress(in, "");
    return !in->cancelled;
}

/* The pictures are stored by now: that the index cannot be written is told, and no failure. */
static clipsearch_status bring_index_up_to_date(ingest *in)
{
    bool due = false;
    clipsearch_error why;
    const clipsearch_checkpoint_options options = {
        .threads = in->options->threads, .progress = on_index, .context = in};
    clipsearch_status status = cs_collection_checkpoint_is_due(in->target.collection, &due, in->err);
    if (status != CLIPSEARCH_OK || !due)
        return status;
    status = cs_collection_checkpoint(in->target.collection, &options, &why);
    in->report->indexed = status == CLIPSEARCH_OK;
    if (status == CLIPSEARCH_E_CANCELLED)
        return cs_fail(in->err, status, "all pictures are stored; %s", why.message);
    if (status != CLIPSEARCH_OK)
        cs_database_note(in->target.collection->db, "the pictures are stored, but the index is not written: %s",
                         why.message);
    return CLIPSEARCH_OK;
}

/* ---- the whole ---- */

static clipsearch_status check(const ingest *in)
{
    const clipsearch_ingest_options *o = in->options;
    if (o->source_count && !o->sources)
        return cs_fail(in->err, CLIPSEARCH_E_ARGUMENT, "source_count is %zu but there are no sources", o->source_count);
    for (size_t i = 0; i < o->source_count; i++)
        if (!o->sources[i].path || !o->sources[i].path[0])
            return cs_fail(in->err, CLIPSEARCH_E_ARGUMENT, "source %zu has no path", i);
    if (o->batch == 0 || o->batch > MAX_BATCH)
        return cs_fail(in->err, CLIPSEARCH_E_ARGUMENT, "batch is %zu; 1 to %d are allowed", o->batch, (int)MAX_BATCH);
    if (o->threads > MAX_THREADS)
        return cs_fail(in->err, CLIPSEARCH_E_ARGUMENT, "threads is %u; 0 to %d are allowed", o->threads,
                       (int)MAX_THREADS);
    return cs_session_check_image_tower(in->session, in->err);
}

/* `into`: which of the two targets there are. */
static clipsearch_status open_target(ingest *in, const cs_ingest_into *into)
{
    const clipsearch_encoder *encoder = in->session->encoder;
    return into->collection
               ? cs_target_use(&in->target, into->collection, encoder, in->err)
               : cs_target_open(&in->target, into->target, into->opener, encoder, in->options->dry_run, in->err);
}

static clipsearch_status run(ingest *in, const cs_ingest_into *into)
{
    const clipsearch_ingest_options *o = in->options;
    clipsearch_status status = check(in);
    if (status == CLIPSEARCH_OK)
        status = open_target(in, into);
    if (status == CLIPSEARCH_OK)
        status = cs_sources_open(o->sources, o->source_count, &in->sources, in->err);
    if (status == CLIPSEARCH_OK)
        status = cs_sources_walk(&in->sources, &in->retries, on_walk, in, in->err);
    if (status != CLIPSEARCH_OK)
        return status;
    for (size_t i = 0; i < in->sources.file_count; i++)
        in->report->found += !in->sources.files[i].is_directory;
    in->progress.found = in->report->found;
    in->progress.walking_done = true;
    tell_progress(in, ""); /* the walk's paths are gone */
    status = cs_batch_open(&in->batch, &in->target, in->session, o->batch, o->dry_run, in->err);
    if (status == CLIPSEARCH_OK)
        status = go_through_files(in);
    if (status != CLIPSEARCH_OK)
        return status;
    if (in->stopped)
        return in->stop_status;
    tell_progress(in, in->progress.path);
    if (in->cancelled)
        return cs_fail(in->err, CLIPSEARCH_E_CANCELLED,
                       "stopped with %llu of %llu files dealt with; the same again carries on from there",
                       (unsigned long long)in->progress.done, (unsigned long long)in->progress.found);
    if (!in->target.collection)
        return CLIPSEARCH_OK; /* nothing was stored, so there is nothing to prune and no index */
    if (o->prune)
        status = cs_prune(in->target.collection, &in->sources, &in->moved, o->dry_run, &in->report->pruned, in->err);
    return status == CLIPSEARCH_OK && !o->dry_run ? bring_index_up_to_date(in) : status;
}

clipsearch_status cs_ingest(const cs_ingest_into *into, clipsearch_session *session,
                            const clipsearch_ingest_options *options, clipsearch_ingest_report *report,
                            clipsearch_error *err)
{
    *report = (clipsearch_ingest_report){0};
    ingest in = {.session = session, .options = options, .report = report, .err = err, .started = now()};
    atomic_init(&in.retries.left, CS_RETRIES_OF_A_RUN);
    in.attributes = cs_buf_make(SIZE_MAX / 2);
    clipsearch_status status = run(&in, into);
    for (size_t i = 0; status == CLIPSEARCH_OK && i < in.sources.source_count; i++) {
        cs_attributes_tally tally = cs_attributes_count(in.sources.sources[i].attributes);
        report->without_row += tally.pictures_without_row;
        report->rows_unused += tally.rows_without_picture;
    }
    cs_pipeline_close(&in.pipeline);
    cs_batch_close(&in.batch);
    cs_id_list_free(&in.moved);
    cs_items_free(&in.rows);
    cs_buf_free(&in.attributes);
    cs_free(in.known);
    cs_sources_close(&in.sources);
    report->created = in.target.created;
    cs_target_close(&in.target);
    report->seconds = seconds_since_start(&in);
    return status;
}
