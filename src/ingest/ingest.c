/* SPDX-License-Identifier: MIT
 * ingest.c - finds files, decides for each what changes in the collection, and commits the changes in batches. */
#include "ingest/ingest.h"

#include "base/limits.h"
#include "base/mem.h"
#include "encode/plain_image.h"
#include "ingest/batch.h"
#include "ingest/claim.h"
#include "ingest/gone.h"
#include "ingest/item_attributes.h"
#include "ingest/moves.h"
#include "ingest/pipeline.h"
#include "ingest/readable.h"
#include "ingest/remembered.h"
#include "ingest/sources.h"
#include "ingest/stored_files.h"
#include "ingest/write_index.h"

#include <string.h>
#include <time.h>

enum {
    SAME_ASKED = 2,   /* items of one content that are asked for with many others; of more, moves.h has all */
    QUIET_FILES = 256 /* unchanged files between two calls of the progress callback */
};

/* What is remembered of a file while it is in the pipeline. */
typedef struct pending_file {
    const cs_found_file *found;
    bool read;    /* false: its content is as stored, or the walk found it bad */
    bool stored;  /* the collection has an item with its path: the following is that item's */
    bool returns; /* it was known to be gone */
    int64_t id;
    uint8_t hash[32];
    uint32_t width, height;
    bool attributes_given;  /* the source has attributes */
    bool attributes_differ; /* not read: from those of the item */
    cs_buf attributes;      /* those of the user when `read`, else all that is to be stored */
    cs_buf before;          /* what the item has */
} pending_file;

typedef struct ingest {
    cs_target target;
    clipsearch_session *session;
    const clipsearch_ingest_options *options;
    clipsearch_ingest_report *report;
    clipsearch_error *err;
    cs_retries retries;
    cs_sources sources;
    cs_remembered remembered; /* sources that the collection remembered before this run */
    bool sources_written;     /* those of this run are remembered too */
    size_t next_file;         /* the next of sources.files to be submitted */
    cs_stored_files stored;   /* items with the paths of the next files */
    cs_content_keys known;    /* contents of the collection when the pipeline was opened */
    cs_contents contents;     /* items with the contents of files that are done; as of the last commit */
    cs_pipeline *pipeline;    /* NULL until a file has to be read */
    pending_file *pending;    /* [capacity]: what is in the pipeline, in a ring */
    size_t capacity;
    uint64_t submitted, finished; /* count what went into the ring and came out */
    cs_batch batch;
    cs_buf attributes, before, joined; /* of the file that is being looked at */
    uint32_t metadata;                 /* the fields of the files' metadata that are stored */
    cs_moves moves;                    /* items of contents that several items have */
    cs_id_list moved; /* items that get another path in this batch, or in this run if it is a dry run */
    uint64_t started; /* nanoseconds */
    double walk_seconds;
    clipsearch_progress progress;
    clipsearch_source_progress *by_source; /* [options->source_count] */
    cs_lock_file *lock;                    /* no other ingestion into the collection runs */
    uint64_t bad_directories;              /* counted as skipped, but no files */
    cs_content_set would_store;            /* of a dry run: what earlier batches of a run would have stored */
    clipsearch_error source_error;         /* of the last source that cannot be read */
    bool cancelled, stopped;
    clipsearch_error stop_error; /* of the bad file that stopped us */
} ingest;

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

static void report_progress(ingest *in, const char *path)
{
    const clipsearch_ingest_report *r = in->report;
    clipsearch_progress *p = &in->progress;
    p->stored = r->inserted + r->replaced;
    p->done = p->stored + r->unchanged + r->moved + r->copied + r->updated + r->skipped - in->bad_directories;
    p->unchanged = r->unchanged;
    p->skipped = r->skipped;
    p->path = path;
    if (!in->options->progress || in->cancelled)
        return;
    p->seconds = seconds_since_start(in);
    p->encode_seconds = p->walking_done ? p->seconds - in->walk_seconds : 0;
    in->cancelled = !in->options->progress(in->options->context, p);
}

static clipsearch_status report_walk(void *context, size_t found, const char *path, clipsearch_error *err)
{
    ingest *in = context;
    in->progress.found = found;
    report_progress(in, path);
    return in->cancelled ? cs_fail(err, CLIPSEARCH_E_CANCELLED, "stopped while looking for files; nothing was changed")
                         : CLIPSEARCH_OK;
}

