/* SPDX-License-Identifier: MIT
 * watch.c - waits for changes and hands them out when they have settled. */
#include "ingest/watch.h"

#include "base/mem.h"
#include "ingest/readable.h"
#include "ingest/watch_internal.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

static const double TICK = 1; /* seconds: so soon is noticed that the caller does not want to go on */

double cs_watch_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- opening and closing ---- */

static clipsearch_status check_options(const clipsearch_source *sources, size_t count,
                                       const clipsearch_watch_options *o, clipsearch_error *err)
{
    if (!isfinite(o->settle) || !isfinite(o->longest) || !isfinite(o->scan) || o->settle < 0 ||
        o->longest < o->settle || o->scan <= 0)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                       "settle, longest and scan are %g, %g and %g s; 0 <= settle <= longest and 0 < scan are allowed",
                       o->settle, o->longest, o->scan);
    for (size_t i = 0; i < count; i++) {
        if (sources[i].files)
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "source %zu is a list of files, which cannot be watched", i);
        if (!sources[i].path || !sources[i].path[0])
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "source %zu has no path", i);
    }
    return CLIPSEARCH_OK;
}

static void ignore_bad_source(void *context, size_t source, const clipsearch_error *why)
{
    (void)context;
    (void)source;
    (void)why; /* it is looked for again */
}

static clipsearch_status open_sources(clipsearch_watch *watch, const clipsearch_source *sources, size_t count,
                                      clipsearch_error *err)
{
    static const cs_sources_calls calls = {.bad_source = ignore_bad_source};
    watch->given = cs_alloc_array(count, sizeof *watch->given);
    watch->state = cs_zalloc_array(count, sizeof *watch->state);
    watch->changes = cs_zalloc_array(count, sizeof *watch->changes);
    if (!watch->given || !watch->state || !watch->changes)
        return cs_fail_memory(err, "a watch");
    for (size_t i = 0; i < count; i++) {
        watch->given[i] = sources[i];
        watch->given[i].attributes = watch->given[i].attributes_csv = NULL; /* not needed to find files */
    }
    return cs_sources_open(watch->given, count, &calls, &watch->sources, err);
}

clipsearch_status cs_watch_open(const clipsearch_source *sources, size_t count, const clipsearch_watch_options *options,
                                clipsearch_watch **out, clipsearch_error *err)
{
    *out = NULL;
    clipsearch_status status = check_options(sources, count, options, err);
    if (status != CLIPSEARCH_OK)
        return status;
    clipsearch_watch *watch = cs_zalloc_array(1, sizeof *watch);
    if (!watch)
        return cs_fail_memory(err, "a watch");
    watch->options = *options;
    atomic_init(&watch->retries.left, CS_RETRIES_OF_A_RUN);
    watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC); /* without it every source is scanned */
    status = open_sources(watch, sources, count, err);
    for (size_t i = 0; status == CLIPSEARCH_OK && i < count; i++)
        status = cs_watch_add_source(watch, i, err);
    if (status != CLIPSEARCH_OK)
        cs_watch_close(&watch);
    *out = watch;
    return status;
}

void cs_watch_close(clipsearch_watch **handle)
{
    clipsearch_watch *watch = handle ? *handle : NULL;
    if (!watch)
        return;
    if (watch->fd >= 0)
        close(watch->fd);
    cs_watch_places_free(&watch->places);
    cs_watch_files_free(&watch->files);
    cs_watch_files_free(&watch->handed);
    cs_free(watch->paths);
    cs_sources_close(&watch->sources);
    cs_free(watch->given);
    cs_free(watch->state);
    cs_free(watch->changes);
    cs_free(watch);
    *handle = NULL;
}

/* ---- scanning ---- */

/* A source that did not exist is there now: watch it, and have it read. */
static clipsearch_status find_again(clipsearch_watch *watch, size_t i, clipsearch_error *err)
{
    clipsearch_status status = cs_source_find_root(&watch->sources.sources[i], err);
    if (status == CLIPSEARCH_E_IO)
        return CLIPSEARCH_OK; /* not yet */
    if (status != CLIPSEARCH_OK)
        return status;
    status = cs_watch_add_source(watch, i, err);
    if (watch->state[i].way != CS_ABSENT)
        cs_watch_mark_whole(watch, i);
    return status;
}

static clipsearch_status scan_what_is_due(clipsearch_watch *watch, double now, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    for (size_t i = 0; status == CLIPSEARCH_OK && i < watch->sources.source_count; i++) {
        cs_watched_source *state = &watch->state[i];
        if (state->way == CS_WATCHED || now < state->next_scan)
            continue;
        state->next_scan = now + watch->options.scan;
        if (state->way == CS_ABSENT)
            status = find_again(watch, i, err);
        else
            cs_watch_mark_whole(watch, i);
    }
    return status;
}

/* ---- handing out ---- */

