/* SPDX-License-Identifier: MIT
 * ids.h - words of the command line that are ids. */
#ifndef CS_CLI_COMMANDS_IDS_H
#define CS_CLI_COMMANDS_IDS_H

#include "config/options.h"

#include <stdint.h>

typedef struct cs_ids {
    int64_t *items; /* [count]; cs_free it */
    size_t count;
} cs_ids;

/* Returns CS_EXIT_FOUND, or has said what is wrong with a word of `command` and returns the exit status for it. */
int cs_read_ids(unsigned command, const cs_words *words, cs_ids *ids);

#endif