static void count_bad_source(void *context, size_t source, const clipsearch_error *why)
{
    ingest *in = context;
    if (cs_remembered_file(&in->remembered, in->options->sources[source].path))
        return; /* an image that is gone */
    in->report->missing_sources++;
    in->source_error = *why;
    in->options->bad_source(in->options->context, source, why);
}

/* ---- into the pipeline ---- */

/* The pipeline is opened for the first file that needs it: a run that finds nothing new starts no thread. */
static clipsearch_status open_pipeline(ingest *in)
{
    clipsearch_status status = CLIPSEARCH_OK;
    if (in->target.collection)
        status = cs_content_keys_read(&in->known, in->target.collection, in->err);
    if (status != CLIPSEARCH_OK)
        return status;
    unsigned threads = in->options->threads ? in->options->threads : cs_processors();
    /* as many as are encoded at once, so that the next batch is ready when this one is encoded */
    in->capacity = in->session->max_batch < in->options->batch ? in->session->max_batch : in->options->batch;
    if (in->capacity < 2 * (size_t)threads)
        in->capacity = 2 * (size_t)threads;
    in->pending = cs_zalloc_array(in->capacity, sizeof *in->pending);
    if (!in->pending)
        return cs_fail_memory(in->err, "a batch");
    for (size_t i = 0; i < in->capacity; i++)
        in->pending[i].attributes = in->pending[i].before = cs_buf_make(SIZE_MAX / 2);
    cs_pipeline_spec spec = {.threads = threads,
                             .capacity = in->capacity,
                             .image = in->options->image,
                             .preprocess = cs_model_preprocess(&in->session->encoder->dir),
                             .pixels_each = in->session->pixels_each,
                             .known = &in->known,
                             .metadata = in->metadata,
                             .retries = &in->retries};
    return cs_pipeline_open(&spec, &in->pipeline, in->err);
}

/* Write the user's attributes of a file into in->attributes. A source without attributes leaves an item's as they are.
 * `item` may be NULL; in->before has the user's attributes of it. */
static clipsearch_status write_user_attributes(ingest *in, const cs_found_file *file, const clipsearch_item *item)
{
    cs_attributes *given = in->sources.sources[file->source].attributes;
    cs_buf_clear(&in->attributes);
    cs_buf_clear(&in->before);
    cs_item_attributes_user(item ? item->attributes : "{}", &in->before);
    if (given)
        return cs_attributes_write(given, file->relative, &in->attributes, in->err);
    cs_buf_append(&in->attributes, in->before.data, in->before.len);
    return in->attributes.failed || in->before.failed ? cs_fail_memory(in->err, file->path) : CLIPSEARCH_OK;
}

/* Decide on the attributes of a file: of one that is read, in->attributes are the user's, and what the file states is
 * added when it is known. Of another they are all that is to be stored; *differ: they are not those of the item. A file
 * becomes one that is read when only its bytes say what the item has now. in->before: what the item has. */
static clipsearch_status choose_attributes(ingest *in, pending_file *file, const clipsearch_item *item, bool *differ)
{
    bool uncovers = false;
    *differ = false;
    clipsearch_status status = write_user_attributes(in, file->found, item);
    if (status == CLIPSEARCH_OK && !file->read)
        status = cs_item_attributes_uncovers(in->before.data, in->attributes.data, &uncovers, in->err);
    file->read |= uncovers;
    if (status == CLIPSEARCH_OK && !file->read) {
        cs_buf_clear(&in->before);
        cs_buf_clear(&in->joined);
        cs_item_attributes_file(item->attributes, in->metadata, &in->before);
        status = in->before.failed
                     ? cs_fail_memory(in->err, item->path)
                     : cs_join_attributes(in->attributes.data, in->before.data + 1, NULL, &in->joined, in->err);
        cs_buf joined = in->joined;
        in->joined = in->attributes;
        in->attributes = joined;
        *differ = status == CLIPSEARCH_OK && strcmp(in->attributes.data, item->attributes) != 0;
    }
    cs_buf_clear(&in->before);
    if (status == CLIPSEARCH_OK && item && !cs_buf_puts(&in->before, item->attributes))
        status = cs_fail_memory(in->err, item->path);
    return status;
}

/* Send a file through the pipeline, which has room; its attributes are in in->attributes and in->before. */
static clipsearch_status submit_file(ingest *in, const pending_file *file)
{
    clipsearch_status status = in->pipeline ? CLIPSEARCH_OK : open_pipeline(in);
    if (status != CLIPSEARCH_OK)
        return status;
    pending_file *slot = &in->pending[in->submitted++ % in->capacity];
    cs_buf attributes = slot->attributes, before = slot->before;
    *slot = *file;
    slot->attributes = in->attributes;
    slot->before = in->before;
    in->attributes = attributes;
    in->before = before;
    cs_pipeline_submit(in->pipeline, file->read ? file->found->path : NULL, file->stored ? file->hash : NULL);
    return CLIPSEARCH_OK;
}

