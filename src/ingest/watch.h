/* SPDX-License-Identifier: MIT
 * watch.h - follow the changes of sources by inotify(7), or by scanning where that is not possible. */
#ifndef CS_INGEST_WATCH_H
#define CS_INGEST_WATCH_H

#include "base/error.h"

/* As clipsearch_watch_open, _wait and _close say; `options` is not NULL.
 *
 * Every directory that a walk of the source would enter is watched. Events become a list of changed files, or the mark
 * that the whole source has to be read: after something was removed, when events were lost, and of a source that is
 * scanned. Both are handed out when there was no event for a while. A file that somebody still writes stays on the
 * list.
 *
 * A source is scanned if it lies on a file system whose changes another machine makes unseen, if the system has no more
 * watches, or if it does not exist (yet). */
clipsearch_status cs_watch_open(const clipsearch_source *sources, size_t count, const clipsearch_watch_options *options,
                                clipsearch_watch **watch, clipsearch_error *err);
clipsearch_status cs_watch_wait(clipsearch_watch *watch, const clipsearch_change **changes, size_t *count,
                                clipsearch_error *err);
void cs_watch_close(clipsearch_watch **watch);

#endif
