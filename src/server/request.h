/* SPDX-License-Identifier: MIT
 * request.h - a request that has been read, and what its handlers ask of it. */
#ifndef CS_SERVER_REQUEST_H
#define CS_SERVER_REQUEST_H

#include "base/json.h"
#include "server/multipart.h"
#include "server/reply.h"
#include "server/route.h"

#include <stdbool.h>

struct MHD_Connection;
struct cs_server;

enum { CS_REQUEST_ARGUMENTS = 128, CS_REQUEST_PLACES = 2 };

/* A field of the query string, with %XX decoded. */
typedef struct cs_argument {
    const char *name, *value; /* of the connection; value may be "" */
} cs_argument;

/* The steps whose times the metrics have, in milliseconds. */
typedef enum cs_step { CS_STEP_WAIT, CS_STEP_DECODE, CS_STEP_ENCODE, CS_STEP_SEARCH, CS_STEP_ALL, CS_STEPS } cs_step;

typedef struct cs_request cs_request;
struct cs_request {
    struct cs_server *server;
    struct MHD_Connection *connection;
    int socket;
    const cs_route *route;
    const char *method, *path;
    char *places[CS_REQUEST_PLACES]; /* what stands for each * of the route; owned */
    cs_argument arguments[CS_REQUEST_ARGUMENTS];
    size_t argument_count;
    const char *argument_fault;            /* why `arguments` does not have all of them; NULL: it has */
    const char *content_type, *none_match; /* NULL: not given */
    cs_buf body;
    uint64_t announced;          /* bytes of the body, as the server counts what all requests hold */
    uint64_t discarded;          /* bytes of the body that came after the request was refused */
    bool head;                   /* HEAD: the answer goes without its content */
    struct cs_connection *entry; /* of its connection; NULL: out of memory */
    double arrived, queued_at, step_ms[CS_STEPS];
    cs_reply reply;
    cs_request *next; /* in the queue */
};

/* The field `name` of the query string; NULL: not given. */
const char *cs_request_argument(const cs_request *request, const char *name);

/* Read the body as JSON, an object; {} when it is empty. Close *document in any case. */
clipsearch_status cs_request_json(const cs_request *request, cs_json_document **document, clipsearch_error *err);

/* Whether the route takes the fields of the address, each once but for those that may be repeated. */
clipsearch_status cs_request_check_arguments(const cs_request *request, clipsearch_error *err);

/* Read the body as a form, whose fields are there once each but for `repeats` (NULL-ended; NULL: none). cs_free *form
 * in any case. */
clipsearch_status cs_request_form(const cs_request *request, const char *const *repeats, cs_form **form,
                                  clipsearch_error *err);

/* Whether the client has closed the connection. Any thread may ask. */
bool cs_request_is_abandoned(const cs_request *request);

/* Whether the body is of this type, "application/json" or "multipart/form-data"; a body without a type is JSON. */
bool cs_request_has_type(const cs_request *request, const char *type);

/* Answer 304 if the client has what `etag` (with quotes) names, or says that it has anything ("*"), and set it
 * otherwise. */
bool cs_request_is_unchanged(cs_request *request, const char *etag);

#endif
