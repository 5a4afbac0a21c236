/* SPDX-License-Identifier: MIT
 * each_collection.h - a command's work on the collections that its words name, or on all. */
#ifndef CS_CLI_COMMANDS_EACH_COLLECTION_H
#define CS_CLI_COMMANDS_EACH_COLLECTION_H

#include "config/settings.h"

/* Open each collection named by `names` (all of the database, by name, when there are none) and call `work`, which
 * returns an exit status; the first that is not CS_EXIT_FOUND ends the walk unless it is CS_EXIT_DATABASE, after which
 * the others have their turn. Returns the worst. */
int cs_each_collection(clipsearch_database *db, const cs_settings *settings, const cs_words *names,
                       int (*work)(void *context, const cs_settings *settings, clipsearch_collection *collection),
                       void *context);

#endif
