/* SPDX-License-Identifier: MIT
 * cmd_merge.c - clipsearch merge: copies the collections of other databases, with their vectors, into one. */
#include "cli/command.h"

#include "base/clock.h"
#include "base/mem.h"
#include "cli/commands/open.h"
#include "cli/commands/put_batch.h"
#include "cli/commands/write_index.h"
#include "cli/output/message.h"
#include "cli/output/units.h"
#include "cli/signals.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME = 65 };

typedef struct merge {
    const cs_args *args;
    cs_settings settings;
    clipsearch_database *into;
    char (*names)[NAME]; /* [count], of the collections of one source */
    size_t count, capacity;
    char (*changed)[NAME]; /* [changed_count], of the collections that were copied into */
    size_t changed_count, changed_capacity;
    clipsearch_error err; /* of a walk */
    clipsearch_status status;
} merge;

static bool add_name(char (**names)[NAME], size_t *count, size_t *capacity, const char *name)
{
    for (size_t i = 0; i < *count; i++)
        if (strcmp((*names)[i], name) == 0)
            return true;
    char(*grown)[NAME] = cs_grow(*names, capacity, *count + 1, NAME);
    if (!grown)
        return false;
    *names = grown;
    snprintf(grown[(*count)++], NAME, "%s", name);
    return true;
}

static bool note_name(void *context, const clipsearch_collection_info *info)
{
    merge *m = context;
    if (m->args->collection && strcmp(m->args->collection, info->name) != 0)
        return true;
    if (!add_name(&m->names, &m->count, &m->capacity, info->name))
        m->status = CLIPSEARCH_E_MEMORY;
    return m->status == CLIPSEARCH_OK;
}

typedef struct copying {
    merge *m;
    cs_put_batch batch;
} copying;

static bool copy_item(void *context, const clipsearch_hit *hit, const float *vector)
{
    copying *c = context;
    clipsearch_item item = {.path = hit->path,
                            .size = hit->size,
                            .mtime_ns = hit->mtime_ns,
                            .width = hit->width,
                            .height = hit->height,
                            .attributes = hit->attributes};
    memcpy(item.hash, hit->hash, sizeof item.hash);
    memcpy(cs_put_batch_vector(&c->batch), vector, c->batch.dim * sizeof *vector);
    c->m->status = cs_put_batch_add(&c->batch, &item, &c->m->err);
    return c->m->status == CLIPSEARCH_OK && !cs_caught_signal();
}

/* Copy all items of `from` into `to`. */
static clipsearch_status copy_items(merge *m, clipsearch_collection *from, clipsearch_collection *to, size_t dim,
                                    uint64_t *copied, clipsearch_error *err)
{
    copying c = {.m = m};
    clipsearch_each_options options;
    clipsearch_each_options_init(&options);
    options.gone = true;
    options.vectors = true;
    clipsearch_status status = cs_put_batch_open(to, dim, &c.batch, err);
    if (status == CLIPSEARCH_OK)
        status = clipsearch_collection_each(from, &options, copy_item, &c, err);
    if (status == CLIPSEARCH_OK && m->status != CLIPSEARCH_OK) {
        status = m->status;
        *err = m->err;
    }
    if (status == CLIPSEARCH_OK)
        status = cs_put_batch_store(&c.batch, err);
    *copied = c.batch.stored;
    cs_put_batch_close(&c.batch);
    return status;
}

/* Open or make in the target the collection that `info` describes. */
static clipsearch_status open_target(merge *m, const clipsearch_collection_info *info, clipsearch_collection **to,
                                     clipsearch_error *err)
{
    clipsearch_vectors_options options;
    clipsearch_index_options index;
    clipsearch_vectors_options_init(&options);
    clipsearch_index_options_init(&index);
    index.codes = info->index_codes;
    index.m = info->index_m;
    index.ef_construction = info->index_ef_construction;
    index.ef = info->index_ef;
    options.dim = info->dim;
    options.metric = info->metric;
    options.model = *info->encoder ? info->encoder : NULL;
    options.fingerprint = *info->fingerprint ? info->fingerprint : NULL;
    options.preprocessing = *info->preprocessing ? info->preprocessing : NULL;
    /* one that is there may have another index */
    clipsearch_status status = clipsearch_collection_open(m->into, info->name, NULL, to, NULL);
    clipsearch_collection_close(to);
    options.index = status == CLIPSEARCH_OK ? NULL : &index;
    return clipsearch_collection_ensure_vectors(m->into, info->name, &options, to, err);
}

