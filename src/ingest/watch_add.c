/* SPDX-License-Identifier: MIT
 * watch_add.c - which directories are watched, and when a source is scanned instead. */
#include "ingest/watch_internal.h"

#include "base/buf.h"
#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/vfs.h>

enum {
    EVENTS = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_ATTRIB | IN_DELETE_SELF |
             IN_MOVE_SELF | IN_EXCL_UNLINK | IN_ONLYDIR
};

/* File systems that others change unseen by this machine's kernel (statfs(2), linux/magic.h). */
static const struct {
    unsigned long type;
    const char *name;
} remote[] = {
    {0x6969, "NFS"},      {0x517B, "SMB"},        {0xFF534D42, "SMB"},    {0xFE534D42, "SMB"},
    {0x65735546, "FUSE"}, {0x01021997, "9P"},     {0x5346414F, "AFS"},    {0x6B414653, "AFS"},
    {0x00C36400, "Ceph"}, {0x73757245, "Coda"},   {0x0BD00BD0, "Lustre"}, {0x786F4256, "VirtualBox"},
    {0x564C, "NCP"},      {0x19830326, "BeeGFS"}, {0x47504653, "GPFS"},   {0xAAD7AAEA, "Panasas"},
};

static const char *remote_name(const char *path)
{
    struct statfs fs;
    if (statfs(path, &fs) != 0)
        return NULL;
    const unsigned long type = (unsigned long)fs.f_type & 0xFFFFFFFFu;
    for (size_t i = 0; i < sizeof remote / sizeof *remote; i++)
        if (remote[i].type == type)
            return remote[i].name;
    return NULL;
}

void cs_watch_mark_whole(clipsearch_watch *watch, size_t i)
{
    watch->state[i].whole = true;
    watch->last = cs_watch_now();
    if (watch->first <= 0)
        watch->first = watch->last;
}

static void say(clipsearch_watch *watch, const cs_buf *line)
{
    if (watch->options.note && line->data)
        watch->options.note(watch->options.context, line->data);
}

void cs_watch_look_for(clipsearch_watch *watch, size_t i)
{
    cs_buf line = cs_buf_make(8192);
    watch->state[i].way = CS_ABSENT;
    watch->state[i].next_scan = cs_watch_now() + watch->options.scan;
    cs_buf_printf(&line, "%s cannot be watched now; it is looked for every %g s", watch->given[i].path,
                  watch->options.scan);
    say(watch, &line);
    cs_buf_free(&line);
}

void cs_watch_scan_instead(clipsearch_watch *watch, size_t i, const char *why)
{
    cs_buf line = cs_buf_make(8192);
    cs_watch_remove_below(watch, i, NULL);
    watch->state[i].way = CS_SCANNED;
    watch->state[i].next_scan = cs_watch_now() + watch->options.scan;
    cs_buf_printf(&line, "%s cannot be watched: %s; it is scanned every %g s instead", watch->given[i].path, why,
                  watch->options.scan);
    say(watch, &line);
    cs_buf_free(&line);
}

/* ---- adding ---- */

typedef struct adding {
    clipsearch_watch *watch;
    size_t source;
    bool list;        /* put the files that are found into the list */
    bool given_up;    /* the source is scanned now */
    bool follow;      /* enter the next directory through a link */
    const char *only; /* the source is this file in the directory */
} adding;

/* Watch one directory. One that has gone or cannot be read is left to the ingestion. */
static clipsearch_status add_directory(adding *a, const char *path, clipsearch_error *err)
{
    clipsearch_watch *watch = a->watch;
    const char *fs = remote_name(path);
    if (fs) {
        char why[64];
        snprintf(why, sizeof why, "it is on a file system of the kind %s", fs);
        a->given_up = true;
        cs_watch_scan_instead(watch, a->source, why);
        return CLIPSEARCH_OK;
    }
    const int descriptor = inotify_add_watch(watch->fd, path, EVENTS | (a->follow ? 0 : IN_DONT_FOLLOW));
    if (descriptor >= 0)
        return cs_watch_places_add(&watch->places, descriptor, a->source, path, a->only, err);
    if (errno == ENOSPC || errno == ENOMEM) {
        a->given_up = true;
        cs_watch_scan_instead(watch, a->source,
                              errno == ENOSPC ? "the system allows no more watches (fs.inotify.max_user_watches)"
                                              : "the system has no memory for watches");
    }
    return CLIPSEARCH_OK;
}

