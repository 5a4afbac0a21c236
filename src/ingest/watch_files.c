/* SPDX-License-Identifier: MIT
 * watch_files.c - a list of changed files. */
#include "ingest/watch_files.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FEW = 1024 }; /* so many repeats do no harm */

clipsearch_status cs_watch_files_add(cs_watch_files *w, size_t source, const char *path, bool closed,
                                     clipsearch_error *err)
{
    if (w->count >= 2 * w->distinct + FEW)
        cs_watch_files_sort(w);
    cs_watch_file *files = cs_grow(w->files, &w->capacity, w->count + 1, sizeof *files);
    if (!files)
        return cs_fail_memory(err, "changed files");
    w->files = files;
    char *copy = cs_strdup(path);
    if (!copy)
        return cs_fail_memory(err, path);
    w->files[w->count++] = (cs_watch_file){.source = source, .path = copy, .closed = closed};
    return CLIPSEARCH_OK;
}

static int compare_files(const void *a, const void *b)
{
    const cs_watch_file *x = a, *y = b;
    return x->source != y->source ? (x->source > y->source ? 1 : -1) : strcmp(x->path, y->path);
}

void cs_watch_files_sort(cs_watch_files *w)
{
    size_t kept = 0;
    if (w->count)
        qsort(w->files, w->count, sizeof *w->files, compare_files);
    for (size_t i = 0; i < w->count; i++) {
        if (kept && compare_files(&w->files[kept - 1], &w->files[i]) == 0) {
            w->files[kept - 1].closed |= w->files[i].closed;
            cs_free(w->files[i].path);
        } else {
            w->files[kept++] = w->files[i];
        }
    }
    w->count = w->distinct = kept;
}

void cs_watch_files_drop(cs_watch_files *w, size_t source)
{
    size_t kept = 0;
    for (size_t i = 0; i < w->count; i++) {
        if (w->files[i].source == source)
            cs_free(w->files[i].path);
        else
            w->files[kept++] = w->files[i];
    }
    w->count = kept;
}

void cs_watch_files_free(cs_watch_files *w)
{
    for (size_t i = 0; i < w->count; i++)
        cs_free(w->files[i].path);
    cs_free(w->files);
    *w = (cs_watch_files){0};
}

static bool is_younger(const struct stat *st, double seconds)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    const double age = (double)(now.tv_sec - st->st_mtim.tv_sec) + (double)(now.tv_nsec - st->st_mtim.tv_nsec) / 1e9;
    return age > -seconds && age < seconds;
}

bool cs_file_is_being_written(const cs_watch_file *file, double seconds)
{
    struct stat st;
    bool written = false;
    int fd = open(file->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return false; /* reading it will say why */
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        /* A read lease is refused while the file is open for writing. Should somebody open it in the moment between the
         * two calls, the signal must be one that is ignored. */
        if (fcntl(fd, F_SETSIG, SIGURG) == 0 && fcntl(fd, F_SETLEASE, F_RDLCK) == 0)
            fcntl(fd, F_SETLEASE, F_UNLCK);
        else
            written = errno == EAGAIN || (!file->closed && is_younger(&st, seconds));
    }
    close(fd);
    return written;
}
