/* SPDX-License-Identifier: MIT
 * query.c - clipsearch query and clipsearch get: pictures by what is known of them, and by id. */
#include "cli/command.h"

#include "base/mem.h"
#include "cli/commands/filter_arg.h"
#include "cli/commands/ids.h"
#include "cli/commands/open.h"
#include "output/results.h"
#include "cli/output/say.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

static int print(const cs_args *args, const clipsearch_collection_info *info, clipsearch_hits *hits)
{
    clipsearch_error err;
    clipsearch_status status = CLIPSEARCH_OK;
    cs_result result = {.hits = hits};
    cs_results results = {.collection = info->name, .items = &result, .count = 1};
    if (args->json) {
        status = cs_print_rows_json(info->name, hits, stdout, &err);
    } else if (args->paths || args->nul) {
        cs_print_paths(&results, args->nul ? '\0' : '\n', stdout);
    } else {
        char here[PATH_MAX]; /* paths below it are printed relative to it; a folder that was removed has no name */
        status = cs_print_rows(hits, getcwd(here, sizeof here), stdout, &err);
    }
    return status == CLIPSEARCH_OK ? CS_EXIT_FOUND : cs_report(&err, CS_STAGE_INPUT);
}

static int query(const cs_args *args, clipsearch_collection *collection, const clipsearch_collection_info *info)
{
    clipsearch_error err;
    clipsearch_hits *hits;
    clipsearch_status status = clipsearch_query(collection, args->filter, args->k.given ? args->k.value : SIZE_MAX,
                                                args->offset.value, &hits, &err);
    if (status != CLIPSEARCH_OK)
        return status == CLIPSEARCH_E_LIMIT ? cs_usage(CS_QUERY, "%s", err.message)
                                            : cs_report(&err, CS_STAGE_DATABASE);
    int code = print(args, info, hits);
    if (code == CS_EXIT_FOUND && clipsearch_hits_count(hits, 0) == 0) {
        code = CS_EXIT_NOTHING;
        if (!args->quiet)
            cs_say("no picture of the collection %s %s", info->name,
                   args->filter ? "passes the filter" : "is there to show");
    }
    clipsearch_hits_free(&hits);
    return code;
}

/* Name the ids that are not among the hits, which come in the order of the ids. */
static int say_missing(const cs_ids *ids, const clipsearch_hits *hits, const char *collection)
{
    int code = CS_EXIT_FOUND;
    for (size_t i = 0, rank = 0; i < ids->count; i++) {
        const clipsearch_hit *hit = clipsearch_hits_get(hits, 0, rank);
        if (hit && hit->id == ids->items[i]) {
            rank++;
            continue;
        }
        cs_say("no picture %" PRId64 " in the collection %s", ids->items[i], collection);
        code = CS_EXIT_NOTHING;
    }
    return code;
}

static int get(const cs_args *args, const cs_ids *ids, clipsearch_collection *collection,
               const clipsearch_collection_info *info)
{
    clipsearch_error err;
    clipsearch_hits *hits;
    if (clipsearch_get(collection, ids->items, ids->count, &hits, &err) != CLIPSEARCH_OK)
        return cs_report(&err, CS_STAGE_DATABASE);
    int code = print(args, info, hits);
    if (code == CS_EXIT_FOUND)
        code = say_missing(ids, hits, info->name);
    clipsearch_hits_free(&hits);
    return code;
}

/* Both commands; ids NULL: query. */
static int answer(const cs_args *args, const cs_ids *ids)
{
    clipsearch_error err;
    cs_settings settings;
    clipsearch_database *db = NULL;
    clipsearch_collection *collection = NULL;
    clipsearch_collection_info info;
    int code = CS_EXIT_FOUND;
    if (cs_settings_load(args, NULL, &settings, &err) != CLIPSEARCH_OK)
        code = cs_report_settings(&err);
    if (code == CS_EXIT_FOUND)
        code = cs_open_collection(&settings, CLIPSEARCH_READ_ONLY, &db, &collection, &info);
    if (code == CS_EXIT_FOUND)
        code = ids ? get(args, ids, collection, &info) : query(args, collection, &info);
    clipsearch_collection_close(&collection);
    clipsearch_database_close(&db);
    cs_settings_free(&settings);
    return code;
}

static bool says_one_output(const cs_args *args)
{
    return args->json + args->paths + args->nul <= 1;
}

int cs_command_query(const cs_args *args)
{
    if (args->words.count)
        return cs_usage(CS_QUERY, "query takes no words but --filter; to search for the word: clipsearch search query");
    if (!says_one_output(args))
        return cs_usage(CS_QUERY, "--json, --paths and --null are three ways to print; give one");
    int code = cs_check_filter(args->filter);
    return code == CS_EXIT_FOUND ? answer(args, NULL) : code;
}

int cs_command_get(const cs_args *args)
{
    cs_ids ids;
    if (!args->words.count)
        return cs_usage(CS_GET, "get what? Give the numbers of pictures, as query --json shows them");
    if (!says_one_output(args))
        return cs_usage(CS_GET, "--json, --paths and --null are three ways to print; give one");
    int code = cs_read_ids(CS_GET, &args->words, &ids);
    if (code == CS_EXIT_FOUND)
        code = answer(args, &ids);
    cs_free(ids.items);
    return code;
}
