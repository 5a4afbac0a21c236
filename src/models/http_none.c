/* SPDX-License-Identifier: MIT
 * http_none.c - replaces http.c in a build without libcurl. */
#include "models/http.h"

const char *cs_http_absence(void)
{
    return "this build has no libcurl";
}

cs_http_end cs_http_get(const cs_http_request *request, cs_http_reply *reply, clipsearch_error *err)
{
    *reply = (cs_http_reply){0};
    cs_fail(err, CLIPSEARCH_E_UNSUPPORTED, "%s: cannot fetch: %s", request->url, cs_http_absence());
    return CS_HTTP_FAILED;
}

const char *cs_http_library(void)
{
    return NULL;
}
