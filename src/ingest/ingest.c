/* SPDX-License-Identifier: MIT
 * ingest.c - a run: finds files, stores what has changed, notes what is gone, writes the index file. */
#include "ingest/ingest.h"

#include "base/clock.h"
#include "base/mem.h"
#include "ingest/claim.h"
#include "ingest/gone.h"
#include "ingest/run.h"
#include "ingest/run_options.h"

enum { ASK_MS = 200 };

static clipsearch_status report_walk(void *context, size_t found, const char *path, clipsearch_error *err)
{
    cs_ingest_run *in = context;
    in->progress.found = found;
    cs_run_report_progress(in, path);
    return in->cancelled ? cs_fail(err, CLIPSEARCH_E_CANCELLED, "stopped while looking for files; nothing was changed")
                         : CLIPSEARCH_OK;
}

static void count_bad_source(void *context, size_t source, const clipsearch_error *why)
{
    cs_ingest_run *in = context;
    if (cs_remembered_file(&in->remembered, in->options->sources[source].path))
        return; /* an image that is gone */
    in->report->missing_sources++;
    in->source_error = *why;
    in->options->bad_source(in->options->context, source, why);
}

/* An empty name would be the directory that the list starts at. */
static clipsearch_status check_files(const clipsearch_source *source, size_t number, clipsearch_error *err)
{
    for (size_t i = 0; source->files && i < source->file_count; i++)
        if (!source->files[i] || !source->files[i][0])
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "number %zu of the files of source %zu has no path", i, number);
    return CLIPSEARCH_OK;
}

static clipsearch_status check_options(cs_ingest_run *in)
{
    const clipsearch_ingest_options *o = in->options;
    if (o->source_count && !o->sources)
        return cs_fail(in->err, CLIPSEARCH_E_ARGUMENT, "source_count is %zu but there are no sources", o->source_count);
    for (size_t i = 0; i < o->source_count; i++)
        if (!o->sources[i].files && (!o->sources[i].path || !o->sources[i].path[0]))
            return cs_fail(in->err, CLIPSEARCH_E_ARGUMENT, "source %zu has no path", i);
    for (size_t i = 0; i < o->source_count; i++)
        if (check_files(&o->sources[i], i, in->err) != CLIPSEARCH_OK)
            return CLIPSEARCH_E_ARGUMENT;
    if (o->shards ? o->shard < 1 || o->shard > o->shards : o->shard != 0)
        return cs_fail(in->err, CLIPSEARCH_E_ARGUMENT, "shard is %u of %u; 1 to the number of shards are allowed",
                       o->shard, o->shards);
    clipsearch_status status = cs_check_run_options(o, in->session, in->err);
    return status == CLIPSEARCH_OK ? cs_metadata_choose(o->metadata, &in->metadata, in->err) : status;
}

/* While a call waits for a server: the caller of the ingestion is asked now and then. */
static bool ask_caller(void *context)
{
    cs_ingest_run *in = context;
    const double now = cs_clock_ms();
    if (now - in->asked >= ASK_MS) {
        in->asked = now;
        cs_run_report_progress(in, in->progress.path ? in->progress.path : "");
    }
    return !in->cancelled;
}

static clipsearch_status open_target(cs_ingest_run *in, const cs_ingest_into *into)
{
    const clipsearch_encoder *encoder = in->session->encoder;
    if (into->collection)
        return cs_target_use(&in->target, into->collection, encoder, in->err);
    in->target.go_on = ask_caller;
    in->target.go_on_context = in;
    return cs_target_open(&in->target, into->target, into->opener, encoder, in->options->dry_run, in->err);
}

