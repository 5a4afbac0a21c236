/* SPDX-License-Identifier: MIT
 * run_options.h - what an ingestion and a remodel ask of their options alike. */
#ifndef CS_INGEST_RUN_OPTIONS_H
#define CS_INGEST_RUN_OPTIONS_H

#include "encode/session.h"

/* Whether options->batch and ->threads are within their limits and the session encodes images. Errors:
 * CLIPSEARCH_E_ARGUMENT, and that of cs_session_check_image_tower. */
clipsearch_status cs_check_run_options(const clipsearch_ingest_options *options, const clipsearch_session *session,
                                       clipsearch_error *err);

#endif
