/* SPDX-License-Identifier: MIT
 * submit.c - files into the pipeline: each is compared with its item first. */
#include "ingest/run.h"

#include "base/mem.h"
#include "ingest/item_attributes.h"
#include "ingest/readable.h"

#include <string.h>

enum { QUIET_FILES = 256 }; /* unchanged files between two calls of the progress callback */

/* The pipeline is opened for the first file that needs it: a run that finds nothing new starts no thread. */
static clipsearch_status open_pipeline(cs_ingest_run *in)
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
static clipsearch_status write_user_attributes(cs_ingest_run *in, const cs_found_file *file,
                                               const clipsearch_item *item)
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
static clipsearch_status choose_attributes(cs_ingest_run *in, cs_pending_file *file, const clipsearch_item *item,
                                           bool *differ)
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
static clipsearch_status submit_file(cs_ingest_run *in, const cs_pending_file *file)
{
    clipsearch_status status = in->pipeline ? CLIPSEARCH_OK : open_pipeline(in);
    if (status != CLIPSEARCH_OK)
        return status;
    cs_pending_file *slot = &in->pending[in->submitted++ % in->capacity];
    cs_buf attributes = slot->attributes, before = slot->before;
    *slot = *file;
    slot->attributes = in->attributes;
    slot->before = in->before;
    in->attributes = attributes;
    in->before = before;
    cs_pipeline_submit(in->pipeline, file->read ? file->found->path : NULL, file->found->has_sidecar,
                       file->stored ? file->hash : NULL);
    return CLIPSEARCH_OK;
}

/* Count a file that this build cannot read as left out instead of found. */
static bool leave_out(cs_ingest_run *in, const cs_found_file *file)
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

clipsearch_status cs_run_submit_next_file(cs_ingest_run *in)
{
    size_t number = in->next_file++;
    const cs_found_file *file = &in->sources.files[number];
    cs_pending_file pending = {.found = file};
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
            cs_run_report_progress(in, file->path);
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
