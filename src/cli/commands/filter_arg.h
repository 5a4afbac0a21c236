/* SPDX-License-Identifier: MIT
 * filter_arg.h - checking the filter of a command line before anything is opened. */
#ifndef CS_CLI_COMMANDS_FILTER_ARG_H
#define CS_CLI_COMMANDS_FILTER_ARG_H

#include "cli/options.h"

/* CS_EXIT_FOUND when `filter` is NULL or valid; else prints what is wrong and where, and returns the exit status. */
int cs_check_filter(const char *filter);

/* Join --filter, --since and --until: *filter (cs_free) is NULL when none is given. Returns CS_EXIT_FOUND, or prints
 * what is wrong and where, and returns the exit status for it. */
int cs_read_filter(unsigned command, const cs_args *args, char **filter);

#endif
