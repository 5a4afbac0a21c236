/* SPDX-License-Identifier: MIT
 * open.h - opening what a command works on. Each function that returns int returns CS_EXIT_FOUND, or prints what is
 * wrong and returns the exit status for it. */
#ifndef CS_CLI_COMMANDS_OPEN_H
#define CS_CLI_COMMANDS_OPEN_H

#include "cli/command_line.h"
#include "config/settings.h"
#include "models/location.h"

/* A database with its settings, and one collection of it; what was not opened is NULL. Zero-initialise; close in any
 * case. */
typedef struct cs_opened {
    cs_settings settings;
    clipsearch_database *db;
    clipsearch_collection *collection;
    clipsearch_collection_info info; /* of the collection */
    char only[256];                  /* the name of the only collection, when that is used */
} cs_opened;

/* Load the settings and open their database; flags as clipsearch_database_open. */
int cs_open_database(const cs_args *args, unsigned flags, cs_opened *opened);

/* The same, and open the collection `name` (NULL: the settings'), not bound to an encoder. For reading, the only
 * collection of a database is opened when none is named and there is no "photos", with a message. */
int cs_open_collection(const cs_args *args, const char *name, unsigned flags, cs_opened *opened);
void cs_close_opened(cs_opened *opened);

/* A receiver of the library's notes: prints the line with advice. `settings` (a cs_settings): the context. */
void cs_print_note(void *settings, const char *line);

/* Print the library's notes about `db`, with advice, unless `args` asks for quiet; and end what waits for a server when
 * a signal has been caught. `settings` must outlive it. */
void cs_attend_database(const cs_args *args, cs_settings *settings, clipsearch_database *db);

/* Report that no encoder fits `collection`, whose vectors were put without a model. Returns the exit code. */
int cs_report_no_model(const char *collection);

/* The model that a collection was made with; the strings are those of `info`. */
static inline cs_collection_model cs_model_of(const clipsearch_collection_info *info)
{
    return (cs_collection_model){.encoder = info->encoder, .path = info->model_path, .foreign = info->foreign};
}

/* Says, once, that f32 is computed because the processor has no bf16. cs_open_model does. */
void cs_note_precision(const cs_settings *settings, const clipsearch_encoder *encoder);

/* cs_model_choose and cs_model_open, and cs_model_find, with advice. Says so, once for each collection, when the
 * environment names another model than the collection's.
 * A collection whose encoder is "": as cs_report_no_model. */
int cs_open_model(const cs_settings *settings, const cs_collection_model *made, unsigned towers, bool pack_weights,
                  clipsearch_encoder **opened);
int cs_find_model(const char *model, cs_model_location *location);

/* The precision in which the collection's own model is to be opened instead, because none was asked for and all of the
 * collection's vectors (`precisions`) are of another one. CLIPSEARCH_PRECISION_AUTO: it is right as it was opened, or
 * is another model than that of `fingerprint`. */
clipsearch_precision cs_precision_to_follow(const cs_settings *settings, const char *fingerprint, unsigned precisions,
                                            const clipsearch_encoder *encoder);

/* Report that a model could not be opened, with advice when it is not installed. */
int cs_report_model(const clipsearch_error *err, const cs_settings *settings, const char *encoder);

#endif
