/* SPDX-License-Identifier: MIT
 * cmd_merge.c - clipsearch merge and copy: the collections of databases, with their vectors, into one. */
#include "cli/command.h"

#include "base/clock.h"
#include "base/item_limits.h"
#include "base/mem.h"
#include "cli/commands/open.h"
#include "cli/commands/write_index.h"
#include "cli/output/message.h"
#include "cli/output/units.h"
#include "cli/signals.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME = CS_COLLECTION_NAME_MAX + 1 };

typedef struct merge {
    const cs_args *args;
    cs_settings settings;
    clipsearch_database *into;
    bool copies;          /* the command is copy */
    const char **sources; /* [source_count] */
    size_t source_count;
    char (*names)[NAME]; /* [count], of the collections of one source */
    size_t count, capacity;
    char (*changed)[NAME]; /* [changed_count], of the collections that were copied into */
    size_t changed_count, changed_capacity;
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

static bool go_on(void *context, uint64_t done, uint64_t all)
{
    (void)context;
    (void)done;
    (void)all;
    return !cs_caught_signal();
}

/* "Copied 20 images of photos from b.db (3 of them replaced others of their path, 2 gone; 1 source)" */
static void print_copied(const clipsearch_merge_report *report, const char *name, const char *path)
{
    char count[27];
    const char *before = " (";
    printf("Copied %s image%s of %s from ", cs_format_count(report->copied, count), cs_plural(report->copied), name);
    cs_print_name(path, stdout);
    if (report->replaced) {
        printf("%s%s of them replaced others of their path", before, cs_format_count(report->replaced, count));
        before = ", ";
    }
    if (report->gone) {
        printf("%s%s gone", before, cs_format_count(report->gone, count));
        before = ", ";
    }
    if (report->kept) {
        printf("%s%s gone and left out, because the target has the file", before, cs_format_count(report->kept, count));
        before = ", ";
    }
    if (report->sources)
        printf("%s%s source%s", before, cs_format_count(report->sources, count), cs_plural(report->sources));
    puts(report->replaced + report->gone + report->kept + report->sources ? ")" : "");
}

/* Only when there is something to copy: nothing leaves no new database. */
static int open_target(merge *m)
{
    clipsearch_error err;
    if (m->into)
        return CS_EXIT_FOUND;
    if (m->settings.db_from == CS_FROM_DEFAULT && cs_create_parents(m->settings.db, &err) != CLIPSEARCH_OK)
        return cs_report_error(&err, CS_STAGE_DATABASE);
    if (clipsearch_database_open(m->settings.db, CLIPSEARCH_CREATE, &m->into, &err) != CLIPSEARCH_OK)
        return cs_report_error(&err, CS_STAGE_DATABASE);
    cs_attend_database(m->args, &m->settings, m->into);
    return CS_EXIT_FOUND;
}

static int merge_collection(merge *m, clipsearch_database *source, const char *path, const char *name)
{
    clipsearch_error err;
    clipsearch_collection *from = NULL;
    clipsearch_merge_options options;
    clipsearch_merge_report report;
    clipsearch_merge_options_init(&options);
    clipsearch_merge_report_init(&report);
    options.progress = go_on;
    const int code = open_target(m);
    if (code != CS_EXIT_FOUND)
        return code;
    clipsearch_status status = clipsearch_collection_open(source, name, NULL, &from, &err);
    if (status == CLIPSEARCH_OK)
        status = clipsearch_collection_merge(from, m->into, &options, &report, &err);
    clipsearch_collection_close(&from);
    if (status == CLIPSEARCH_E_CANCELLED)
        return CS_EXIT_FOUND; /* the caller sees the signal */
    if (status != CLIPSEARCH_OK)
        return cs_report_with_advice(&err, CS_STAGE_DATABASE, report.copied ? CS_ADVICE_RESUME : CS_ADVICE_NONE,
                                     &m->settings, NULL);
    if (!add_name(&m->changed, &m->changed_count, &m->changed_capacity, name))
        return cs_report_memory();
    if (!m->args->quiet)
        print_copied(&report, name, path);
    return CS_EXIT_FOUND;
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
        cs_print_message("%s has no collection%s%s to %s", path, m->args->collection ? " " : "",
                         m->args->collection ? m->args->collection : "", m->copies ? "copy" : "merge");
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
    for (size_t i = 0; i < m->source_count; i++) {
        clipsearch_error err;
        clipsearch_database *db = NULL;
        const char *path = m->sources[i];
        if (cs_settings_use_database(&m->settings, path, &err) != CLIPSEARCH_OK)
            return cs_report_settings(&err);
        if (clipsearch_database_open(path, CLIPSEARCH_READ_ONLY, &db, &err) != CLIPSEARCH_OK)
            return cs_report_error(&err, CS_STAGE_DATABASE);
        clipsearch_database_close(&db);
        if (exists && realpath(path, source) && strcmp(source, target) == 0)
            return m->copies ? cs_report_usage(CS_COPY, "%s is the database that is copied to, too", path)
                             : cs_report_usage(CS_MERGE,
                                               "%s is the database that the others are merged into; name the target "
                                               "with --db",
                                               path);
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
        code = cs_write_index(m->args, &m->settings, collection, NULL);
        clipsearch_collection_close(&collection);
    }
    return code;
}

static int run(merge *m)
{
    int code = cs_load_settings(m->args, NULL, &m->settings);
    if (code == CS_EXIT_FOUND)
        code = check_sources(m);
    if (code != CS_EXIT_FOUND)
        return code;
    cs_catch_signals();
    for (size_t i = 0; i < m->source_count && code == CS_EXIT_FOUND && !cs_caught_signal(); i++)
        code = merge_database(m, m->sources[i]);
    if (code == CS_EXIT_FOUND && cs_caught_signal()) {
        cs_print_advice("interrupted; what was copied is kept", CS_ADVICE_RESUME, &m->settings, NULL);
        return CS_EXIT_SIGNAL + cs_caught_signal();
    }
    if (code == CS_EXIT_FOUND)
        code = write_indexes(m);
    return code == CS_EXIT_FOUND && !m->changed_count ? CS_EXIT_NOTHING : code;
}

static int run_with(merge *m)
{
    const int code = run(m);
    clipsearch_database_close(&m->into);
    cs_free(m->names);
    cs_free(m->changed);
    cs_settings_free(&m->settings);
    return code;
}

int cs_command_merge(const cs_args *args)
{
    merge m = {.args = args, .source_count = args->operands.count};
    if (!args->operands.count)
        return cs_report_usage(CS_MERGE, "nothing to merge was given; name database files, and the target with --db");
    m.sources = cs_alloc_array(args->operands.count, sizeof *m.sources);
    for (size_t i = 0; m.sources && i < args->operands.count; i++)
        m.sources[i] = args->operands.items[i].text;
    const int code = m.sources ? run_with(&m) : cs_report_memory();
    cs_free(m.sources);
    return code;
}

int cs_command_copy(const cs_args *args)
{
    merge m = {.args = args, .copies = true, .sources = args->from.items, .source_count = args->from.count};
    if (args->operands.count)
        return cs_report_usage(CS_COPY, "name what is copied with --from and --to, not as \"%s\"",
                               args->operands.items[0].text);
    if (!args->from.count || !args->db)
        return cs_report_usage(CS_COPY, "name a database with --from, and the one to copy it to with --to");
    return run_with(&m);
}
