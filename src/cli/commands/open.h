/* SPDX-License-Identifier: MIT
 * open.h - the database and the collection a command works on, without their model. */
#ifndef CS_CLI_COMMANDS_OPEN_H
#define CS_CLI_COMMANDS_OPEN_H

#include "config/settings.h"

/* A receiver of the library's notes: prints the line. */
void cs_say_note(void *context, const char *line);

/* Pass on what the library notes about `db`, unless the settings say to be quiet. */
void cs_say_notes(const cs_settings *settings, clipsearch_database *db);

/* Open the database; flags as clipsearch_database_open. Returns CS_EXIT_FOUND, or has said what is wrong and returns
 * the exit status for it. */
int cs_open_database(const cs_settings *settings, unsigned flags, clipsearch_database **db);

/* Both, and describe the collection. Close both in any case. */
int cs_open_collection(const cs_settings *settings, unsigned flags, clipsearch_database **db,
                       clipsearch_collection **collection, clipsearch_collection_info *info);

/* Say `what`, and how pictures are ingested. */
void cs_say_ingest(const cs_settings *settings, const char *what);

#endif