/* Open and walk the sources. */
static clipsearch_status find_files(cs_ingest_run *in)
{
    const clipsearch_ingest_options *o = in->options;
    const cs_sources_calls calls = {
        .step = report_walk, .bad_source = o->bad_source ? count_bad_source : NULL, .context = in};
    clipsearch_status status = cs_sources_open(o->sources, o->source_count, &calls, &in->sources, in->err);
    in->sources.shard = o->shard;
    in->sources.shards = o->shards;
    if (status == CLIPSEARCH_OK)
        status = cs_sources_walk(&in->sources, &in->retries, &calls, in->err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (in->report->missing_sources && in->report->missing_sources == o->source_count)
        return cs_fail(in->err, CLIPSEARCH_E_IO, "%s", in->source_error.message);
    return CLIPSEARCH_OK;
}

/* Between two attempts to get the lock. */
static bool report_wait(void *context, long holder)
{
    cs_ingest_run *in = context;
    in->progress.phase = CLIPSEARCH_PHASE_WAIT;
    in->progress.holder = holder;
    cs_run_report_progress(in, "");
    return !in->cancelled;
}

/* What is counted for each source. */
static clipsearch_status make_source_counts(cs_ingest_run *in)
{
    const clipsearch_ingest_options *o = in->options;
    in->by_source = cs_zalloc_array(o->source_count ? o->source_count : 1, sizeof *in->by_source);
    if (!in->by_source)
        return cs_fail_memory(in->err, "counts of the sources");
    for (size_t i = 0; i < o->source_count; i++)
        in->by_source[i].path = o->sources[i].path ? o->sources[i].path : "";
    in->progress.sources = in->by_source;
    in->progress.source_count = o->source_count;
    return CLIPSEARCH_OK;
}

static void begin_encoding(cs_ingest_run *in)
{
    for (size_t i = 0; i < in->sources.file_count; i++) {
        const cs_found_file *file = &in->sources.files[i];
        in->report->found += !file->is_directory;
        in->by_source[file->source].found += !file->is_directory;
    }
    in->progress.found = in->report->found;
    in->progress.walking_done = true;
    in->walk_seconds = cs_run_seconds(in);
    in->progress.phase = CLIPSEARCH_PHASE_ENCODE;
    cs_run_report_progress(in, ""); /* the walk's paths are gone */
}

static clipsearch_status run(cs_ingest_run *in, const cs_ingest_into *into)
{
    const clipsearch_ingest_options *o = in->options;
    clipsearch_status status = check_options(in);
    if (status == CLIPSEARCH_OK)
        status = make_source_counts(in);
    if (status == CLIPSEARCH_OK && !o->dry_run)
        status = cs_claim_collection(into, report_wait, in, &in->lock, in->err);
    in->progress.phase = CLIPSEARCH_PHASE_WALK;
    if (status == CLIPSEARCH_OK)
        status = open_target(in, into);
    if (status == CLIPSEARCH_OK && in->target.collection)
        status = cs_remembered_read(&in->remembered, in->target.collection, in->err);
    if (status == CLIPSEARCH_OK)
        status = find_files(in);
    if (status != CLIPSEARCH_OK)
        return status;
    begin_encoding(in);
    status = cs_batch_open(&in->batch, &in->target, in->session, o->batch, o->dry_run, in->err);
    if (status == CLIPSEARCH_OK)
        status = cs_run_process_files(in);
    if (status != CLIPSEARCH_OK)
        return status;
    if (in->stopped) {
        *in->err = in->stop_error;
        return in->stop_error.code;
    }
    cs_run_report_progress(in, in->progress.path);
    if (in->cancelled)
        return cs_fail(in->err, CLIPSEARCH_E_CANCELLED,
                       "stopped after %llu of %llu files; another run continues from there",
                       (unsigned long long)in->progress.done, (unsigned long long)in->progress.found);
    if (!in->target.collection)
        return CLIPSEARCH_OK; /* nothing was stored, so nothing is gone and there is no index */
    in->progress.phase = CLIPSEARCH_PHASE_PRUNE;
    const cs_gone_request gone = {.collection = in->target.collection,
                                  .sources = &in->sources,
                                  .remembered = &in->remembered,
                                  .list = o->list,
                                  .kept = &in->moved,
                                  .options = o,
                                  .report = in->report};
    status = cs_gone_update(&gone, in->err);
    return status == CLIPSEARCH_OK && !o->dry_run ? cs_run_write_index_if_due(in) : status;
}

/* What was left out, for the report. */
static void count_left_out(cs_ingest_run *in)
{
    const cs_left_out *left_out = &in->sources.left_out;
    clipsearch_ingest_report *report = in->report;
    _Static_assert((int)CS_FILE_KINDS <= (int)CLIPSEARCH_MAX_KINDS, "a report has room for all kinds");
    report->hidden = left_out->hidden;
    for (unsigned i = 0; i < CS_FILE_KINDS; i++) {
        const cs_file_kind kind = (cs_file_kind)i;
        if (!left_out->kinds[i])
            continue;
        report->left_out += left_out->kinds[i];
        report->kinds[report->kind_count++] = (clipsearch_kind_count){.kind = cs_file_kind_name(kind),
                                                                      .kinds = cs_file_kind_names(kind),
                                                                      .files = left_out->kinds[i],
                                                                      .image = cs_file_kind_is_image(kind)};
    }
}

/* What of the CSV files and the files found did not match. */
static void count_unmatched(const cs_ingest_run *in)
{
    for (size_t i = 0; i < in->sources.source_count; i++) {
        cs_attributes_counts counts = cs_attributes_count(in->sources.sources[i].attributes);
        in->report->without_row += counts.images_without_row;
        in->report->rows_unused += counts.rows_without_image;
    }
}

static void free_all(cs_ingest_run *in)
{
    cs_pipeline_close(&in->pipeline);
    for (size_t i = 0; in->pending && i < in->capacity; i++) {
        cs_buf_free(&in->pending[i].attributes);
        cs_buf_free(&in->pending[i].before);
    }
    cs_free(in->pending);
    cs_batch_close(&in->batch);
    cs_id_list_free(&in->moved);
    cs_moves_free(&in->moves);
    cs_remembered_free(&in->remembered);
    cs_contents_free(&in->contents);
    cs_content_set_free(&in->would_store);
    cs_id_list_free(&in->would_change);
    cs_content_keys_free(&in->known);
    cs_stored_files_free(&in->stored);
    cs_buf_free(&in->attributes);
    cs_buf_free(&in->before);
    cs_buf_free(&in->joined);
    cs_sources_close(&in->sources);
    cs_target_close(&in->target);
    cs_lock_file_release(&in->lock);
    cs_free(in->by_source);
}

clipsearch_status cs_ingest(const cs_ingest_into *into, clipsearch_session *session,
                            const clipsearch_ingest_options *options, clipsearch_ingest_report *report,
                            clipsearch_error *err)
{
    clipsearch_error unread;
    cs_ingest_run in = {.session = session,
                        .options = options,
                        .report = report,
                        .err = err ? err : &unread, /* its system_error decides on further tries */
                        .started = cs_clock_ms(),
                        .attributes = cs_buf_make(SIZE_MAX / 2),
                        .before = cs_buf_make(SIZE_MAX / 2),
                        .joined = cs_buf_make(SIZE_MAX / 2)};
    atomic_init(&in.retries.left, CS_RETRIES_OF_A_RUN);
    *report = (clipsearch_ingest_report){0};
    clipsearch_status status = run(&in, into);
    if (status == CLIPSEARCH_OK)
        count_unmatched(&in);
    count_left_out(&in);
    report->created = in.target.created;
    free_all(&in);
    report->seconds = cs_run_seconds(&in);
    return status;
}
