/* SPDX-License-Identifier: MIT
 * cmd_vacuum.c - clipsearch vacuum: removes what deleted images left in the files. */
#include "cli/command.h"

#include "base/file.h"
#include "cli/commands/for_each_collection.h"
#include "cli/output/message.h"
#include "cli/output/units.h"
#include "cli/signals.h"

#include <stdio.h>

static bool keep_going(void *context, uint64_t done, uint64_t all)
{
    (void)context;
    (void)done;
    (void)all;
    return cs_caught_signal() == 0;
}

static int vacuum_collection(void *context, const cs_settings *settings, clipsearch_collection *collection)
{
    clipsearch_error err;
    clipsearch_checkpoint_options options;
    (void)context;
    clipsearch_checkpoint_options_init(&options);
    options.threads = (unsigned)settings->threads;
    options.vacuum = true;
    options.progress = keep_going;
    clipsearch_status status = clipsearch_collection_checkpoint(collection, &options, &err);
    if (status == CLIPSEARCH_E_CANCELLED) {
        cs_print_message("interrupted; %s", err.message);
        return CS_EXIT_SIGNAL + cs_caught_signal();
    }
    return status == CLIPSEARCH_OK ? CS_EXIT_FOUND : cs_report_error(&err, CS_STAGE_DATABASE);
}

int cs_command_vacuum(const cs_args *args)
{
    clipsearch_error err;
    cs_opened opened = {0};
    cs_file_info before = {0}, after = {0};
    char sizes[2][32];
    int code = cs_open_database(args, 0, &opened);
    if (code == CS_EXIT_FOUND) {
        cs_catch_signals();
        cs_file_stat(opened.settings.db, &before, NULL);
        code = cs_for_each_collection(&opened, &args->operands, vacuum_collection, NULL);
    }
    if (code == CS_EXIT_FOUND && clipsearch_database_vacuum(opened.db, &err) != CLIPSEARCH_OK)
        code = cs_report_error(&err, CS_STAGE_DATABASE);
    if (code == CS_EXIT_FOUND && !args->quiet) {
        cs_file_stat(opened.settings.db, &after, NULL);
        printf("Vacuumed ");
        cs_print_name(opened.settings.db, stdout);
        printf(": %s, before %s\n", cs_format_bytes(after.size, sizes[0]), cs_format_bytes(before.size, sizes[1]));
    }
    cs_close_opened(&opened);
    return code;
}