/* Move the files that can be read to watch->handed. Those that are being written stay. */
static clipsearch_status choose_files(clipsearch_watch *watch, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    size_t kept = 0, i;
    cs_watch_files_free(&watch->handed);
    cs_watch_files_sort(&watch->files);
    for (i = 0; status == CLIPSEARCH_OK && i < watch->files.count; i++) {
        cs_watch_file *file = &watch->files.files[i];
        if (cs_file_is_being_written(file, 2 * watch->options.settle)) {
            watch->files.files[kept++] = *file;
            continue;
        }
        cs_file_kind kind;
        if (!watch->state[file->source].whole &&
            !cs_source_leaves_out(&watch->sources.sources[file->source], file->path, &kind))
            status = cs_watch_files_add(&watch->handed, file->source, file->path, true, err);
        cs_free(file->path);
    }
    for (; i < watch->files.count; i++)
        watch->files.files[kept++] = watch->files.files[i];
    watch->files.count = kept;
    return status;
}

/* Fill watch->changes from watch->handed and the marks. */
static clipsearch_status make_changes(clipsearch_watch *watch, size_t *count, clipsearch_error *err)
{
    const size_t files = watch->handed.count;
    size_t next = 0;
    cs_free(watch->paths);
    watch->paths = cs_alloc_array(files, sizeof *watch->paths);
    if (!watch->paths)
        return cs_fail_memory(err, "changed files");
    for (size_t i = 0; i < files; i++)
        watch->paths[i] = watch->handed.files[i].path;
    for (size_t i = 0; i < watch->sources.source_count; i++) {
        const size_t first = next;
        while (next < files && watch->handed.files[next].source == i)
            next++;
        if (watch->state[i].whole)
            watch->changes[(*count)++] = (clipsearch_change){.source = i};
        else if (next > first)
            watch->changes[(*count)++] =
                (clipsearch_change){.source = i, .files = watch->paths + first, .file_count = next - first};
        watch->state[i].whole = watch->state[i].changed = watch->state[i].renamed = false;
    }
    for (size_t i = 0; i < watch->files.count; i++) /* those that are being written */
        watch->state[watch->files.files[i].source].changed = true;
    return CLIPSEARCH_OK;
}

/* Whether a file of a source that has to be read whole is being written: reading it now would find it damaged. */
static bool has_writer(const clipsearch_watch *watch)
{
    for (size_t i = 0; i < watch->files.count; i++)
        if (watch->state[watch->files.files[i].source].whole &&
            cs_file_is_being_written(&watch->files.files[i], 2 * watch->options.settle))
            return true;
    return false;
}

/* Hand out what there is, if it has settled. */
static clipsearch_status hand_out(clipsearch_watch *watch, double now, size_t *count, clipsearch_error *err)
{
    const clipsearch_watch_options *o = &watch->options;
    const bool overdue = now - watch->first >= o->longest;
    if (watch->first <= 0 || (now - watch->last < o->settle && !overdue))
        return CLIPSEARCH_OK;
    if (!overdue && has_writer(watch)) {
        watch->last = now; /* look again when the changes would have settled */
        return CLIPSEARCH_OK;
    }
    clipsearch_status status = choose_files(watch, err);
    for (size_t i = 0; status == CLIPSEARCH_OK && i < watch->sources.source_count; i++)
        if (watch->state[i].again) {
            cs_watch_remove_below(watch, i, NULL);
            status = cs_watch_add_source(watch, i, err);
        }
    watch->first = watch->files.count ? now : 0; /* look again at those that are being written */
    watch->last = now;
    return status == CLIPSEARCH_OK ? make_changes(watch, count, err) : status;
}

/* ---- waiting ---- */

/* How long nothing is to be done unless an event comes. */
static double time_to_wait(const clipsearch_watch *watch, double now)
{
    double wait = TICK;
    if (watch->first > 0 && watch->last + watch->options.settle - now < wait)
        wait = watch->last + watch->options.settle - now;
    for (size_t i = 0; i < watch->sources.source_count; i++)
        if (watch->state[i].way != CS_WATCHED && watch->state[i].next_scan - now < wait)
            wait = watch->state[i].next_scan - now;
    return wait < 0.01 ? 0.01 : wait; /* files that are being written are not looked at all the time */
}

clipsearch_status cs_watch_wait(clipsearch_watch *watch, const clipsearch_change **changes, size_t *count,
                                clipsearch_error *err)
{
    const clipsearch_watch_options *o = &watch->options;
    *changes = watch->changes;
    *count = 0;
    for (;;) {
        if (o->go_on && !o->go_on(o->context))
            return cs_fail(err, CLIPSEARCH_E_CANCELLED, "the watch was stopped");
        double now = cs_watch_now();
        clipsearch_status status = watch->fd >= 0 ? cs_watch_read_events(watch, err) : CLIPSEARCH_OK;
        if (status == CLIPSEARCH_OK)
            status = scan_what_is_due(watch, now, err);
        if (status == CLIPSEARCH_OK)
            status = hand_out(watch, cs_watch_now(), count, err);
        if (status != CLIPSEARCH_OK || *count)
            return status;
        now = cs_watch_now();
        struct pollfd events = {.fd = watch->fd, .events = POLLIN}; /* -1 is ignored */
        if (poll(&events, 1, (int)ceil(1000 * time_to_wait(watch, now))) < 0 && errno != EINTR)
            return cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "cannot wait for changes of files");
    }
}
