/* SPDX-License-Identifier: MIT
 * watch_events.c - from events of inotify to changed files and sources. */
#include "ingest/watch_internal.h"

#include "base/buf.h"
#include "ingest/sidecar.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

enum { MOST_FILES = 200000 }; /* in the list; with more the source is read whole */

/* Whether a walk would have taken the file `path`, which is gone. */
static bool took_file(const cs_walk_spec *spec, const char *path, const char *relative)
{
    bool suffix;
    const cs_file_kind kind = cs_file_kind_of_name(path, &suffix);
    if (cs_walk_takes(spec, path, relative, false))
        return true;
    /* by its content, perhaps */
    return !spec->include_count && (!suffix || cs_file_kind_is_image(kind)) &&
           cs_walk_takes(spec, path, relative, true);
}

/* The root of a source was removed, moved or unmounted. */
static void lose_root(clipsearch_watch *watch, size_t source)
{
    cs_watch_remove_below(watch, source, NULL);
    cs_watch_files_drop(&watch->files, source);
    cs_watch_look_for(watch, source);
    cs_watch_mark_whole(watch, source);
}

static void note_change(clipsearch_watch *watch, size_t source)
{
    cs_watched_source *state = &watch->state[source];
    watch->last = cs_watch_now();
    if (watch->first <= 0)
        watch->first = watch->last;
    state->whole |= state->renamed; /* the renamed file may be the one that changes */
    state->changed = true;
}

static clipsearch_status add_file(clipsearch_watch *watch, size_t source, const char *path, bool closed,
                                  clipsearch_error *err)
{
    note_change(watch, source);
    if (watch->files.count >= MOST_FILES) {
        cs_watch_files_sort(&watch->files);
        if (watch->files.count >= MOST_FILES) {
            cs_watch_files_drop(&watch->files, source);
            cs_watch_mark_whole(watch, source);
            return CLIPSEARCH_OK;
        }
    }
    return cs_watch_files_add(&watch->files, source, path, closed, err);
}

static clipsearch_status handle_directory(clipsearch_watch *watch, size_t source, const cs_walk_spec *spec,
                                          const char *path, const char *relative, uint32_t mask, clipsearch_error *err)
{
    if (!spec->recurse || !cs_walk_takes(spec, path, relative, true))
        return CLIPSEARCH_OK;
    if (mask & (IN_MOVED_FROM | IN_DELETE)) {
        cs_watch_remove_below(watch, source, path);
        cs_watch_mark_whole(watch, source);
        return CLIPSEARCH_OK;
    }
    if (!(mask & (IN_CREATE | IN_MOVED_TO)))
        return CLIPSEARCH_OK;
    note_change(watch, source);
    return cs_watch_add_directory(watch, source, path, err);
}

/* Whether a file that was moved to a place in a source was moved away from another place in it just before. If nothing
 * else has changed there, it is the file that its item has, and nothing was removed. (Another source may belong to
 * another collection.) */
static bool is_rename(clipsearch_watch *watch, size_t source, const struct inotify_event *event)
{
    const bool joined = event->mask & IN_MOVED_TO && event->cookie && event->cookie == watch->moved_cookie &&
                        watch->moved_source == source && watch->moved_alone;
    watch->moved_cookie = 0;
    return joined;
}

/* A file of XMP has changed: its image is looked at again, if the source has it. If the name does not say which image
 * that is, all are. `relative` is a part of `path`. */
static clipsearch_status handle_sidecar(clipsearch_watch *watch, size_t source, const cs_walk_spec *spec,
                                        const char *path, const char *relative, clipsearch_error *err)
{
    char image[PATH_MAX];
    cs_file_info info;
    if (cs_glob_match_any(spec->exclude, spec->exclude_count, relative, false) ||
        (!spec->hidden && cs_is_hidden_name(cs_path_base(path))))
        return CLIPSEARCH_OK;
    if (cs_sidecar_image(path, image) && cs_file_stat(image, &info, NULL) == CLIPSEARCH_OK && info.is_regular)
        return cs_walk_takes(spec, image, image + (relative - path), false) ? add_file(watch, source, image, true, err)
                                                                            : CLIPSEARCH_OK;
    cs_watch_mark_whole(watch, source);
    return CLIPSEARCH_OK;
}

/* Another file in the directory of a source that is one file: only the source's own file of XMP matters. */
static clipsearch_status handle_neighbour(clipsearch_watch *watch, size_t source, const char *path,
                                          clipsearch_error *err)
{
    const char *image = watch->sources.sources[source].root;
    char sidecar[PATH_MAX];
    cs_file_info info;
    for (unsigned i = 0; i < CS_SIDECAR_NAMES; i++)
        if (cs_sidecar_path(image, i, sidecar) && strcmp(sidecar, path) == 0 &&
            cs_file_stat(image, &info, NULL) == CLIPSEARCH_OK && info.is_regular)
            return add_file(watch, source, image, true, err);
    return CLIPSEARCH_OK;
}

