/* SPDX-License-Identifier: MIT
 * write_index.h - the index of a collection, after a command has stored many items. */
#ifndef CS_CLI_COMMANDS_WRITE_INDEX_H
#define CS_CLI_COMMANDS_WRITE_INDEX_H

#include "cli/command_line.h"
#include "config/settings.h"

/* Write the index file, with progress on standard error, unless --no-index is given. With the collection's `encoder`
 * (may be NULL) the recall of texts is measured with sentences. Returns CS_EXIT_FOUND, or prints what is wrong and
 * returns the exit status. */
int cs_write_index(const cs_args *args, const cs_settings *settings, clipsearch_collection *collection,
                   const clipsearch_encoder *encoder);

#endif