static int merge_collection(merge *m, clipsearch_database *source, const char *path, const char *name)
{
    clipsearch_error err;
    clipsearch_collection *from = NULL, *to = NULL;
    clipsearch_collection_info info, after;
    char count[27], replaced[27];
    uint64_t copied = 0, before = 0;
    clipsearch_collection_info_init(&info);
    clipsearch_collection_info_init(&after);
    clipsearch_status status = clipsearch_collection_open(source, name, NULL, &from, &err);
    if (status == CLIPSEARCH_OK)
        status = clipsearch_collection_describe(from, &info, &err);
    if (status == CLIPSEARCH_OK)
        status = open_target(m, &info, &to, &err);
    if (status == CLIPSEARCH_OK)
        status = clipsearch_collection_describe(to, &after, &err);
    before = after.count;
    if (status == CLIPSEARCH_OK)
        status = copy_items(m, from, to, info.dim, &copied, &err);
    if (status == CLIPSEARCH_OK)
        status = clipsearch_collection_describe(to, &after, &err);
    int code = status == CLIPSEARCH_OK
                   ? CS_EXIT_FOUND
                   : cs_report_with_advice(&err, CS_STAGE_DATABASE, copied ? CS_ADVICE_RESUME : CS_ADVICE_NONE,
                                           &m->settings, NULL);
    if (code == CS_EXIT_FOUND && !add_name(&m->changed, &m->changed_count, &m->changed_capacity, name))
        code = cs_report_memory();
    if (code == CS_EXIT_FOUND && !cs_caught_signal() && !m->args->quiet) {
        const uint64_t added = after.count >= before ? after.count - before : 0;
        printf("Copied %s image%s of %s from %s", cs_format_count(copied, count), cs_plural(copied), name, path);
        if (copied > added)
            printf(" (%s of them replaced others of their path)", cs_format_count(copied - added, replaced));
        putchar('\n');
    }
    clipsearch_collection_close(&from);
    clipsearch_collection_close(&to);
    return code;
}

static int merge_database(merge *m, const char *path)
{
    clipsearch_error err;
    clipsearch_database *source = NULL;
    m->count = 0;
    clipsearch_status status = clipsearch_database_open(path, CLIPSEARCH_READ_ONLY, &source, &err);
    if (status == CLIPSEARCH_OK)
        status = clipsearch_database_collections(source, note_name, m, &err);
    int code = status != CLIPSEARCH_OK      ? cs_report_error(&err, CS_STAGE_DATABASE)
               : m->status != CLIPSEARCH_OK ? cs_report_memory()
                                            : CS_EXIT_FOUND;
    if (code == CS_EXIT_FOUND && !m->count && !m->args->quiet)
        cs_print_message("%s has no collection%s%s to merge", path, m->args->collection ? " " : "",
                         m->args->collection ? m->args->collection : "");
    for (size_t i = 0; i < m->count && code == CS_EXIT_FOUND && !cs_caught_signal(); i++)
        code = merge_collection(m, source, path, m->names[i]);
    clipsearch_database_close(&source);
    return code;
}

/* The target must not be one of the sources, and these must be there, before anything is copied. */
static int check_sources(const merge *m)
{
    char target[PATH_MAX], source[PATH_MAX];
    const bool exists = realpath(m->settings.db, target) != NULL;
    for (size_t i = 0; i < m->args->operands.count; i++) {
        clipsearch_error err;
        clipsearch_database *db = NULL;
        const char *path = m->args->operands.items[i].text;
        if (clipsearch_database_open(path, CLIPSEARCH_READ_ONLY, &db, &err) != CLIPSEARCH_OK)
            return cs_report_error(&err, CS_STAGE_DATABASE);
        clipsearch_database_close(&db);
        if (exists && realpath(path, source) && strcmp(source, target) == 0)
            return cs_report_usage(
                CS_MERGE, "%s is the database that the others are merged into; name the target with --db", path);
    }
    return CS_EXIT_FOUND;
}

static int write_indexes(merge *m)
{
    int code = CS_EXIT_FOUND;
    for (size_t i = 0; i < m->changed_count && code == CS_EXIT_FOUND; i++) {
        clipsearch_error err;
        clipsearch_collection *collection = NULL;
        if (clipsearch_collection_open(m->into, m->changed[i], NULL, &collection, &err) != CLIPSEARCH_OK)
            return cs_report_error(&err, CS_STAGE_DATABASE);
        code = cs_write_index(m->args, &m->settings, collection);
        clipsearch_collection_close(&collection);
    }
    return code;
}

static int run(merge *m)
{
    clipsearch_error err;
    int code = cs_load_settings(m->args, NULL, &m->settings);
    if (code == CS_EXIT_FOUND)
        code = check_sources(m);
    if (code != CS_EXIT_FOUND)
        return code;
    if (m->settings.db_from == CS_FROM_DEFAULT && cs_create_parents(m->settings.db, &err) != CLIPSEARCH_OK)
        return cs_report_error(&err, CS_STAGE_DATABASE);
    if (clipsearch_database_open(m->settings.db, CLIPSEARCH_CREATE, &m->into, &err) != CLIPSEARCH_OK)
        return cs_report_error(&err, CS_STAGE_DATABASE);
    cs_attend_database(m->args, &m->settings, m->into);
    cs_catch_signals();
    for (size_t i = 0; i < m->args->operands.count && code == CS_EXIT_FOUND && !cs_caught_signal(); i++)
        code = merge_database(m, m->args->operands.items[i].text);
    if (code == CS_EXIT_FOUND && cs_caught_signal()) {
        cs_print_advice("interrupted; what was copied is kept", CS_ADVICE_RESUME, &m->settings, NULL);
        return CS_EXIT_SIGNAL + cs_caught_signal();
    }
    if (code == CS_EXIT_FOUND)
        code = write_indexes(m);
    return code == CS_EXIT_FOUND && !m->changed_count ? CS_EXIT_NOTHING : code;
}

int cs_command_merge(const cs_args *args)
{
    merge m = {.args = args};
    if (!args->operands.count)
        return cs_report_usage(CS_MERGE, "nothing to merge was given; name database files, and the target with --db");
    const int code = run(&m);
    clipsearch_database_close(&m.into);
    cs_free(m.names);
    cs_free(m.changed);
    cs_settings_free(&m.settings);
    return code;
}
