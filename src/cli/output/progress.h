/* SPDX-License-Identifier: MIT
 * progress.h - how far an ingestion or a download has come, for the eye. */
#ifndef CS_CLI_OUTPUT_PROGRESS_H
#define CS_CLI_OUTPUT_PROGRESS_H

#include "base/buf.h"
#include "clipsearch.h"

#include <stdint.h>

/* When to draw next; zero-initialised but for what the caller sets. */
typedef struct cs_progress_view {
    bool terminal; /* a bar that is drawn over itself; else a plain line now and then */
    double drawn;  /* seconds since the start when last drawn; below 0: never */
    bool bar_open; /* a bar stands on the line */
} cs_progress_view;

/* A view for standard error. */
cs_progress_view cs_progress_open(void);

/* Draw if it is time: ten times a second on a terminal, every five seconds otherwise. */
void cs_progress_show(cs_progress_view *view, const clipsearch_progress *progress);

/* How far a file has come that is being fetched or read. */
typedef struct cs_bytes_progress {
    const char *name;
    uint64_t done, total; /* total 0: not known */
    uint64_t before;      /* of `done`, what was there at the start: no part of the speed */
    double seconds;       /* since the start */
} cs_bytes_progress;

/* The same for bytes. */
void cs_progress_show_bytes(cs_progress_view *view, const cs_bytes_progress *progress);

/* Wipe the bar, so that what is written next stands on a clean line. */
void cs_progress_clear(cs_progress_view *view);

/* Put the words into `buf`: the plain line, or a bar exactly `columns` - 1 letters wide at most. */
void cs_progress_line(const clipsearch_progress *progress, cs_buf *buf);
void cs_progress_bar(const clipsearch_progress *progress, size_t columns, cs_buf *buf);
void cs_progress_bytes_line(const cs_bytes_progress *progress, cs_buf *buf);

#endif
