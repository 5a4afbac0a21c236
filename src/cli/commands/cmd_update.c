/* SPDX-License-Identifier: MIT
 * cmd_update.c - clipsearch update: what was ingested into collections, ingested again. */
#include "cli/command.h"

#include "base/file.h"
#include "base/mem.h"
#include "cli/commands/for_each_collection.h"
#include "cli/commands/ingest_group.h"
#include "cli/commands/update_watch.h"
#include "cli/output/message.h"
#include "cli/output/progress_json.h"
#include "cli/output/units.h"
#include "cli/signals.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct update {
    const cs_args *args;
    const cs_opened *opened;
    int worst; /* exit status; that of one collection does not keep the others from being brought up to date */
} update;

/* The sources of one collection, which are groups: those of each YAML file, and those of none that are read alike. */
typedef struct collection_update {
    const cs_args *args;
    const cs_settings *settings;
    const clipsearch_sources *all;
    bool *done; /* [count of all] */
    cs_group_sum sum;
    int code;
} collection_update;

static bool is_json(const cs_args *args)
{
    return args->progress && strcmp(args->progress, "json") == 0;
}

static void note_code(int *worst, int code)
{
    if (code > *worst || code >= CS_EXIT_SIGNAL)
        *worst = code;
}

static bool is_missing(const char *path)
{
    cs_file_info info;
    return cs_file_stat(path, &info, NULL) == CLIPSEARCH_E_NOT_FOUND;
}

/* Ingest what the YAML file says now. */
static void ingest_file(collection_update *u, const char *list)
{
    clipsearch_error err;
    cs_ingest_file file;
    if (cs_ingest_file_load(list, &file, &err) != CLIPSEARCH_OK ||
        cs_settings_check_file(u->settings, &file, &err) != CLIPSEARCH_OK) {
        cs_ingest_file_close(&file);
        note_code(&u->code, cs_report_settings(&err));
        if (u->sum.error.code == CLIPSEARCH_OK)
            u->sum.error = err;
        return;
    }
    const cs_source_group group = {.sources = file.sources, .count = file.source_count, .list = list, .file = &file};
    note_code(&u->code, cs_ingest_group(u->args, u->settings, &group, &u->sum));
    cs_ingest_file_close(&file);
}

/* Whether two sources can be ingested in one run. */
static bool are_alike(const clipsearch_remembered_source *a, const clipsearch_remembered_source *b)
{
    const clipsearch_image_options *x = a->image, *y = b->image;
    const bool same_list = a->list && b->list ? strcmp(a->list, b->list) == 0 : a->list == b->list;
    const bool same_metadata =
        a->metadata && b->metadata ? strcmp(a->metadata, b->metadata) == 0 : a->metadata == b->metadata;
    return same_list && same_metadata && x->ignore_exif == y->ignore_exif && x->max_bytes == y->max_bytes &&
           x->max_pixels == y->max_pixels && x->decode == y->decode;
}

/* Ingest source number `first` and those behind it that go with it. */
static void ingest_group(collection_update *u, size_t first)
{
    const clipsearch_remembered_source *one = clipsearch_sources_get(u->all, first);
    const size_t count = clipsearch_sources_count(u->all);
    const bool from_file = one->list && !is_missing(one->list);
    cs_source_group group = {.list = one->list, .image = one->image, .metadata = one->metadata};
    clipsearch_source *sources = cs_alloc_array(count, sizeof *sources);
    if (!sources) {
        note_code(&u->code, cs_report_memory());
        return;
    }
    for (size_t i = first; i < count; i++) {
        const clipsearch_remembered_source *other = clipsearch_sources_get(u->all, i);
        if (u->done[i] || !are_alike(one, other))
            continue;
        u->done[i] = true;
        sources[group.count++] = *other->source;
    }
    group.sources = sources;
    if (from_file)
        ingest_file(u, one->list);
    else
        note_code(&u->code, cs_ingest_group(u->args, u->settings, &group, &u->sum));
    cs_free(sources);
}

static int update_all_groups(const update *up, const cs_settings *settings, clipsearch_collection *collection,
                             const clipsearch_sources *all)
{
    clipsearch_collection_info info;
    const size_t count = clipsearch_sources_count(all);
    collection_update u = {.args = up->args, .settings = settings, .all = all};
    u.done = cs_zalloc_array(count, sizeof *u.done);
    if (!u.done)
        return cs_report_memory();
    for (size_t i = 0; i < count && u.code < CS_EXIT_SIGNAL; i++)
        if (!u.done[i])
            ingest_group(&u, i);
    cs_free(u.done);
    clipsearch_collection_info_init(&info);
    if (u.sum.ended > 1 && clipsearch_collection_describe(collection, &info, NULL) == CLIPSEARCH_OK)
        u.sum.report.gone = info.gone; /* groups that overlap have counted some twice */
    if (is_json(up->args) || (u.sum.ended && u.code < CS_EXIT_SIGNAL))
        cs_print_sum(up->args, settings->collection, &u.sum, u.code);
    return u.code;
}

