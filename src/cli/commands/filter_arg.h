/* SPDX-License-Identifier: MIT
 * filter_arg.h - checking the filter of a command line before anything is opened. */
#ifndef CS_CLI_COMMANDS_FILTER_ARG_H
#define CS_CLI_COMMANDS_FILTER_ARG_H

/* CS_EXIT_FOUND when `filter` is NULL or valid; else prints what is wrong and where, and returns the exit status. */
int cs_check_filter(const char *filter);

#endif
