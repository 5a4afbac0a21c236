/* SPDX-License-Identifier: MIT
 * search_call.h - the options of a search, read from the caller's struct. */
#ifndef CS_SEARCH_CALL_H
#define CS_SEARCH_CALL_H

#include "backend/backend.h"
#include "base/stop.h"

/* One call's options. It must not move between begin and end. */
typedef struct cs_search_call {
    clipsearch_search_options options;
    clipsearch_search_stats stats;
    cs_filter_tree *filter;
    cs_stop stop, *stop_before;
    cs_search_request request; /* without queries, count and k */
} cs_search_call;

/* Read `options` (NULL: the defaults). `function` begins messages. End the call in any case.
 * Errors: CLIPSEARCH_E_ARGUMENT, and those of cs_filter_parse. */
clipsearch_status cs_search_begin(cs_search_call *call, const clipsearch_search_options *options, const char *function,
                                  clipsearch_error *err);

/* Fill in the caller's stats, and free what the call holds. Until then the call's limits hold for what this thread
 * does. */
void cs_search_end(cs_search_call *call);

#endif
