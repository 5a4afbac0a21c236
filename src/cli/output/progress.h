/* SPDX-License-Identifier: MIT
 * progress.h - progress of an ingestion, a download, a conversion or a search for duplicates. */
#ifndef CS_CLI_OUTPUT_PROGRESS_H
#define CS_CLI_OUTPUT_PROGRESS_H

#include "base/buf.h"
#include "clipsearch.h"

#include <stdint.h>

/* When and how to draw. */
typedef struct cs_progress_view {
    bool terminal; /* a bar that is redrawn in place; else a line now and then */
    double drawn;  /* seconds since the start when it was last drawn; below 0: never */
    bool bar_open; /* the cursor is behind a bar */
} cs_progress_view;

/* A view on standard error. */
cs_progress_view cs_progress_open(void);

/* Draw if it is time: ten times a second on a terminal, every five seconds otherwise. */
void cs_progress_show(cs_progress_view *view, const clipsearch_progress *progress);

/* Progress of a file that is fetched, read or written. */
typedef struct cs_bytes_progress {
    const char *name;
    uint64_t done, total; /* total 0: not known */
    uint64_t before;      /* of `done`, what was there at the start; does not count for the speed */
    double seconds;       /* since the start */
} cs_bytes_progress;

/* The same for bytes. */
void cs_progress_show_bytes(cs_progress_view *view, const cs_bytes_progress *progress);

/* The same for a search for duplicates. */
void cs_progress_show_duplicates(cs_progress_view *view, const clipsearch_duplicates_progress *progress);

/* Files a second, and seconds left; below 0 while that is not known. Files that have not changed count for neither:
 * they are passed in no time, and would promise too much when a run that was stopped goes on. */
double cs_progress_rate(const clipsearch_progress *progress);
double cs_progress_seconds_left(const clipsearch_progress *progress);

/* Erase the bar, so that the next output begins on an empty line. */
void cs_progress_clear(cs_progress_view *view);

/* Append the line, or a bar of at most `columns` - 1 letters. */
void cs_progress_line(const clipsearch_progress *progress, cs_buf *buf);
void cs_progress_bar(const clipsearch_progress *progress, size_t columns, cs_buf *buf);
void cs_progress_bytes_line(const cs_bytes_progress *progress, cs_buf *buf);
void cs_progress_duplicates_line(const clipsearch_duplicates_progress *progress, cs_buf *buf);

#endif
