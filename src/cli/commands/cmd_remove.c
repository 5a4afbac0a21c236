/* SPDX-License-Identifier: MIT
 * cmd_remove.c - clipsearch delete and drop: removing images and collections. No image file is touched. */
#include "cli/command.h"

#include "cli/commands/open.h"
#include "cli/commands/selection.h"
#include "cli/output/units.h"

#include <inttypes.h>
#include <stdio.h>

static int remove_selection(const cs_args *args, const cs_selection *selection)
{
    clipsearch_error err;
    cs_opened opened = {0};
    uint64_t removed = 0;
    size_t by_id = 0;
    int code = cs_open_collection(args, NULL, 0, &opened);
    if (code == CS_EXIT_FOUND) {
        clipsearch_status status =
            selection->ids
                ? clipsearch_collection_remove(opened.collection, selection->ids, selection->count, &by_id, &err)
                : clipsearch_collection_remove_where(opened.collection, selection->filter, &removed, &err);
        removed += by_id;
        if (status == CLIPSEARCH_E_LIMIT) /* the filter */
            code = cs_report_usage(CS_DELETE, "%s", err.message);
        else if (status != CLIPSEARCH_OK)
            code = cs_report_error(&err, CS_STAGE_DATABASE);
    }
    if (code == CS_EXIT_FOUND && !args->quiet)
        printf("Removed %" PRIu64 " image%s from %s\n", removed, cs_plural(removed), opened.settings.collection);
    cs_close_opened(&opened);
    return code == CS_EXIT_FOUND && removed == 0 ? CS_EXIT_NOTHING : code;
}

int cs_command_delete(const cs_args *args)
{
    cs_selection selection;
    if (!args->filter && !args->operands.count)
        return cs_report_usage(CS_DELETE, "nothing to delete was given; give --filter or the numbers of images");
    if (args->filter && args->operands.count)
        return cs_report_usage(CS_DELETE, "--filter and numbers of images exclude each other; give one of them");
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
    if (code == CS_EXIT_FOUND &&
        clipsearch_collection_drop(opened.db, opened.settings.collection, &err) != CLIPSEARCH_OK)
        code = cs_report_error(&err, CS_STAGE_DATABASE);
    if (code == CS_EXIT_FOUND && !args->quiet)
        printf("Dropped %s (%" PRIu64 " image%s)\n", opened.settings.collection, count, cs_plural(count));
    cs_close_opened(&opened);
    return code;
}
