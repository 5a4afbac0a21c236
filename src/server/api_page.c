/* SPDX-License-Identifier: MIT
 * api_page.c - the page's files, and the token that opens it. */
#include "server/api.h"
#include "server/page_file.h"
#include "server/search_json.h"
#include "server/site.h"

#include "base/mem.h"

#include <string.h>

static const char page_policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

static void answer_named(cs_request *request, const char *name)
{
    cs_reply *reply = &request->reply;
    size_t i = 0;
    while (i < cs_page_file_count && (!name || strcmp(cs_page_files[i].name, name) != 0))
        i++;
    if (i == cs_page_file_count) {
        cs_reply_fail(reply, 404, "not_found", "the page has no file of that name");
        return;
    }
    reply->cache = "no-cache";
    reply->policy = page_policy;
    if (cs_request_is_unchanged(request, cs_page_files[i].etag))
        return;
    reply->status = 200;
    reply->type = cs_page_files[i].type;
    reply->fixed = cs_page_files[i].bytes;
    reply->fixed_size = cs_page_files[i].size;
}

void cs_answer_page_file(cs_request *request)
{
    answer_named(request, request->places[0]);
}

void cs_answer_openapi(cs_request *request)
{
    answer_named(request, "openapi.json");
}

/* The browser keeps the token as a cookie, which no script can read. */
static void keep_token(cs_request *request)
{
    cs_guard_cookie(&request->server->guard, request->reply.cookie, sizeof request->reply.cookie);
}

/* The link with the token in it: keep it, and go to the address without it, so that it is not sent on. */
void cs_answer_page(cs_request *request)
{
    const char *token = cs_request_argument(request, "token");
    if (!token) {
        answer_named(request, "index.html");
        return;
    }
    cs_reply_empty(&request->reply, 303);
    request->reply.location = "/";
    if (cs_guard_is_token(&request->server->guard, token))
        keep_token(request);
}

void cs_answer_login(cs_request *request)
{
    static const char *const known[] = {"token", NULL};
    cs_json_document *document = NULL;
    clipsearch_error err;
    char *token = NULL;
    clipsearch_status status = cs_request_json(request, &document, &err);
    const cs_json *root = document ? cs_json_root(document) : NULL, *given = cs_json_get(root, "token");
    if (status == CLIPSEARCH_OK)
        status = cs_json_check_keys(root, known, "a login", &err);
    if (status == CLIPSEARCH_OK && !given)
        status = cs_fail(&err, CLIPSEARCH_E_ARGUMENT, "there is no \"token\"");
    if (status == CLIPSEARCH_OK)
        status = cs_json_read_text(given, "token", CS_TOKEN_MAX, &token, &err);
    if (status != CLIPSEARCH_OK) {
        cs_reply_error(&request->reply, &err);
    } else if (request->server->guard.token[0] && !cs_guard_is_token(&request->server->guard, token)) {
        cs_reply_fail(&request->reply, 401, "token", "this is not the token of this server");
    } else {
        cs_reply_empty(&request->reply, 204);
        if (request->server->guard.token[0])
            keep_token(request);
    }
    cs_free(token);
    cs_json_close(&document);
}