static clipsearch_status handle_file(clipsearch_watch *watch, size_t source, const cs_walk_spec *spec, const char *path,
                                     const char *relative, const struct inotify_event *event, clipsearch_error *err)
{
    const bool named = watch->sources.sources[source].root && strcmp(path, watch->sources.sources[source].root) == 0;
    if (!named && cs_is_sidecar_name(path))
        return handle_sidecar(watch, source, spec, path, relative, err);
    if (event->mask & (IN_DELETE | IN_MOVED_FROM)) {
        if (!named && !took_file(spec, path, relative))
            return CLIPSEARCH_OK;
        watch->moved_cookie = event->mask & IN_MOVED_FROM ? event->cookie : 0;
        watch->moved_source = source;
        watch->moved_alone = !watch->state[source].whole && !watch->state[source].changed;
        cs_watch_mark_whole(watch, source);
        return CLIPSEARCH_OK;
    }
    if (!named && !cs_walk_takes(spec, path, relative, false))
        return CLIPSEARCH_OK;
    const bool renamed = is_rename(watch, source, event);
    if (renamed)
        watch->state[source].whole = false;
    clipsearch_status status = add_file(watch, source, path, event->mask & (IN_CLOSE_WRITE | IN_MOVED_TO), err);
    watch->state[source].renamed |= renamed;
    return status;
}

/* Handle an event at one place. */
static clipsearch_status handle_at(clipsearch_watch *watch, size_t place, const struct inotify_event *event,
                                   clipsearch_error *err)
{
    const cs_watch_place *at = &watch->places.places[place];
    const size_t source = at->source;
    const cs_source *in = &watch->sources.sources[source];
    if (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT)) {
        if (at->only || strcmp(at->path, in->root) == 0 || event->mask & IN_UNMOUNT)
            lose_root(watch, source);
        return CLIPSEARCH_OK;
    }
    if (!event->len)
        return CLIPSEARCH_OK;
    char path[PATH_MAX + NAME_MAX + 2];
    const size_t n = strlen(at->path), name = strlen(event->name);
    if (n + name + 2 > PATH_MAX)
        return CLIPSEARCH_OK;
    memcpy(path, at->path, n);
    const size_t slash = n && path[n - 1] == '/' ? 0 : 1;
    path[n] = '/';
    memcpy(path + n + slash, event->name, name + 1);
    if (at->only && strcmp(event->name, at->only) != 0)
        return handle_neighbour(watch, source, path, err);
    const size_t below = cs_walk_part_below(in->root, path);
    const char *relative = below == SIZE_MAX || !path[below] ? cs_path_base(path) : path + below;
    const cs_walk_spec spec = cs_source_walk_spec(in);
    cs_file_info info;
    bool directory = event->mask & IN_ISDIR;
    if (!directory && spec.follow_symlinks && event->mask & (IN_CREATE | IN_MOVED_TO) &&
        cs_file_stat(path, &info, NULL) == CLIPSEARCH_OK)
        directory = info.is_directory; /* a link to one */
    return directory ? handle_directory(watch, source, &spec, path, relative, event->mask, err)
                     : handle_file(watch, source, &spec, path, relative, event, err);
}

/* Events were lost: everything must be read again, and its directories watched again, since some may be new. */
static void handle_overflow(clipsearch_watch *watch)
{
    for (size_t i = 0; i < watch->sources.source_count; i++) {
        if (watch->state[i].way != CS_WATCHED)
            continue;
        watch->state[i].again = true;
        cs_watch_mark_whole(watch, i);
    }
}

static clipsearch_status handle_event(clipsearch_watch *watch, const struct inotify_event *event, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    if (event->mask & IN_Q_OVERFLOW) {
        handle_overflow(watch);
        return CLIPSEARCH_OK;
    }
    size_t next = cs_watch_places_next(&watch->places, event->wd, SIZE_MAX);
    while (status == CLIPSEARCH_OK && next != SIZE_MAX) {
        const size_t place = next;
        next = cs_watch_places_next(&watch->places, event->wd, place); /* before the place may be removed */
        if (event->mask & IN_IGNORED)
            cs_watch_places_remove(&watch->places, place);
        else
            status = handle_at(watch, place, event, err);
        if (next != SIZE_MAX && watch->places.places[next].descriptor != event->wd)
            break; /* removed meanwhile */
    }
    return status;
}

clipsearch_status cs_watch_read_events(clipsearch_watch *watch, clipsearch_error *err)
{
    enum { ROUNDS = 64 }; /* a stream of events must not keep the changes back for ever */
    _Alignas(struct inotify_event) char buffer[1 << 16];
    for (int round = 0; round < ROUNDS; round++) {
        const ssize_t n = read(watch->fd, buffer, sizeof buffer);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0 || errno == EAGAIN
                       ? CLIPSEARCH_OK
                       : cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "cannot read the changes of files");
        for (ssize_t at = 0; at < n;) {
            const struct inotify_event *event = (const void *)(buffer + at);
            clipsearch_status status = handle_event(watch, event, err);
            if (status != CLIPSEARCH_OK)
                return status;
            at += (ssize_t)(sizeof *event + event->len);
        }
    }
    return CLIPSEARCH_OK;
}
