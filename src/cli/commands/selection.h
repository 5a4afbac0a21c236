/* SPDX-License-Identifier: MIT
 * selection.h - which items of a collection a command works on: those that pass a filter, or those with given ids. */
#ifndef CS_CLI_COMMANDS_SELECTION_H
#define CS_CLI_COMMANDS_SELECTION_H

#include "cli/command_line.h"

#include <stdint.h>

typedef struct cs_selection {
    char *filter; /* owned; NULL: none */
    int64_t *ids; /* [count], owned; NULL: no ids were given */
    size_t count;
} cs_selection;

/* Read the filter and the operands, which are ids. Returns CS_EXIT_FOUND, or prints what is wrong and returns the exit
 * status for it. Free in any case. */
int cs_read_selection(unsigned command, const cs_args *args, cs_selection *selection);
/* Print a line for each id that is not among `hits`, which clipsearch_get has given for the ids. Whether there is
 * one. */
bool cs_name_missing(const cs_selection *selection, const clipsearch_hits *hits, const char *collection);

void cs_free_selection(cs_selection *selection);

#endif