/* The absolute path of what the user names, also when it is not there any more. */
static const char *absolute_path(const char *name, char path[PATH_MAX])
{
    char here[PATH_MAX];
    if (realpath(name, path))
        return path;
    if (name[0] == '/' || !getcwd(here, sizeof here))
        return name;
    const int n = snprintf(path, PATH_MAX, "%s/%s", here, name);
    return n > 0 && n < PATH_MAX ? path : name;
}

static int forget(const update *up, const cs_settings *settings, clipsearch_collection *collection)
{
    char path[PATH_MAX];
    uint64_t forgotten = 0;
    clipsearch_error err;
    const char *name = absolute_path(up->args->forget, path);
    if (clipsearch_collection_forget_source(collection, name, &forgotten, &err) != CLIPSEARCH_OK)
        return cs_report_error(&err, CS_STAGE_DATABASE);
    if (!forgotten)
        cs_print_message("the collection %s does not remember %s; clipsearch info shows what it does",
                         settings->collection, name);
    else if (!up->args->quiet)
        printf("Forgot %llu source%s of %s\n", (unsigned long long)forgotten, cs_plural(forgotten),
               settings->collection);
    return forgotten ? CS_EXIT_FOUND : CS_EXIT_NOTHING;
}

static void say_nothing_is_remembered(const update *up, const char *collection)
{
    static const char advice[] = "remembers no directories; ingest them once more";
    char message[160];
    snprintf(message, sizeof message, "the collection %s %s", collection, advice);
    if (is_json(up->args))
        cs_progress_json_message(collection, "note", NULL, message);
    else if (!up->args->quiet)
        cs_print_message("%s", message);
}

static int update_collection(void *context, const cs_settings *opened, clipsearch_collection *collection)
{
    update *up = context;
    clipsearch_error err;
    clipsearch_sources *all = NULL;
    clipsearch_collection_info info;
    cs_settings settings = *opened;
    clipsearch_collection_info_init(&info);
    clipsearch_status status = clipsearch_collection_describe(collection, &info, &err);
    if (status == CLIPSEARCH_OK)
        status = clipsearch_collection_sources(collection, &all, &err);
    if (status != CLIPSEARCH_OK)
        return cs_report_error(&err, CS_STAGE_DATABASE);
    settings.collection = info.name;
    int code = CS_EXIT_FOUND;
    if (up->args->forget)
        code = forget(up, &settings, collection);
    else if (clipsearch_sources_count(all))
        code = update_all_groups(up, &settings, collection, all);
    else
        say_nothing_is_remembered(up, info.name);
    clipsearch_sources_free(&all);
    note_code(&up->worst, code);
    return code >= CS_EXIT_SIGNAL ? code : CS_EXIT_FOUND;
}

static int update_all(void *context)
{
    update *up = context;
    int code = cs_for_each_collection(up->opened, &up->args->operands, update_collection, up);
    note_code(&code, up->worst);
    return code;
}

static int check_options(const cs_args *args)
{
    if (args->forget && args->operands.count != 1)
        return cs_report_usage(CS_UPDATE, "--forget needs the name of one collection");
    if (args->watch && (args->dry_run || args->forget))
        return cs_report_usage(CS_UPDATE, "--watch and --%s exclude each other", args->forget ? "forget" : "dry-run");
    if (args->scan_every.given && !args->watch)
        return cs_report_usage(CS_UPDATE, "--scan-every is for --watch, which is not given");
    return CS_EXIT_FOUND;
}

int cs_command_update(const cs_args *args)
{
    cs_opened opened = {0};
    update up = {.args = args, .opened = &opened};
    int code = check_options(args);
    if (code != CS_EXIT_FOUND)
        return code;
    code = cs_open_database(args, args->dry_run ? CLIPSEARCH_READ_ONLY : 0, &opened);
    if (code == CS_EXIT_FOUND) {
        cs_catch_signals();
        code = args->watch ? cs_update_watch(args, &opened, update_all, &up) : update_all(&up);
    }
    cs_close_opened(&opened);
    return code;
}
