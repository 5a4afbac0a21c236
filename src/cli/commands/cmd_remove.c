/* SPDX-License-Identifier: MIT
 * cmd_remove.c - clipsearch delete and drop: removing images and collections. No image file is touched. */
#include "cli/command.h"

#include "base/buf.h"
#include "cli/commands/confirm.h"
#include "cli/commands/folder_filter.h"
#include "cli/commands/open.h"
#include "cli/commands/selection.h"
#include "cli/output/message.h"
#include "cli/output/units.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What `filter` matches. MAYBE_ALL: it could not be found out. */
typedef enum extent { SOME, ALL, MAYBE_ALL } extent;

/* Whether `filter` lets all items of the collection through: none passes its opposite. The opposite is nested one level
 * deeper and longer, so it can exceed a limit that the filter keeps; its error is not taken for "some". */
static extent find_extent(clipsearch_collection *collection, const char *filter)
{
    extent found = MAYBE_ALL;
    clipsearch_hits *hits = NULL;
    clipsearch_list_options options;
    cs_buf opposite = cs_buf_make(1 << 20);
    clipsearch_list_options_init(&options);
    if (cs_buf_printf(&opposite, "not (%s)", filter)) {
        options.filter = opposite.data;
        options.limit = 1;
        options.gone = true;
        if (clipsearch_list(collection, &options, &hits, NULL) == CLIPSEARCH_OK)
            found = clipsearch_hits_count(hits, 0) ? SOME : ALL;
    }
    clipsearch_hits_free(&hits);
    cs_buf_free(&opposite);
    return found;
}

/* Ask before everything is removed, or may be. */
static int confirm_all(const cs_args *args, const cs_selection *selection, const cs_opened *opened)
{
    char fact[160], count[27];
    const uint64_t images = opened->info.count;
    if (selection->ids || !images || args->yes)
        return CS_EXIT_FOUND;
    const extent found = find_extent(opened->collection, selection->filter);
    if (found == SOME)
        return CS_EXIT_FOUND;
    /* a filter that is refused removes nothing; the removal itself says why */
    if (found == MAYBE_ALL && clipsearch_filter_check(selection->filter, NULL, NULL) != CLIPSEARCH_OK)
        return CS_EXIT_FOUND;
    snprintf(fact, sizeof fact, "this %s all images of %s: %s", found == ALL ? "is" : "may be", opened->info.name,
             cs_format_count(images, count));
    return cs_confirm(args, CS_DELETE, fact, "Remove them?");
}

/* Whether `path` is `directory`, by its real name, or lies below it. */
static bool lies_in(const char *path, const char *directory)
{
    char real[PATH_MAX];
    if (!realpath(directory, real))
        return false;
    size_t n = strlen(real);
    while (n && real[n - 1] == '/') /* "/" */
        n--;
    return strncmp(path, real, n) == 0 && (path[n] == '/' || !path[n]);
}

static void note_source(const cs_settings *settings, const char *path)
{
    cs_buf words = cs_buf_make(1 << 14);
    cs_put_forget(&words, settings, path);
    if (words.data && !words.failed)
        cs_print_message("%s is remembered, and the next update ingests it again; %s", path, words.data);
    cs_buf_free(&words);
}

/* The images of a directory were removed that `update` would ingest again: say how to keep it from that. */
static void note_remembered(const cs_args *args, const cs_opened *opened)
{
    clipsearch_sources *sources = NULL;
    cs_settings settings = opened->settings;
    settings.collection = opened->info.name;
    if (args->quiet || !cs_has_folders(args) || args->filter ||
        clipsearch_collection_sources(opened->collection, &sources, NULL) != CLIPSEARCH_OK)
        return;
    for (size_t i = 0; i < clipsearch_sources_count(sources); i++) {
        const char *path = clipsearch_sources_get(sources, i)->source->path;
        bool inside = args->here && lies_in(path, ".");
        for (size_t k = 0; k < args->in.count && !inside; k++)
            inside = lies_in(path, args->in.items[k]);
        if (inside)
            note_source(&settings, path);
    }
    clipsearch_sources_free(&sources);
}

