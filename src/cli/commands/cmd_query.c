/* SPDX-License-Identifier: MIT
 * cmd_query.c - clipsearch query and clipsearch get: images by filter and by id. */
#include "cli/command.h"

#include "cli/commands/attribute_advice.h"
#include "cli/commands/folder_filter.h"
#include "cli/commands/open.h"
#include "cli/commands/selection.h"
#include "cli/commands/show_images.h"
#include "cli/output/message.h"
#include "cli/output/print.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

static int print_items(unsigned command, const cs_args *args, const char *collection, clipsearch_hits *hits,
                       cs_show *show)
{
    clipsearch_error err;
    clipsearch_status status = CLIPSEARCH_OK;
    cs_result result = {.query = args->filter, .hits = hits};
    cs_results results = {.collection = collection, .unscored = true, .items = &result, .count = 1};
    if (cs_show_replaces_text(show)) {
        /* they come below */
    } else if (args->json) {
        status = cs_print_items_json(collection, hits, stdout, &err);
    } else if (args->paths || args->nul) {
        cs_print_paths(&results, args->nul ? '\0' : '\n', stdout);
    } else {
        char here[PATH_MAX]; /* paths below it are printed relative to it; a folder that was removed has no name */
        status = cs_print_items(hits, getcwd(here, sizeof here), command == CS_GET, stdout, &err);
    }
    return status == CLIPSEARCH_OK ? cs_show_results(show, &results) : cs_report_error(&err, CS_STAGE_INPUT);
}

/* Whether there are images that pass the filter, be they behind --offset or not. */
static bool has_images(const cs_args *args, const cs_selection *selection, clipsearch_collection *collection)
{
    clipsearch_hits *hits = NULL;
    clipsearch_list_options options;
    clipsearch_list_options_init(&options);
    options.filter = selection->filter;
    options.limit = 1;
    options.gone = args->gone;
    const bool has =
        clipsearch_list(collection, &options, &hits, NULL) == CLIPSEARCH_OK && clipsearch_hits_count(hits, 0);
    clipsearch_hits_free(&hits);
    return has;
}

/* The images that were asked for have been printed; say when there are none, or some are missing. */
static int report_count(const cs_args *args, const cs_selection *selection, const clipsearch_hits *hits,
                        const cs_opened *opened)
{
    if (selection->ids)
        return cs_name_missing(selection, hits, opened->info.name) ? CS_EXIT_NOTHING : CS_EXIT_FOUND;
    if (clipsearch_hits_count(hits, 0))
        return CS_EXIT_FOUND;
    if (args->quiet)
        return CS_EXIT_NOTHING;
    if (args->offset.value && has_images(args, selection, opened->collection))
        cs_print_message("--offset %zu leaves out all images: it is behind the last one", args->offset.value);
    else if (!cs_say_none_chosen(args, opened->info.name))
        cs_print_message("the collection %s has no images to show", opened->info.name);
    return CS_EXIT_NOTHING;
}

static int show_selection(unsigned command, const cs_args *args, const cs_selection *selection, cs_show *show)
{
    clipsearch_error err;
    cs_opened opened = {0};
    clipsearch_hits *hits = NULL;
    int code = cs_open_collection(args, NULL, CLIPSEARCH_READ_ONLY, &opened);
    if (code == CS_EXIT_FOUND) {
        clipsearch_list_options options;
        clipsearch_list_options_init(&options);
        options.filter = selection->filter;
        options.limit = args->k.given ? args->k.value : SIZE_MAX;
        options.offset = args->offset.value;
        options.gone = args->gone;
        clipsearch_status status =
            selection->ids ? clipsearch_get(opened.collection, selection->ids, selection->count, &hits, &err)
                           : clipsearch_list(opened.collection, &options, &hits, &err);
        if (status == CLIPSEARCH_E_LIMIT) /* the filter */
            code = cs_report_usage(command, "%s", err.message);
        else if (status != CLIPSEARCH_OK)
            code = cs_report_error(&err, CS_STAGE_DATABASE);
    }
    if (code == CS_EXIT_FOUND)
        code = print_items(command, args, opened.info.name, hits, show);
    if (code == CS_EXIT_FOUND)
        code = report_count(args, selection, hits, &opened);
    if (code == CS_EXIT_NOTHING && !args->quiet)
        cs_advise_about_attributes(opened.collection, opened.info.name, args->filter);
    clipsearch_hits_free(&hits);
    cs_close_opened(&opened);
    return code;
}

static int show_items(unsigned command, const cs_args *args)
{
    cs_selection selection = {0};
    cs_show show;
    if (args->json + args->paths + args->nul > 1)
        return cs_report_usage(command, CS_ONE_OUTPUT);
    int code = cs_show_prepare(command, args, &show);
    if (code == CS_EXIT_FOUND)
        code = cs_read_selection(command, args, &selection);
    if (code == CS_EXIT_FOUND)
        code = show_selection(command, args, &selection, &show);
    cs_show_close(&show);
    cs_free_selection(&selection);
    return code;
}

int cs_command_query(const cs_args *args)
{
    return args->operands.count ? cs_report_operands(CS_QUERY) : show_items(CS_QUERY, args);
}

int cs_command_get(const cs_args *args)
{
    if (!args->operands.count)
        return cs_report_usage(CS_GET, "no image numbers were given; query and search --json show them");
    return show_items(CS_GET, args);
}
