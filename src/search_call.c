/* SPDX-License-Identifier: MIT
 * search_call.c - reads the options of a search. */
#include "search_call.h"

#include "structs.h"

#include <math.h>

clipsearch_status cs_search_begin(cs_search_call *call, const clipsearch_search_options *options, const char *function,
                                  clipsearch_error *err)
{
    *call = (cs_search_call){0};
    call->stop_before = cs_stop_enter(NULL);
    clipsearch_search_options *own = &call->options;
    clipsearch_status status = cs_struct_read(own, options, &cs_search_options_type, function, err);
    if (status == CLIPSEARCH_OK && own->stats)
        status = cs_struct_check(own->stats, &cs_search_stats_type, function, err);
    if (status != CLIPSEARCH_OK) {
        own->stats = NULL;
        return status;
    }
    if (!(own->timeout >= 0) || isinf(own->timeout))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: timeout is %g; give seconds, or 0 for no limit", function,
                       own->timeout);
    if (own->timeout > 0 || own->go_on) {
        cs_stop_init(&call->stop, own->go_on, own->context, own->timeout);
        cs_stop_enter(&call->stop);
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
    cs_stop_enter(call->stop_before);
    cs_filter_free(&call->filter);
    if (call->options.stats)
        cs_struct_write(call->options.stats, &call->stats, &cs_search_stats_type);
}
