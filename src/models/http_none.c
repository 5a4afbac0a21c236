/* SPDX-License-Identifier: MIT
 * http_none.c - what http.c is in a build without libcurl. */
#include "models/http.h"

bool cs_http_there(const char **why)
{
    if (why)
        *why = "this build of clipsearch was made without libcurl; fetch the files with another program (clipsearch "
               "model list --json has their URLs) and check them with clipsearch model verify NAME DIR";
    return false;
}

cs_http_end cs_http_get(const cs_http_request *request, cs_http_reply *reply, clipsearch_error *err)
{
    const char *why;
    *reply = (cs_http_reply){0};
    cs_http_there(&why);
    cs_fail(err, CLIPSEARCH_E_UNSUPPORTED, "%s: %s", request->url, why);
    return CS_HTTP_FAILED;
}
