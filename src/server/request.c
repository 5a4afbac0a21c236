/* SPDX-License-Identifier: MIT
 * request.c - what handlers ask of a request. */
#include "server/request.h"

#include "base/mem.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { MAX_JSON_VALUES = 200000 /* a query of 10 vectors of 4,096 numbers, and more */ };

const char *cs_request_argument(const cs_request *request, const char *name)
{
    for (size_t i = 0; i < request->argument_count; i++)
        if (strcmp(request->arguments[i].name, name) == 0)
            return request->arguments[i].value;
    return NULL;
}

bool cs_request_has_type(const cs_request *request, const char *type)
{
    const char *given = request->content_type ? request->content_type : "application/json";
    const size_t length = strlen(type);
    return strncasecmp(given, type, length) == 0 && strchr("; \t", given[length]);
}

clipsearch_status cs_request_json(const cs_request *request, cs_json_document **document, clipsearch_error *err)
{
    *document = NULL;
    /* curl -d says that it sends a form, whatever it sends */
    if (!cs_request_has_type(request, "application/json") &&
        !cs_request_has_type(request, "application/x-www-form-urlencoded"))
        return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                       "the body is \"%.100s\"; it should be application/json or multipart/form-data",
                       request->content_type);
    const char *text = request->body.len ? request->body.data : "{}";
    clipsearch_status status =
        cs_json_parse(text, request->body.len ? request->body.len : 2, "the body", MAX_JSON_VALUES, document, err);
    if (status == CLIPSEARCH_OK && cs_json_root(*document)->type != CS_JSON_OBJECT)
        status = cs_fail(err, CLIPSEARCH_E_ARGUMENT, "the body is a JSON %s; it should be an object",
                         cs_json_type_name(cs_json_root(*document)->type));
    return status;
}

clipsearch_status cs_request_form(const cs_request *request, cs_form **form, clipsearch_error *err)
{
    *form = cs_alloc_array(1, sizeof **form);
    return *form ? cs_form_read(request->content_type, request->body.len ? request->body.data : "", request->body.len,
                                *form, err)
                 : cs_fail_memory(err, "a form");
}

bool cs_request_is_abandoned(const cs_request *request)
{
    struct pollfd end = {.fd = request->socket, .events = POLLRDHUP};
    return request->socket >= 0 && poll(&end, 1, 0) == 1 && (end.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

bool cs_request_is_unchanged(cs_request *request, const char *etag)
{
    snprintf(request->reply.etag, sizeof request->reply.etag, "%s", etag);
    if (!request->none_match || !strstr(request->none_match, etag))
        return false;
    cs_reply_empty(&request->reply, 304);
    return true;
}
