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

static bool is_one_of(const char *name, const char *const *names)
{
    while (names && *names && strcmp(*names, name) != 0)
        names++;
    return names && *names;
}

/* Only one of two values would count, and which is not to be seen. JSON refuses a key that is there twice, too. */
static clipsearch_status fail_repeated(const char *name, clipsearch_error *err)
{
    return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "the field \"%.100s\" is given twice", name);
}

static clipsearch_status fail_unknown(const char *name, const char *const *known, clipsearch_error *err)
{
    cs_buf list = cs_buf_make(1024);
    for (size_t i = 0; known[i]; i++)
        cs_buf_printf(&list, "%s%s", i ? ", " : "; they are ", known[i]);
    clipsearch_status status = cs_fail(err, CLIPSEARCH_E_ARGUMENT, "\"%.100s\" is none of the fields of this address%s",
                                       name, list.data && !list.failed ? list.data : "");
    cs_buf_free(&list);
    return status;
}

clipsearch_status cs_request_check_arguments(const cs_request *request, clipsearch_error *err)
{
    const cs_route *route = request->route;
    for (size_t i = 0; i < request->argument_count; i++) {
        const char *name = request->arguments[i].name;
        if (route->fields && !is_one_of(name, route->fields))
            return fail_unknown(name, route->fields, err);
        for (size_t j = 0; j < i && !is_one_of(name, route->repeats); j++)
            if (strcmp(name, request->arguments[j].name) == 0)
                return fail_repeated(name, err);
    }
    return CLIPSEARCH_OK;
}

clipsearch_status cs_request_form(const cs_request *request, const char *const *repeats, cs_form **made,
                                  clipsearch_error *err)
{
    cs_form *form = *made = cs_alloc_array(1, sizeof *form);
    if (!form)
        return cs_fail_memory(err, "a form");
    clipsearch_status status =
        cs_form_read(request->content_type, request->body.len ? request->body.data : "", request->body.len, form, err);
    for (size_t i = 0; status == CLIPSEARCH_OK && i < form->count; i++)
        if (cs_form_get(form, form->fields[i].name) != &form->fields[i] && !is_one_of(form->fields[i].name, repeats))
            status = fail_repeated(form->fields[i].name, err);
    return status;
}

bool cs_request_is_abandoned(const cs_request *request)
{
    struct pollfd end = {.fd = request->socket, .events = POLLRDHUP};
    return request->socket >= 0 && poll(&end, 1, 0) == 1 && (end.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

bool cs_request_is_unchanged(cs_request *request, const char *etag)
{
    snprintf(request->reply.etag, sizeof request->reply.etag, "%s", etag);
    const char *has = request->none_match;
    if (!has || (strcmp(has, "*") != 0 && !strstr(has, etag)))
        return false;
    cs_reply_empty(&request->reply, 304);
    return true;
}
