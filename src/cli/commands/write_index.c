/* SPDX-License-Identifier: MIT
 * write_index.c - a checkpoint that Ctrl-C can end. */
#include "cli/commands/write_index.h"

#include "base/error.h"
#include "cli/command.h"
#include "cli/output/message.h"
#include "cli/signals.h"

static bool keep_going(void *context, uint64_t done, uint64_t all)
{
    (void)context;
    (void)done;
    (void)all;
    return cs_caught_signal() == 0;
}

int cs_write_index(const cs_args *args, const cs_settings *settings, clipsearch_collection *collection,
                   const clipsearch_encoder *encoder)
{
    clipsearch_error err;
    clipsearch_checkpoint_options options;
    if (args->no_index)
        return CS_EXIT_FOUND;
    clipsearch_checkpoint_options_init(&options);
    options.threads = (unsigned)settings->threads;
    options.progress = keep_going;
    options.encoder = encoder;
    const clipsearch_status status = clipsearch_collection_checkpoint(collection, &options, &err);
    if (status == CLIPSEARCH_E_CANCELLED) {
        cs_print_advice("interrupted; everything is stored, but the index is not written, and searches are exact",
                        CS_ADVICE_REPAIR, settings, NULL);
        return CS_EXIT_SIGNAL + cs_caught_signal();
    }
    if (status == CLIPSEARCH_OK)
        return CS_EXIT_FOUND;
    if (status == CLIPSEARCH_E_NOT_FOUND) /* the collection was dropped meanwhile */
        return cs_report_error(&err, CS_STAGE_DATABASE);
    clipsearch_error why = err;
    cs_fail(&err, status, "everything is stored, but the index is not written, and searches are exact: %s",
            why.message);
    return cs_report_with_advice(&err, CS_STAGE_DATABASE, CS_ADVICE_REPAIR, settings, NULL);
}
