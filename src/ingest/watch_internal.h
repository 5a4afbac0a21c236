/* SPDX-License-Identifier: MIT
 * watch_internal.h - what the parts of a watch share: adding directories (watch_add.c), reading events
 * (watch_events.c), handing out changes (watch.c). */
#ifndef CS_INGEST_WATCH_INTERNAL_H
#define CS_INGEST_WATCH_INTERNAL_H

#include "ingest/sources.h"
#include "ingest/watch_files.h"
#include "ingest/watch_places.h"

typedef enum cs_watch_way {
    CS_WATCHED,
    CS_SCANNED, /* read whole every options.scan seconds */
    CS_ABSENT   /* does not exist; looked for every options.scan seconds */
} cs_watch_way;

typedef struct cs_watched_source {
    cs_watch_way way;
    bool whole;       /* it has to be read whole */
    bool changed;     /* it has changes that are not handed out, */
    bool renamed;     /* which are one file with another name */
    bool again;       /* events were lost: its directories must be watched again */
    double next_scan; /* unless it is watched */
} cs_watched_source;

struct clipsearch_watch {
    clipsearch_watch_options options;
    clipsearch_source *given; /* [source_count] the caller's without attributes */
    cs_sources sources;
    cs_watched_source *state; /* [source_count] */
    cs_retries retries;
    int fd; /* of inotify; -1: there is none */
    cs_watch_places places;
    cs_watch_files files;
    double first, last; /* time of the first and the last event that is not handed out; 0: there is none */
    /* the last file that was moved away: should it arrive elsewhere in its source, nothing was removed */
    uint32_t moved_cookie;
    size_t moved_source;
    bool moved_alone;           /* its source had no changes before */
    clipsearch_change *changes; /* [source_count] what was handed out last */
    cs_watch_files handed;      /* the files of `changes` */
    const char **paths;         /* [handed.count] */
};

/* Seconds of a clock that never goes back. */
double cs_watch_now(void);

/* Watch source `i`, or have it scanned. Its files are put into the list if `list`. */
clipsearch_status cs_watch_add_source(clipsearch_watch *watch, size_t i, clipsearch_error *err);

/* Watch the directory `path`, new in source `i`, and those below it, and list their files. */
clipsearch_status cs_watch_add_directory(clipsearch_watch *watch, size_t i, const char *path, clipsearch_error *err);

/* Watch the directory `path` and those below it no longer. NULL: the whole source `i`. */
void cs_watch_remove_below(clipsearch_watch *watch, size_t i, const char *path);

/* The source is not there: have it looked for from now on, and say so. */
void cs_watch_look_for(clipsearch_watch *watch, size_t i);

/* Have the source scanned from now on, and say why. */
void cs_watch_scan_instead(clipsearch_watch *watch, size_t i, const char *why);

/* Note that source `i` has to be read whole. */
void cs_watch_mark_whole(clipsearch_watch *watch, size_t i);

/* Read all events that are there. */
clipsearch_status cs_watch_read_events(clipsearch_watch *watch, clipsearch_error *err);

#endif
