/* SPDX-License-Identifier: MIT
 * folder_filter.h - --in, --here, --since and --until: conditions of a filter. */
#ifndef CS_CLI_COMMANDS_FOLDER_FILTER_H
#define CS_CLI_COMMANDS_FOLDER_FILTER_H

#include "cli/command_line.h"

/* Check --filter, and make one filter of it, the folders that --in and --here name, and the period from --since to
 * --until: *filter, to be freed with cs_free; NULL when none is given. Returns CS_EXIT_FOUND, or prints what is wrong
 * and returns the exit status. */
int cs_make_filter(unsigned command, const cs_args *args, char **filter);

/* Whether --in or --here is given. */
bool cs_has_folders(const cs_args *args);

/* Say that no image of the collection is among those chosen by --filter, --in and so on. False, and nothing is said,
 * when none of these options was given. */
bool cs_say_none_chosen(const cs_args *args, const char *collection);

#endif