/* Count a file that this build cannot read as left out instead of found. */
static bool leave_out(ingest *in, const cs_found_file *file)
{
    cs_file_kind kind;
    if (!cs_source_leaves_out(&in->sources.sources[file->source], file->path, &kind))
        return false;
    in->sources.left_out.kinds[kind]++;
    in->report->found--;
    in->progress.found--;
    in->by_source[file->source].found--;
    return true;
}

/* Compare the next file with what the collection has; submit it unless they agree. */
static clipsearch_status submit_next_file(ingest *in)
{
    size_t number = in->next_file++;
    const cs_found_file *file = &in->sources.files[number];
    pending_file pending = {.found = file};
    if (file->status != CLIPSEARCH_OK)
        return submit_file(in, &pending);
    const clipsearch_item *item;
    const cs_item_file *known;
    clipsearch_status status =
        cs_stored_files_find(&in->stored, in->target.collection, &in->sources, number, &item, &known, in->err);
    bool differ = false;
    if (status != CLIPSEARCH_OK)
        return status;
    pending.read = in->options->rescan || !item || item->size != file->size || item->mtime_ns != file->mtime_ns ||
                   (known->ctime_ns && known->ctime_ns != file->ctime_ns);
    if (pending.read && leave_out(in, file))
        return CLIPSEARCH_OK;
    pending.returns = item && known->gone_since;
    status = choose_attributes(in, &pending, item, &differ);
    if (status != CLIPSEARCH_OK)
        return status;
    pending.attributes_differ = differ;
    if (!pending.read && !differ && !pending.returns && known->ctime_ns == file->ctime_ns) {
        in->by_source[file->source].done++;
        if (++in->report->unchanged % QUIET_FILES == 0)
            report_progress(in, file->path);
        return CLIPSEARCH_OK;
    }
    pending.attributes_given = in->sources.sources[file->source].attributes != NULL;
    pending.stored = item != NULL;
    if (item) {
        pending.id = item->id;
        pending.width = item->width;
        pending.height = item->height;
        memcpy(pending.hash, item->hash, sizeof pending.hash);
    }
    return submit_file(in, &pending);
}

/* ---- out of the pipeline ---- */

/* The item that is to be stored for a file, but for its attributes. */
static cs_new_item make_item(const pending_file *file, const cs_file_info *info, const uint8_t hash[32])
{
    cs_new_item made = {.item = {.id = file->id,
                                 .path = file->found->path,
                                 .size = info->size,
                                 .mtime_ns = info->mtime_ns,
                                 .width = file->width,
                                 .height = file->height},
                        .file.ctime_ns = info->ctime_ns,
                        .returns = file->returns};
    memcpy(made.item.hash, hash, sizeof made.item.hash);
    return made;
}

/* Ask for the items with this file's content, and with those of the files behind it that are done: one question for as
 * many as there are. */
static clipsearch_status look_up_contents(ingest *in, const cs_decoded_file *oldest)
{
    clipsearch_status status = CLIPSEARCH_OK;
    const cs_decoded_file *done;
    if (!in->target.collection || cs_contents_has(&in->contents, oldest->hash))
        return CLIPSEARCH_OK;
    cs_contents_clear(&in->contents);
    for (size_t i = 0; status == CLIPSEARCH_OK && (done = cs_pipeline_peek(in->pipeline, i)); i++)
        if (done->path && done->status == CLIPSEARCH_OK)
            status = cs_contents_add(&in->contents, done->hash, in->err);
    return status == CLIPSEARCH_OK ? cs_contents_ask(&in->contents, in->target.collection, SAME_ASKED, in->err)
                                   : status;
}

/* An item with a file's content. */
typedef struct same_item {
    const clipsearch_item *item; /* NULL: there is none */
    bool moves;                  /* its own file is gone, so that the new file is that one under another path */
} same_item;

