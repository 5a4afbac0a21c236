/* SPDX-License-Identifier: MIT
 * ids.c - words to ids. */
#include "cli/commands/ids.h"

#include "base/mem.h"
#include "cli/command.h"
#include "config/yaml_keys.h"

int cs_read_ids(unsigned command, const cs_words *words, cs_ids *ids)
{
    *ids = (cs_ids){.items = cs_alloc_array(words->count, sizeof *ids->items)};
    if (!ids->items)
        return cs_report_memory();
    for (size_t i = 0; i < words->count; i++) {
        size_t id;
        if (!cs_read_count(words->items[i].text, INT64_MAX, &id) || id == 0)
            return cs_usage(command, "\"%s\" is no picture's number; to search for words: clipsearch search %s ...",
                            words->items[i].text, cs_command_name(command));
        ids->items[ids->count++] = (int64_t)id;
    }
    return CS_EXIT_FOUND;
}
