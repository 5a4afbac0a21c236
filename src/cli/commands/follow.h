/* SPDX-License-Identifier: MIT
 * follow.h - --watch: ingest again whenever sources have changed, until a signal comes. */
#ifndef CS_CLI_COMMANDS_FOLLOW_H
#define CS_CLI_COMMANDS_FOLLOW_H

#include "cli/command.h"

typedef struct cs_follow {
    const clipsearch_source *sources; /* [source_count] */
    size_t source_count;
    double scan; /* seconds between two scans of a source that cannot be watched; 0: the default */
    void (*say)(void *context, const char *line); /* for the person at the terminal; NULL: nobody is told anything */
    /* Ingest the sources, and from then on what has changed in them: `changed` are copies of those that have, reduced
     * to their changed files where that is known; numbers[i] is the number of changed[i] among `sources`. The first
     * call gets them all. Returns an exit status. *copied, false before: set it to true if files had the content of
     * other items. */
    int (*ingest)(void *context, const clipsearch_source *changed, const size_t *numbers, size_t count, bool first,
                  bool *copied);
    void *context;
} cs_follow;

/* Call `ingest` for all sources, then for each change. Returns the exit status: that of the first call or of one that
 * failed, or 0 after a signal that came while nothing was to be done. */
int cs_follow_sources(const cs_follow *follow);

#endif