/* A file that has an item of its own moves none. */
static clipsearch_status choose_same_item(ingest *in, const pending_file *file, const uint8_t hash[32], same_item *same)
{
    const cs_items *items = &in->contents.items;
    const size_t first = cs_contents_next(&in->contents, hash, 0);
    *same = (same_item){.item = first < items->count ? &items->items[first] : NULL};
    if (!same->item || file->stored)
        return CLIPSEARCH_OK;
    if (cs_contents_next(&in->contents, hash, first + 1) == items->count) {
        same->moves = !cs_id_list_has(&in->moved, same->item->id) && cs_file_is_gone(same->item->path);
        return CLIPSEARCH_OK;
    }
    const clipsearch_item *gone;
    clipsearch_status status =
        cs_moves_choose(&in->moves, in->target.collection, hash, file->found->path, &in->moved, &gone, in->err);
    if (gone)
        *same = (same_item){.item = gone, .moves = true};
    return status;
}

/* Write what is to be stored for a file that was read into in->joined. */
static clipsearch_status join_attributes(ingest *in, const char *user, const cs_decoded_file *decoded)
{
    cs_buf_clear(&in->joined);
    return cs_join_attributes(user, decoded->metadata + 1, NULL, &in->joined, in->err); /* behind its brace */
}

/* Add the change for a file whose content an item or a change of this batch has. *added false: there is none. */
static clipsearch_status add_same_content(ingest *in, const pending_file *file, const cs_decoded_file *decoded,
                                          bool *added)
{
    cs_new_item made = make_item(file, &decoded->info, decoded->hash);
    same_item same;
    clipsearch_status status = look_up_contents(in, decoded);
    if (status == CLIPSEARCH_OK)
        status = choose_same_item(in, file, decoded->hash, &same);
    if (status != CLIPSEARCH_OK)
        return status;
    const size_t change = cs_batch_find(&in->batch, decoded->hash);
    *added = same.item || change != SIZE_MAX;
    if (!*added && cs_content_set_has(&in->would_store, decoded->hash)) {
        *added = true;
        return cs_batch_add(&in->batch, CS_CHANGE_COPY, &made, in->joined.data, in->err);
    }
    if (!*added)
        return CLIPSEARCH_OK;
    const clipsearch_item *like = same.moves || change == SIZE_MAX
                                      ? same.item
                                      : &in->batch.changes[change].made.item; /* has the size in pixels */
    made.item.width = like->width;
    made.item.height = like->height;
    if (same.moves) {
        made.item.id = same.item->id;
        cs_buf_clear(&in->before);
        cs_item_attributes_user(same.item->attributes, &in->before);
        status = in->before.failed ? cs_fail_memory(in->err, made.item.path)
                                   : cs_id_list_add(&in->moved, made.item.id, in->err);
        if (status == CLIPSEARCH_OK && !file->attributes_given)
            status = join_attributes(in, in->before.data, decoded);
        return status == CLIPSEARCH_OK ? cs_batch_add(&in->batch, CS_CHANGE_MOVE, &made, in->joined.data, in->err)
                                       : status;
    }
    return change != SIZE_MAX ? cs_batch_add_same(&in->batch, &made, in->joined.data, change, in->err)
                              : cs_batch_add_copy(&in->batch, &made, in->joined.data, same.item->id, in->err);
}

/* Count and report a file, or directory, that could not be read or decoded. */
static clipsearch_status skip_file(ingest *in, const cs_found_file *file, const clipsearch_error *why)
{
    if (why->code == CLIPSEARCH_E_MEMORY) /* not the file's fault */
        return cs_fail(in->err, why->code, "%s", why->message);
    in->report->skipped++;
    in->by_source[file->source].skipped++;
    in->report->unreadable += cs_is_machine_error(why);
    in->bad_directories += file->is_directory;
    if (in->options->bad_file)
        in->options->bad_file(in->options->context, file->path, why);
    if (in->options->on_bad == CLIPSEARCH_STOP_AT_BAD) {
        in->stopped = true;
        in->stop_error = *why;
    }
    return CLIPSEARCH_OK;
}

/* Add the change for a file that was not read: its content is the stored one, or the walk found it bad. */
static clipsearch_status add_unread_change(ingest *in, const pending_file *file)
{
    const cs_found_file *found = file->found;
    if (found->status != CLIPSEARCH_OK) {
        clipsearch_error why;
        cs_fail(&why, found->status, "%s", found->why);
        why.system_error = found->system_error;
        return skip_file(in, found, &why);
    }
    const cs_file_info info = {.size = found->size, .mtime_ns = found->mtime_ns, .ctime_ns = found->ctime_ns};
    const cs_new_item made = make_item(file, &info, file->hash);
    return cs_batch_add(&in->batch, file->attributes_differ ? CS_CHANGE_UPDATE : CS_CHANGE_TOUCH, &made,
                        file->attributes.data, in->err);
}