static clipsearch_status on_enter(void *context, const char *path, clipsearch_error *err)
{
    adding *a = context;
    if (a->given_up)
        return cs_fail(err, CLIPSEARCH_E_CANCELLED, "the source is scanned");
    clipsearch_status status = add_directory(a, path, err);
    a->follow = a->watch->given[a->source].follow_symlinks; /* the first one is the root */
    return status;
}

static clipsearch_status on_file(void *context, const char *path, const char *relative, const cs_file_info *info,
                                 bool sidecar, clipsearch_error *err)
{
    adding *a = context;
    (void)relative;
    (void)info;
    (void)sidecar;
    return a->list ? cs_watch_files_add(&a->watch->files, a->source, path, false, err) : CLIPSEARCH_OK;
}

static clipsearch_status on_bad(void *context, const char *path, bool is_directory, const clipsearch_error *why,
                                clipsearch_error *err)
{
    (void)context;
    (void)path;
    (void)is_directory;
    (void)why;
    (void)err;
    return CLIPSEARCH_OK; /* the ingestion names it */
}

/* Walk `root`, which is the source's or below it. A root that has gone meanwhile is no error. */
static clipsearch_status add_below(adding *a, const char *root, clipsearch_error *err)
{
    static const cs_walk_calls calls = {.enter = on_enter, .file = on_file, .bad = on_bad};
    const cs_source *source = &a->watch->sources.sources[a->source];
    cs_walk_spec spec = cs_source_walk_spec(source);
    spec.root = root;
    spec.base = source->root;
    spec.retries = &a->watch->retries;
    clipsearch_status status = cs_walk(&spec, &calls, a, err);
    if (a->given_up || status == CLIPSEARCH_E_IO || status == CLIPSEARCH_E_NOT_FOUND)
        return CLIPSEARCH_OK;
    return status;
}

clipsearch_status cs_watch_add_directory(clipsearch_watch *watch, size_t i, const char *path, clipsearch_error *err)
{
    adding a = {.watch = watch, .source = i, .list = true, .follow = watch->given[i].follow_symlinks};
    return add_below(&a, path, err);
}

/* A source that is a file: the directory that holds it is watched for that name. */
static clipsearch_status add_file_source(adding *a, const char *root, clipsearch_error *err)
{
    const char *name = cs_path_base(root);
    const size_t n = (size_t)(name - root);
    char *directory = cs_strndup(root, n > 1 ? n - 1 : n);
    if (!directory)
        return cs_fail_memory(err, root);
    a->only = name;
    clipsearch_status status = add_directory(a, directory, err);
    cs_free(directory);
    return status;
}

clipsearch_status cs_watch_add_source(clipsearch_watch *watch, size_t i, clipsearch_error *err)
{
    const cs_source *source = &watch->sources.sources[i];
    cs_watched_source *state = &watch->state[i];
    adding a = {.watch = watch, .source = i, .follow = true};
    cs_file_info info;
    state->way = CS_WATCHED;
    state->again = false;
    if (!source->root || cs_file_stat(source->root, &info, NULL) != CLIPSEARCH_OK) {
        cs_watch_look_for(watch, i);
        return CLIPSEARCH_OK;
    }
    if (watch->fd < 0) {
        cs_watch_scan_instead(watch, i, "the system allows no more instances of inotify");
        return CLIPSEARCH_OK;
    }
    return info.is_directory ? add_below(&a, source->root, err) : add_file_source(&a, source->root, err);
}

/* ---- removing ---- */

static bool is_at_or_below(const char *path, const char *directory)
{
    const size_t n = strlen(directory);
    return strncmp(path, directory, n) == 0 && (path[n] == '/' || !path[n]);
}

void cs_watch_remove_below(clipsearch_watch *watch, size_t source, const char *path)
{
    cs_watch_places *places = &watch->places;
    for (size_t i = 0; i < places->count; i++) {
        const int descriptor = places->places[i].descriptor;
        if (descriptor < 0 || places->places[i].source != source ||
            (path && !is_at_or_below(places->places[i].path, path)))
            continue;
        cs_watch_places_remove(places, i);
        if (cs_watch_places_next(places, descriptor, SIZE_MAX) == SIZE_MAX)
            (void)inotify_rm_watch(watch->fd, descriptor); /* fails if the directory is gone */
    }
}
