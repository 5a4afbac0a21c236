/* SPDX-License-Identifier: MIT
 * watch_places.h - the directories that are watched: which source and path a watch descriptor of inotify stands for. */
#ifndef CS_INGEST_WATCH_PLACES_H
#define CS_INGEST_WATCH_PLACES_H

#include "base/error.h"

#include <stdint.h>

/* A directory of a source. Sources that overlap have several places with one descriptor. */
typedef struct cs_watch_place {
    int descriptor; /* -1: free */
    size_t source;
    char *path;       /* of the directory */
    const char *only; /* the one name in it that counts, for a source that is a file; NULL: all */
    size_t next;      /* the next place in its bucket, plus 1; 0: none */
} cs_watch_place;

/* Zero is an empty table. */
typedef struct cs_watch_places {
    cs_watch_place *places; /* [count], free ones among them */
    size_t count, capacity, used;
    size_t free;     /* a free place, plus 1; the others follow by `next` */
    size_t *buckets; /* [bucket_count], a power of two: the first place, plus 1 */
    size_t bucket_count;
} cs_watch_places;

/* Add a place unless it is there. `path` is copied; `only` must outlive the table. CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_watch_places_add(cs_watch_places *places, int descriptor, size_t source, const char *path,
                                      const char *only, clipsearch_error *err);

/* The number of the first place of a descriptor behind number `after` (SIZE_MAX: the first of all); SIZE_MAX when there
 * is none. */
size_t cs_watch_places_next(const cs_watch_places *places, int descriptor, size_t after);

/* Remove place number `i`. */
void cs_watch_places_remove(cs_watch_places *places, size_t i);
void cs_watch_places_free(cs_watch_places *places);

#endif
