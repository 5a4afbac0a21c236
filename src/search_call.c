/* SPDX-License-Identifier: MIT
 * search_call.c - reads the options of a search. */
#include "search_call.h"

#include "structs.h"

clipsearch_status cs_search_begin(cs_search_call *call, const clipsearch_search_options *options, const char *function,
                                  clipsearch_error *err)
{
    *call = (cs_search_call){0};
    clipsearch_search_options *own = &call->options;
    clipsearch_status status = cs_struct_read(own, options, &cs_search_options_type, function, err);
    if (status == CLIPSEARCH_OK && own->stats)
        status = cs_struct_check(own->stats, &cs_search_stats_type, function, err);
    if (status != CLIPSEARCH_OK) {
        own->stats = NULL;
        return status;
    }
    if (own->filter)
        status = cs_filter_parse(own->filter, &call->filter, NULL, err);
    call->request = (cs_search_request){.filter = call->filter,
                                        .with_gone = own->gone,
                                        .has_limit = own->has_limit,
                                        .limit = own->limit,
                                        .exact = own->exact,
                                        .fold_copies = own->fold_copies,
                                        .ef = own->ef,
                                        .stats = own->stats ? &call->stats : NULL};
    return status;
}

void cs_search_end(cs_search_call *call)
{
    cs_filter_free(&call->filter);
    if (call->options.stats)
        cs_struct_write(call->options.stats, &call->stats, &cs_search_stats_type);
}
