/* SPDX-License-Identifier: MIT
 * run_options.c - limits of options. */
#include "ingest/run_options.h"

#include "base/error.h"
#include "base/limits.h"

clipsearch_status cs_check_run_options(const clipsearch_ingest_options *options, const clipsearch_session *session,
                                       clipsearch_error *err)
{
    if (options->batch == 0 || options->batch > CS_MAX_BATCH)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "batch is %zu; 1 to %d are allowed", options->batch,
                       (int)CS_MAX_BATCH);
    if (options->threads > CS_MAX_THREADS)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "threads is %u; 0 to %d are allowed", options->threads,
                       (int)CS_MAX_THREADS);
    return cs_session_check_image_tower(session, err);
}
