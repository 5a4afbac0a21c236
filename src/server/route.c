/* SPDX-License-Identifier: MIT
 * route.c - the table of paths. */
#include "server/route.h"

#include "base/mem.h"
#include "server/api.h"

#include <string.h>

/* Fields of addresses. "v" is any text: the page gives the file's time there, so that a browser asks again. */
static const char *const none[] = {NULL};
static const char *const collection[] = {"collection", NULL};
static const char *const thumbnail[] = {"collection", "size", "v", NULL};
static const char *const file[] = {"collection", "download", "v", NULL};

const char *const cs_search_repeats[] = {"q", "not", "id", "image", NULL};

static const cs_route routes[] = {
    {"GET", "/", cs_answer_page, .open = true, .fast = true, .link = true},
    {"GET", "/page/*", cs_answer_page_file, .open = true, .fast = true},
    {"GET", "/openapi.json", cs_answer_openapi, .open = true, .fast = true, .link = true},
    {"GET", "/healthz", cs_answer_health, .open = true, .fast = true, .link = true},
    {"GET", "/metrics", cs_answer_metrics, .open = false},
    {"POST", "/v1/login", cs_answer_login, .open = true, .fast = true, .fields = none},
    {"GET", "/v1/collections", cs_answer_collections, .fields = none},
    {"GET", "/v1/collections/*/attributes", cs_answer_attributes, .fields = none},
    {"GET", "/v1/search", cs_answer_search, .repeats = cs_search_repeats},
    {"POST", "/v1/search", cs_answer_search, .fields = none},
    {"POST", "/v1/embed", cs_answer_embed, .fields = none},
    {"POST", "/v1/labels", cs_answer_labels, .fields = none},
    {"POST", "/v1/duplicates", cs_answer_duplicates, .fields = none},
    {"POST", "/v1/items", cs_answer_upload, .fields = none},
    {"GET", "/v1/items/*", cs_answer_item, .fields = collection},
    {"DELETE", "/v1/items/*", cs_answer_delete, .fields = collection},
    {"GET", "/v1/items/*/thumbnail", cs_answer_thumbnail, .patient = true, .fields = thumbnail},
    {"GET", "/v1/items/*/file", cs_answer_file, .fields = file},
};

enum { ROUTES = sizeof routes / sizeof *routes, PLACES = 2 };

const cs_route *cs_route_get(unsigned i)
{
    return i < ROUTES ? &routes[i] : NULL;
}

/* Whether `path` is of the pattern; starts and lengths of what stands for each *. */
static bool matches(const char *pattern, const char *path, const char *starts[PLACES], size_t lengths[PLACES])
{
    size_t place = 0;
    for (; *pattern; pattern++) {
        if (*pattern != '*') {
            if (*path++ != *pattern)
                return false;
            continue;
        }
        starts[place] = path;
        lengths[place] = strcspn(path, "/");
        if (!lengths[place])
            return false;
        path += lengths[place++];
    }
    return !*path;
}

/* The methods that the path has; static. */
static const char *allowed(const char *path)
{
    const char *starts[PLACES];
    size_t lengths[PLACES];
    bool get = false, post = false, remove = false;
    for (size_t i = 0; i < ROUTES; i++)
        if (matches(routes[i].path, path, starts, lengths)) {
            get |= routes[i].method[0] == 'G';
            post |= routes[i].method[0] == 'P';
            remove |= routes[i].method[0] == 'D';
        }
    return get && post     ? "GET, HEAD, POST"
           : get && remove ? "GET, HEAD, DELETE"
           : get           ? "GET, HEAD"
           : post          ? "POST"
                           : NULL;
}

const cs_route *cs_route_find(const char *method, const char *path, char *places[2], const char **allow)
{
    const char *starts[PLACES] = {NULL};
    size_t lengths[PLACES] = {0};
    *allow = NULL;
    for (size_t i = 0; i < ROUTES; i++) {
        if (strcmp(routes[i].method, method) != 0 || !matches(routes[i].path, path, starts, lengths))
            continue;
        for (size_t p = 0; p < PLACES && starts[p]; p++)
            places[p] = cs_strndup(starts[p], lengths[p]);
        return &routes[i];
    }
    *allow = allowed(path);
    return NULL;
}
