/* SPDX-License-Identifier: MIT
 * process_files.c - files out of the pipeline: what each changes in the collection, in batches. */
#include "ingest/run.h"

#include "base/file_gone.h"
#include "base/mem.h"
#include "ingest/item_attributes.h"

#include <string.h>

enum {
    SAME_ASKED = 2,       /* items of one content that are asked for with many others; of more, moves.h has all */
    SAME_ASKED_DRY = 1000 /* the first of them may be those that a run would have changed by then */
};

/* The item that is to be stored for a file, but for its attributes. */
static cs_new_item make_item(const cs_pending_file *file, const cs_file_info *info, const uint8_t hash[32])
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
static clipsearch_status look_up_contents(cs_ingest_run *in, const cs_decoded_file *oldest)
{
    clipsearch_status status = CLIPSEARCH_OK;
    const cs_decoded_file *done;
    if (!in->target.collection || cs_contents_has(&in->contents, oldest->hash))
        return CLIPSEARCH_OK;
    cs_contents_clear(&in->contents);
    for (size_t i = 0; status == CLIPSEARCH_OK && (done = cs_pipeline_peek(in->pipeline, i)); i++)
        if (done->path && done->status == CLIPSEARCH_OK)
            status = cs_contents_add(&in->contents, done->hash, in->err);
    const size_t most = in->options->dry_run ? SAME_ASKED_DRY : SAME_ASKED;
    return status == CLIPSEARCH_OK ? cs_contents_ask(&in->contents, in->target.collection, most, in->err) : status;
}

/* An item with a file's content. */
typedef struct same_item {
    const clipsearch_item *item; /* NULL: there is none */
    bool moves;                  /* its own file is gone, so that the new file is that one under another path */
} same_item;

/* The number of the first item at or behind `from` with this content, without those that a run would have changed. */
static size_t next_same(const cs_ingest_run *in, const uint8_t hash[32], size_t from)
{
    size_t at = cs_contents_next(&in->contents, hash, from);
    while (at < in->contents.items.count && cs_id_list_has(&in->would_change, in->contents.items.items[at].id))
        at = cs_contents_next(&in->contents, hash, at + 1);
    return at;
}

/* A file that has an item of its own moves none. */
static clipsearch_status choose_same_item(cs_ingest_run *in, const cs_pending_file *file, const uint8_t hash[32],
                                          same_item *same)
{
    const cs_items *items = &in->contents.items;
    const size_t first = next_same(in, hash, 0);
    *same = (same_item){.item = first < items->count ? &items->items[first] : NULL};
    if (!same->item || file->stored)
        return CLIPSEARCH_OK;
    if (next_same(in, hash, first + 1) == items->count) {
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
static clipsearch_status join_attributes(cs_ingest_run *in, const char *user, const cs_decoded_file *decoded)
{
    cs_buf_clear(&in->joined);
    return cs_join_attributes(user, decoded->metadata + 1, NULL, &in->joined, in->err); /* behind its brace */
}

/* Add the change for a file whose content an item or a change of this batch has. *added false: there is none. */
static clipsearch_status add_same_content(cs_ingest_run *in, const cs_pending_file *file,
                                          const cs_decoded_file *decoded, bool *added)
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
        return cs_batch_add_copy(&in->batch, &made, in->joined.data, 0, in->err); /* the item is not there */
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
static clipsearch_status skip_file(cs_ingest_run *in, const cs_found_file *file, const clipsearch_error *why)
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
        if (why->code == CLIPSEARCH_E_NOT_FOUND) /* which is for databases and collections */
            in->stop_error.code = CLIPSEARCH_E_IO;
    }
    return CLIPSEARCH_OK;
}

/* Add the change for a file that was not read: its content is the stored one, or the walk found it bad. */
static clipsearch_status add_unread_change(cs_ingest_run *in, const cs_pending_file *file)
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
static clipsearch_status add_change(cs_ingest_run *in, const cs_pending_file *file, const cs_decoded_file *decoded)
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
static clipsearch_status remember_sources(cs_ingest_run *in)
{
    const clipsearch_ingest_options *o = in->options;
    if (!o->remember || o->dry_run || in->sources_written || !in->target.collection)
        return CLIPSEARCH_OK;
    in->sources_written = true;
    return cs_remembered_write(in->target.collection, &in->remembered, &in->sources, o, in->err);
}

/* Note what the collection would have after this batch, and would have no more. */
static clipsearch_status note_dry_batch(cs_ingest_run *in)
{
    clipsearch_status status = CLIPSEARCH_OK;
    for (size_t i = 0; i < in->batch.count && status == CLIPSEARCH_OK; i++) {
        const cs_change *change = &in->batch.changes[i];
        if (change->vector == SIZE_MAX)
            continue;
        status = cs_content_set_add(&in->would_store, change->made.item.hash, in->err);
        if (status == CLIPSEARCH_OK && change->made.item.id)
            status = cs_id_list_add(&in->would_change, change->made.item.id, in->err);
    }
    return status;
}

static clipsearch_status commit_batch(cs_ingest_run *in)
{
    if (in->options->dry_run && note_dry_batch(in) != CLIPSEARCH_OK)
        return CLIPSEARCH_E_MEMORY;
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

clipsearch_status cs_run_process_files(cs_ingest_run *in)
{
    clipsearch_status status = remember_sources(in);
    while (status == CLIPSEARCH_OK && !in->cancelled && !in->stopped) {
        while (status == CLIPSEARCH_OK && !in->cancelled && in->next_file < in->sources.file_count &&
               (!in->pipeline || cs_pipeline_has_room(in->pipeline)))
            status = cs_run_submit_next_file(in);
        const cs_decoded_file *decoded =
            status == CLIPSEARCH_OK && in->pipeline ? cs_pipeline_wait(in->pipeline) : NULL;
        if (!decoded || in->cancelled)
            break;
        const cs_pending_file *file = &in->pending[in->finished++ % in->capacity];
        in->by_source[file->found->source].done += !file->found->is_directory;
        status = file->read ? add_change(in, file, decoded) : add_unread_change(in, file);
        cs_pipeline_release(in->pipeline);
        if (status == CLIPSEARCH_OK && cs_batch_full(&in->batch))
            status = commit_batch(in);
        if (status == CLIPSEARCH_OK)
            cs_run_report_progress(in, file->found->path);
    }
    return status == CLIPSEARCH_OK ? commit_batch(in) : status;
}