/* Add the change for a file that was read to the batch, which has room. `decoded` is the pipeline's oldest. */
static clipsearch_status add_change(ingest *in, const pending_file *file, const cs_decoded_file *decoded)
{
    if (decoded->status != CLIPSEARCH_OK)
        return skip_file(in, file->found, &decoded->error);
    clipsearch_status status = join_attributes(in, file->attributes.data, decoded);
    if (status != CLIPSEARCH_OK)
        return status;
    if (file->stored && memcmp(decoded->hash, file->hash, sizeof file->hash) == 0) {
        const cs_new_item made = make_item(file, &decoded->info, decoded->hash);
        const bool differ = strcmp(in->joined.data, file->before.data) != 0;
        return cs_batch_add(&in->batch, differ ? CS_CHANGE_UPDATE : CS_CHANGE_TOUCH, &made, in->joined.data, in->err);
    }
    bool added;
    status = add_same_content(in, file, decoded, &added);
    if (status != CLIPSEARCH_OK || added)
        return status;
    if (in->options->dry_run && cs_content_set_add(&in->would_store, decoded->hash, in->err) != CLIPSEARCH_OK)
        return CLIPSEARCH_E_MEMORY;
    if (!decoded->prepared) {
        cs_pipeline_prepare_oldest(in->pipeline); /* the item that had this content got another one in this very run */
        if (decoded->status != CLIPSEARCH_OK)
            return skip_file(in, file->found, &decoded->error);
    }
    cs_new_item made = make_item(file, &decoded->info, decoded->hash);
    made.item.width = decoded->width;
    made.item.height = decoded->height;
    return cs_batch_add_pixels(&in->batch, file->stored ? CS_CHANGE_REPLACE : CS_CHANGE_INSERT, &made, in->joined.data,
                               decoded->pixels, in->err);
}

/* Remember the sources as soon as there is a collection: also a run that is stopped can then be gone on with by
 * `update`. */
static clipsearch_status remember_sources(ingest *in)
{
    const clipsearch_ingest_options *o = in->options;
    if (!o->remember || o->dry_run || in->sources_written || !in->target.collection)
        return CLIPSEARCH_OK;
    in->sources_written = true;
    return cs_remembered_write(in->target.collection, &in->remembered, &in->sources, o, in->err);
}

static clipsearch_status commit_batch(ingest *in)
{
    clipsearch_status status = cs_batch_commit(&in->batch, in->report, in->err);
    if (status != CLIPSEARCH_OK || in->options->dry_run)
        return status;
    status = remember_sources(in);
    if (status != CLIPSEARCH_OK)
        return status;
    if (in->moved.count) /* the items of the next files were looked up before they moved */
        cs_stored_files_clear(&in->stored);
    cs_id_list_clear(&in->moved);
    cs_contents_clear(&in->contents);
    return CLIPSEARCH_OK;
}

/* Keep the pipeline filled, add the change of its oldest file to the batch, commit the batch when it is full. */
static clipsearch_status process_files(ingest *in)
{
    clipsearch_status status = remember_sources(in);
    while (status == CLIPSEARCH_OK && !in->cancelled && !in->stopped) {
        while (status == CLIPSEARCH_OK && !in->cancelled && in->next_file < in->sources.file_count &&
               (!in->pipeline || cs_pipeline_has_room(in->pipeline)))
            status = submit_next_file(in);
        const cs_decoded_file *decoded =
            status == CLIPSEARCH_OK && in->pipeline ? cs_pipeline_wait(in->pipeline) : NULL;
        if (!decoded || in->cancelled)
            break;
        const pending_file *file = &in->pending[in->finished++ % in->capacity];
        in->by_source[file->found->source].done += !file->found->is_directory;
        status = file->read ? add_change(in, file, decoded) : add_unread_change(in, file);
        cs_pipeline_release(in->pipeline);
        if (status == CLIPSEARCH_OK && cs_batch_full(&in->batch))
            status = commit_batch(in);
        if (status == CLIPSEARCH_OK)
            report_progress(in, file->found->path);
    }
    return status == CLIPSEARCH_OK ? commit_batch(in) : status;
}

/* ---- the index ---- */

static bool report_checkpoint(void *context, uint64_t done, uint64_t all)
{
    ingest *in = context;
    in->progress.index_done = done;
    in->progress.index_all = all;
    report_progress(in, "");
    return !in->cancelled;
}

