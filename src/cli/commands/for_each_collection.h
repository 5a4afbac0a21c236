/* SPDX-License-Identifier: MIT
 * for_each_collection.h - calls a function for the collections that the operands name, or for all. */
#ifndef CS_CLI_COMMANDS_FOR_EACH_COLLECTION_H
#define CS_CLI_COMMANDS_FOR_EACH_COLLECTION_H

#include "cli/commands/open.h"

/* Open each collection that `names` lists (all of the database, in the order of their names, when it is empty) and call
 * `work`, which returns an exit status. CS_EXIT_DATABASE does not keep the others from being worked on, any other than
 * CS_EXIT_FOUND ends the loop. Returns the last status that was not CS_EXIT_FOUND. */
int cs_for_each_collection(const cs_opened *opened, const cs_operands *names,
                           int (*work)(void *context, const cs_settings *settings, clipsearch_collection *collection),
                           void *context);

#endif
