/* SPDX-License-Identifier: MIT
 * vacuum.c - clipsearch vacuum: what was removed is taken out of the files. */
#include "cli/command.h"

#include "base/file.h"
#include "cli/commands/each_collection.h"
#include "cli/commands/open.h"
#include "cli/output/say.h"
#include "cli/signals.h"

#include <stdio.h>

static bool goes_on(void *context, uint64_t done, uint64_t all)
{
    (void)context;
    (void)done;
    (void)all;
    return cs_signals_caught() == 0;
}

static int vacuum_collection(void *context, const cs_settings *settings, clipsearch_collection *collection)
{
    clipsearch_error err;
    clipsearch_checkpoint_options options;
    (void)context;
    clipsearch_checkpoint_options_init(&options);
    options.threads = (unsigned)settings->threads;
    options.vacuum = true;
    options.progress = goes_on;
    clipsearch_status status = clipsearch_collection_checkpoint(collection, &options, &err);
    if (status == CLIPSEARCH_E_CANCELLED) {
        cs_say("interrupted; %s", err.message);
        return CS_EXIT_SIGNAL + cs_signals_caught();
    }
    return status == CLIPSEARCH_OK ? CS_EXIT_FOUND : cs_report(&err, CS_STAGE_DATABASE);
}

int cs_command_vacuum(const cs_args *args)
{
    clipsearch_error err;
    cs_settings settings;
    cs_file_info before = {0}, after = {0};
    char words[2][32];
    clipsearch_database *db = NULL;
    int code = CS_EXIT_FOUND;
    if (cs_settings_load(args, NULL, &settings, &err) != CLIPSEARCH_OK)
        code = cs_report_settings(&err);
    if (code == CS_EXIT_FOUND)
        code = cs_open_database(&settings, 0, &db);
    if (code == CS_EXIT_FOUND) {
        cs_signals_hold();
        cs_file_stat(settings.db, &before, NULL);
        code = cs_each_collection(db, &settings, &args->words, vacuum_collection, NULL);
    }
    if (code == CS_EXIT_FOUND && clipsearch_database_vacuum(db, &err) != CLIPSEARCH_OK)
        code = cs_report(&err, CS_STAGE_DATABASE);
    if (code == CS_EXIT_FOUND && !args->quiet) {
        cs_file_stat(settings.db, &after, NULL);
        printf("Vacuumed %s: %s, was %s\n", settings.db, cs_byte_words(after.size, words[0]),
               cs_byte_words(before.size, words[1]));
    }
    clipsearch_database_close(&db);
    cs_settings_free(&settings);
    return code;
}