static void begin_index(void *context)
{
    ingest *in = context;
    in->progress.phase = CLIPSEARCH_PHASE_INDEX;
}

static clipsearch_status write_index_if_due(ingest *in)
{
    const cs_index_writing writing = {.collection = in->target.collection,
                                      .encoder = in->session->encoder,
                                      .threads = in->options->threads,
                                      .begin = begin_index,
                                      .progress = report_checkpoint,
                                      .context = in};
    return cs_write_index_if_due(&writing, &in->report->indexed, in->err);
}

/* ---- a run ---- */

static clipsearch_status check_options(ingest *in)
{
    const clipsearch_ingest_options *o = in->options;
    if (o->source_count && !o->sources)
        return cs_fail(in->err, CLIPSEARCH_E_ARGUMENT, "source_count is %zu but there are no sources", o->source_count);
    for (size_t i = 0; i < o->source_count; i++)
        if (!o->sources[i].files && (!o->sources[i].path || !o->sources[i].path[0]))
            return cs_fail(in->err, CLIPSEARCH_E_ARGUMENT, "source %zu has no path", i);
    if (o->batch == 0 || o->batch > CS_MAX_BATCH)
        return cs_fail(in->err, CLIPSEARCH_E_ARGUMENT, "batch is %zu; 1 to %d are allowed", o->batch,
                       (int)CS_MAX_BATCH);
    if (o->threads > CS_MAX_THREADS)
        return cs_fail(in->err, CLIPSEARCH_E_ARGUMENT, "threads is %u; 0 to %d are allowed", o->threads,
                       (int)CS_MAX_THREADS);
    clipsearch_status status = cs_session_check_image_tower(in->session, in->err);
    return status == CLIPSEARCH_OK ? cs_metadata_choose(o->metadata, &in->metadata, in->err) : status;
}

static clipsearch_status open_target(ingest *in, const cs_ingest_into *into)
{
    const clipsearch_encoder *encoder = in->session->encoder;
    return into->collection
               ? cs_target_use(&in->target, into->collection, encoder, in->err)
               : cs_target_open(&in->target, into->target, into->opener, encoder, in->options->dry_run, in->err);
}

/* Open and walk the sources. */
static clipsearch_status find_files(ingest *in)
{
    const clipsearch_ingest_options *o = in->options;
    const cs_sources_calls calls = {
        .step = report_walk, .bad_source = o->bad_source ? count_bad_source : NULL, .context = in};
    clipsearch_status status = cs_sources_open(o->sources, o->source_count, &calls, &in->sources, in->err);
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
    ingest *in = context;
    in->progress.phase = CLIPSEARCH_PHASE_WAIT;
    in->progress.holder = holder;
    report_progress(in, "");
    return !in->cancelled;
}

/* What is counted for each source. */
static clipsearch_status make_source_counts(ingest *in)
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

static void begin_encoding(ingest *in)
{
    for (size_t i = 0; i < in->sources.file_count; i++) {
        const cs_found_file *file = &in->sources.files[i];
        in->report->found += !file->is_directory;
        in->by_source[file->source].found += !file->is_directory;
    }
    in->progress.found = in->report->found;
    in->progress.walking_done = true;
    in->walk_seconds = seconds_since_start(in);
    in->progress.phase = CLIPSEARCH_PHASE_ENCODE;
    report_progress(in, ""); /* the walk's paths are gone */
}

static clipsearch_status run(ingest *in, const cs_ingest_into *into)
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
        status = process_files(in);
    if (status != CLIPSEARCH_OK)
        return status;
    if (in->stopped) {
        *in->err = in->stop_error;
        return in->stop_error.code;
    }
    report_progress(in, in->progress.path);
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
    return status == CLIPSEARCH_OK && !o->dry_run ? write_index_if_due(in) : status;
}

/* What was left out, for the report. */
static void count_left_out(ingest *in)
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
static void count_unmatched(const ingest *in)
{
    for (size_t i = 0; i < in->sources.source_count; i++) {
        cs_attributes_counts counts = cs_attributes_count(in->sources.sources[i].attributes);
        in->report->without_row += counts.images_without_row;
        in->report->rows_unused += counts.rows_without_image;
    }
}

static void free_all(ingest *in)
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
    ingest in = {.session = session,
                 .options = options,
                 .report = report,
                 .err = err ? err : &unread, /* its system_error decides on further tries */
                 .started = now(),
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
    report->seconds = seconds_since_start(&in);
    return status;
}
