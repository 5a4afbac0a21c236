/* SPDX-License-Identifier: MIT
 * remove.c - clipsearch delete and drop: forgetting pictures and collections. Files are never touched. */
#include "cli/command.h"

#include "base/mem.h"
#include "cli/commands/filter_arg.h"
#include "cli/commands/ids.h"
#include "cli/commands/open.h"
#include "cli/output/say.h"

#include <inttypes.h>
#include <stdio.h>

static const char *pictures(uint64_t count)
{
    return count == 1 ? "picture" : "pictures";
}

/* Remove by ids, or with ids NULL by the filter. */
static int remove_pictures(const cs_args *args, const cs_ids *ids)
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
        code = cs_open_collection(&settings, 0, &db, &collection, &info);
    if (code == CS_EXIT_FOUND) {
        uint64_t removed = 0;
        size_t by_id = 0;
        clipsearch_status status = ids ? clipsearch_collection_remove(collection, ids->items, ids->count, &by_id, &err)
                                       : clipsearch_collection_remove_where(collection, args->filter, &removed, &err);
        removed += by_id;
        if (status == CLIPSEARCH_E_LIMIT)
            code = cs_usage(CS_DELETE, "%s", err.message);
        else if (status != CLIPSEARCH_OK)
            code = cs_report(&err, CS_STAGE_DATABASE);
        else if (!args->quiet)
            printf("Removed %" PRIu64 " %s from %s\n", removed, pictures(removed), settings.collection);
        if (status == CLIPSEARCH_OK && removed == 0)
            code = CS_EXIT_NOTHING;
    }
    clipsearch_collection_close(&collection);
    clipsearch_database_close(&db);
    cs_settings_free(&settings);
    return code;
}

int cs_command_delete(const cs_args *args)
{
    if (!args->filter && !args->words.count)
        return cs_usage(CS_DELETE, "delete what? Give --filter or the numbers of pictures");
    if (args->filter && args->words.count)
        return cs_usage(CS_DELETE, "--filter and numbers of pictures are two ways to say what to delete; give one");
    if (args->filter) {
        int code = cs_check_filter(args->filter);
        return code == CS_EXIT_FOUND ? remove_pictures(args, NULL) : code;
    }
    cs_ids ids;
    int code = cs_read_ids(CS_DELETE, &args->words, &ids);
    if (code == CS_EXIT_FOUND)
        code = remove_pictures(args, &ids);
    cs_free(ids.items);
    return code;
}

int cs_command_drop(const cs_args *args)
{
    clipsearch_error err;
    cs_settings settings;
    clipsearch_database *db = NULL;
    clipsearch_collection *collection = NULL;
    clipsearch_collection_info info;
    int code = CS_EXIT_FOUND;
    if (args->words.count != 1)
        return cs_usage(CS_DROP, "drop takes the name of one collection");
    if (cs_settings_load(args, NULL, &settings, &err) != CLIPSEARCH_OK)
        code = cs_report_settings(&err);
    settings.collection = args->words.items[0].text;
    if (code == CS_EXIT_FOUND)
        code = cs_open_collection(&settings, 0, &db, &collection, &info);
    uint64_t count = code == CS_EXIT_FOUND ? info.count : 0;
    clipsearch_collection_close(&collection);
    if (code == CS_EXIT_FOUND && clipsearch_collection_drop(db, settings.collection, &err) != CLIPSEARCH_OK)
        code = cs_report(&err, CS_STAGE_DATABASE);
    if (code == CS_EXIT_FOUND && !args->quiet)
        printf("Dropped %s (%" PRIu64 " %s)\n", settings.collection, count, pictures(count));
    clipsearch_database_close(&db);
    cs_settings_free(&settings);
    return code;
}
