/* SPDX-License-Identifier: MIT
 * update_watch.c - one watch on the sources of several collections. */
#include "cli/commands/update_watch.h"

#include "base/buf.h"
#include "base/mem.h"
#include "cli/command.h"
#include "cli/commands/follow.h"
#include "cli/commands/for_each_collection.h"
#include "cli/commands/ingest_group.h"
#include "cli/output/message.h"
#include "cli/output/progress_json.h"

#include <string.h>

typedef struct followed_collection {
    char *name;
    clipsearch_sources *sources;
    bool dropped; /* while it was followed; that was said */
} followed_collection;

/* Where a source that is followed comes from. */
typedef struct origin {
    size_t collection, number; /* in that collection's sources */
} origin;

typedef struct watching {
    const cs_args *args;
    const cs_opened *opened;
    int (*update)(void *context);
    void *context;
    followed_collection *collections; /* [collection_count] */
    size_t collection_count, collection_room;
    clipsearch_source *sources; /* [source_count] */
    origin *origins;            /* [source_count] */
    size_t source_count, source_room, origin_room;
} watching;

static bool is_json(const cs_args *args)
{
    return args->progress && strcmp(args->progress, "json") == 0;
}

static void say_line(const watching *w, const char *line)
{
    if (is_json(w->args))
        cs_progress_json_message(NULL, "watch", NULL, line);
    else
        cs_print_message("%s", line);
}

static void say(void *context, const char *line)
{
    say_line(context, line);
}

/* Add the sources of one collection; its handles are in w->collections already. */
static bool add_sources(watching *w, size_t collection)
{
    const clipsearch_sources *all = w->collections[collection].sources;
    const size_t count = clipsearch_sources_count(all);
    clipsearch_source *sources = cs_grow(w->sources, &w->source_room, w->source_count + count + 1, sizeof *sources);
    if (!sources)
        return false;
    w->sources = sources;
    origin *origins = cs_grow(w->origins, &w->origin_room, w->source_count + count + 1, sizeof *origins);
    if (!origins)
        return false;
    w->origins = origins;
    for (size_t i = 0; i < count; i++) {
        const clipsearch_source *source = clipsearch_sources_get(all, i)->source;
        if (source->files)
            continue; /* a list of files cannot be watched */
        w->sources[w->source_count] = *source;
        w->origins[w->source_count++] = (origin){.collection = collection, .number = i};
    }
    return true;
}

static int gather(void *context, const cs_settings *settings, clipsearch_collection *collection)
{
    watching *w = context;
    clipsearch_error err;
    clipsearch_collection_info info;
    clipsearch_sources *sources = NULL;
    (void)settings;
    clipsearch_collection_info_init(&info);
    clipsearch_status status = clipsearch_collection_describe(collection, &info, &err);
    if (status == CLIPSEARCH_OK)
        status = clipsearch_collection_sources(collection, &sources, &err);
    if (status != CLIPSEARCH_OK)
        return cs_report_error(&err, CS_STAGE_DATABASE);
    followed_collection *collections =
        cs_grow(w->collections, &w->collection_room, w->collection_count + 1, sizeof *collections);
    char *name = collections ? cs_strdup(info.name) : NULL;
    if (collections)
        w->collections = collections;
    if (!name) {
        clipsearch_sources_free(&sources);
        return cs_report_memory();
    }
    w->collections[w->collection_count] = (followed_collection){.name = name, .sources = sources};
    return add_sources(w, w->collection_count++) ? CS_EXIT_FOUND : cs_report_memory();
}

static bool has_changed(const clipsearch_ingest_report *r)
{
    return r->inserted + r->replaced + r->moved + r->copied + r->updated + r->pruned + r->newly_gone + r->returned > 0;
}

/* Look for the collection in the database that is there now: w->opened->db is open still when its file was removed.
 * CS_EXIT_DATABASE, which was said: there is none. */
static int look_for(const watching *w, followed_collection *collection)
{
    const char *path = w->opened->settings.db;
    char line[256];
    clipsearch_database *db = NULL;
    clipsearch_collection *there = NULL;
    if (clipsearch_database_open(path, CLIPSEARCH_READ_ONLY, &db, NULL) == CLIPSEARCH_E_NOT_FOUND) {
        cs_buf words = cs_buf_make(1 << 14);
        cs_buf_printf(&words, "the database %s was removed; nothing is followed any more", path);
        say_line(w, words.data && !words.failed ? words.data : "the database was removed");
        cs_buf_free(&words);
        return CS_EXIT_DATABASE;
    }
    if (db && clipsearch_collection_open(db, collection->name, NULL, &there, NULL) == CLIPSEARCH_E_NOT_FOUND) {
        collection->dropped = true;
        snprintf(line, sizeof line, "the collection %s was dropped; its directories are not followed any more",
                 collection->name);
        if (!w->args->quiet)
            say_line(w, line);
    }
    clipsearch_collection_close(&there);
    clipsearch_database_close(&db);
    return CS_EXIT_FOUND;
}

static int ingest_one(const watching *w, const clipsearch_source *changed, const origin *from, bool *copied)
{
    followed_collection *collection = &w->collections[from->collection];
    /* a change must make neither a database nor a collection again: the images are wanted no more */
    const int found = collection->dropped ? CS_EXIT_FOUND : look_for(w, collection);
    if (found != CS_EXIT_FOUND || collection->dropped)
        return found;
    const clipsearch_remembered_source *known = clipsearch_sources_get(collection->sources, from->number);
    const cs_source_group group = {
        .sources = changed, .count = 1, .part = true, .image = known->image, .metadata = known->metadata};
    cs_settings settings = w->opened->settings;
    cs_group_sum sum = {0};
    settings.collection = collection->name;
    const int code = cs_ingest_group(w->args, &settings, &group, &sum);
    *copied |= sum.report.copied > 0;
    if (is_json(w->args) || has_changed(&sum.report))
        cs_print_sum(w->args, collection->name, &sum, code);
    return code;
}

static int ingest_changed(void *context, const clipsearch_source *changed, const size_t *numbers, size_t count,
                          bool first, bool *copied)
{
    const watching *w = context;
    int worst = CS_EXIT_FOUND;
    if (first)
        return w->update(w->context);
    for (size_t i = 0; i < count && worst < CS_EXIT_SIGNAL && worst != CS_EXIT_DATABASE; i++) {
        const int code = ingest_one(w, &changed[i], &w->origins[numbers[i]], copied);
        worst = code > worst ? code : worst;
    }
    return worst;
}

int cs_update_watch(const cs_args *args, const cs_opened *opened, int (*update)(void *context), void *context)
{
    watching w = {.args = args, .opened = opened, .update = update, .context = context};
    int code = cs_for_each_collection(opened, &args->operands, gather, &w);
    if (code == CS_EXIT_FOUND && w.source_count == 0) {
        code = update(context); /* there is nothing to follow */
    } else if (code == CS_EXIT_FOUND) {
        const cs_follow follow = {.sources = w.sources,
                                  .source_count = w.source_count,
                                  .scan = args->scan_every.given ? (double)args->scan_every.value : 0,
                                  .say = args->quiet ? NULL : say,
                                  .ingest = ingest_changed,
                                  .context = &w};
        code = cs_follow_sources(&follow);
    }
    for (size_t i = 0; i < w.collection_count; i++) {
        cs_free(w.collections[i].name);
        clipsearch_sources_free(&w.collections[i].sources);
    }
    cs_free(w.collections);
    cs_free(w.sources);
    cs_free(w.origins);
    return code;
}
