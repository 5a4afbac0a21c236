/* SPDX-License-Identifier: MIT
 * selection.c - a filter, or operands to ids. */
#include "cli/commands/selection.h"

#include "base/mem.h"
#include "cli/command.h"
#include "cli/commands/folder_filter.h"
#include "cli/output/message.h"
#include "config/yaml_keys.h"

#include <inttypes.h>

int cs_read_selection(unsigned command, const cs_args *args, cs_selection *selection)
{
    const cs_operands *operands = &args->operands;
    *selection = (cs_selection){0};
    int code = cs_make_filter(command, args, &selection->filter);
    if (code != CS_EXIT_FOUND || !operands->count)
        return code;
    selection->ids = cs_alloc_array(operands->count, sizeof *selection->ids);
    if (!selection->ids)
        return cs_report_memory();
    for (size_t i = 0; i < operands->count; i++) {
        size_t id;
        if (!cs_read_count(operands->items[i].text, INT64_MAX, &id) || id == 0)
            return cs_report_usage(
                command, "\"%s\" is not an image's number. To search for words, run: clipsearch search %s ...",
                operands->items[i].text, cs_command_name(command));
        selection->ids[selection->count++] = (int64_t)id;
    }
    return CS_EXIT_FOUND;
}

bool cs_name_missing(const cs_selection *selection, const clipsearch_hits *hits, const char *collection)
{
    bool missing = false;
    for (size_t i = 0, rank = 0; i < selection->count; i++) {
        const clipsearch_hit *hit = clipsearch_hits_get(hits, 0, rank); /* they come in the order of the ids */
        if (hit && hit->id == selection->ids[i]) {
            rank++;
            continue;
        }
        cs_print_message("the collection %s has no image %" PRId64, collection, selection->ids[i]);
        missing = true;
    }
    return missing;
}

void cs_free_selection(cs_selection *selection)
{
    cs_free(selection->ids);
    cs_free(selection->filter);
    *selection = (cs_selection){0};
}
