/* SPDX-License-Identifier: MIT
 * command_names.c - the names of the commands. */
#include "cli/command_names.h"

#include <string.h>

const char *const cs_command_names[] = {
    "search", "ingest", "embed",       "tokenize",   "info",  "help",   "version", "query",  "get",
    "delete", "drop",   "collections", "model",      "check", "vacuum", "label",   "update", "duplicates",
    "export", "import", "merge",       "completion", "serve", "copy",   "config"};
const size_t cs_command_count = sizeof cs_command_names / sizeof *cs_command_names;

unsigned cs_command_of(const char *word)
{
    for (size_t i = 0; i < cs_command_count; i++)
        if (strcmp(word, cs_command_names[i]) == 0)
            return 1u << i;
    return 0;
}

const char *cs_command_name(unsigned command)
{
    for (size_t i = 0; i < cs_command_count; i++)
        if (command == 1u << i)
            return cs_command_names[i];
    return "";
}
