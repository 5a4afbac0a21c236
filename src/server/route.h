/* SPDX-License-Identifier: MIT
 * route.h - which function answers which path. */
#ifndef CS_SERVER_ROUTE_H
#define CS_SERVER_ROUTE_H

#include <stdbool.h>

struct cs_request;

typedef struct cs_route {
    const char *method;
    const char *path; /* a * stands for one part of it */
    void (*answer)(struct cs_request *request);
    bool open;    /* needs no token: it says nothing of the collections */
    bool fast;    /* answered at once by the thread that reads and writes; others wait for a thread of their own */
    bool patient; /* the requests of the others go first: it is one of many, and nobody waits for just it */
    bool link;    /* may be opened from another site, as an address in the browser is */
    const char *const *fields;  /* that the address may have, NULL-ended; NULL: what `answer` finds there */
    const char *const *repeats; /* those of them that may be there more than once, NULL-ended; NULL: none */
} cs_route;

/* The fields of a search, in an address or a form, that may be there more than once; NULL-ended. */
extern const char *const cs_search_repeats[];

/* The route of a request, and what stands for each * of its path: places[i], to be freed, NULL behind the last. NULL
 * when there is none: *allow is then the methods that the path has, or NULL when there is no such path. */
const cs_route *cs_route_find(const char *method, const char *path, char *places[2], const char **allow);

/* Number `i` of all routes, for the metrics; NULL behind the last. */
const cs_route *cs_route_get(unsigned i);

#endif