static clipsearch_status remove_ids(const cs_opened *opened, const cs_selection *selection, uint64_t *removed,
                                    clipsearch_error *err)
{
    size_t count = 0;
    clipsearch_hits *hits = NULL;
    clipsearch_status status = clipsearch_get(opened->collection, selection->ids, selection->count, &hits, err);
    if (status == CLIPSEARCH_OK)
        status = clipsearch_collection_remove(opened->collection, selection->ids, selection->count, &count, err);
    if (status == CLIPSEARCH_OK)
        cs_name_missing(selection, hits, opened->info.name);
    clipsearch_hits_free(&hits);
    *removed = count;
    return status;
}

static int remove_selection(const cs_args *args, const cs_selection *selection)
{
    clipsearch_error err;
    cs_opened opened = {0};
    uint64_t removed = 0;
    int code = cs_open_collection(args, NULL, 0, &opened);
    if (code == CS_EXIT_FOUND)
        code = confirm_all(args, selection, &opened);
    if (code == CS_EXIT_FOUND) {
        clipsearch_status status =
            selection->ids ? remove_ids(&opened, selection, &removed, &err)
                           : clipsearch_collection_remove_where(opened.collection, selection->filter, &removed, &err);
        if (status == CLIPSEARCH_E_LIMIT) /* the filter */
            code = cs_report_usage(CS_DELETE, "%s", err.message);
        else if (status != CLIPSEARCH_OK)
            code = cs_report_error(&err, CS_STAGE_DATABASE);
    }
    if (code == CS_EXIT_FOUND && !args->quiet)
        printf("Removed %" PRIu64 " image%s from %s\n", removed, cs_plural(removed), opened.settings.collection);
    if (code == CS_EXIT_FOUND && removed)
        note_remembered(args, &opened);
    cs_close_opened(&opened);
    return code == CS_EXIT_FOUND && removed == 0 ? CS_EXIT_NOTHING : code;
}

int cs_command_delete(const cs_args *args)
{
    cs_selection selection;
    const bool filtered = args->filter || cs_has_folders(args) || args->since || args->until;
    if (!filtered && !args->operands.count)
        return cs_report_usage(CS_DELETE, "nothing to delete was given; give --in, --filter or the numbers of images");
    if (filtered && args->operands.count)
        return cs_report_usage(CS_DELETE, "%s and numbers of images exclude each other; give one of them",
                               args->filter     ? "--filter"
                               : args->in.count ? "--in"
                               : args->here     ? "--here"
                               : args->since    ? "--since"
                                                : "--until");
    int code = cs_read_selection(CS_DELETE, args, &selection);
    if (code == CS_EXIT_FOUND)
        code = remove_selection(args, &selection);
    cs_free_selection(&selection);
    return code;
}

int cs_command_drop(const cs_args *args)
{
    clipsearch_error err;
    cs_opened opened = {0};
    if (args->operands.count != 1)
        return cs_report_usage(CS_DROP, "drop needs the name of one collection");
    int code = cs_open_collection(args, args->operands.items[0].text, 0, &opened);
    uint64_t count = code == CS_EXIT_FOUND ? opened.info.count : 0;
    clipsearch_collection_close(&opened.collection);
    if (code == CS_EXIT_FOUND) {
        char fact[160], images[27];
        snprintf(fact, sizeof fact, "the collection %s has %s image%s", opened.settings.collection,
                 cs_format_count(count, images), cs_plural(count));
        code = cs_confirm(args, CS_DROP, fact, "Drop it?");
    }
    if (code == CS_EXIT_FOUND &&
        clipsearch_collection_drop(opened.db, opened.settings.collection, &err) != CLIPSEARCH_OK)
        code = cs_report_error(&err, CS_STAGE_DATABASE);
    if (code == CS_EXIT_FOUND && !args->quiet)
        printf("Dropped %s (%" PRIu64 " image%s)\n", opened.settings.collection, count, cs_plural(count));
    cs_close_opened(&opened);
    return code;
}
