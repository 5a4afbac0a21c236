/* SPDX-License-Identifier: MIT
 * lock_file.c - flock on a file that is there only while it is locked. */
#include "base/lock_file.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    ATTEMPTS = 100, /* each time the file that was opened has been removed by its holder in the meantime */
    NUMBER_SIZE = 24
};

struct cs_lock_file {
    char *path; /* NULL: there is no file */
    int fd;
};

/* -1: there can be none. A file of another user may be locked, too, if it can be read. */
static int open_file(const char *path)
{
    const int flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    int fd = open(path, O_RDWR | O_CREAT | flags, 0666);
    if (fd < 0 && errno == EACCES)
        fd = open(path, O_RDONLY | flags);
    return fd;
}

static long read_holder(int fd)
{
    char text[NUMBER_SIZE] = {0};
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    return n > 0 ? strtol(text, NULL, 10) : 0;
}

/* For people, and for the message of a process that waits. */
static void write_holder(int fd)
{
    char text[NUMBER_SIZE];
    int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) == 0)
        (void)!pwrite(fd, text, (size_t)n, 0);
}

/* Whether `path` still names the open file. */
static bool is_at(int fd, const char *path)
{
    struct stat opened, there;
    return fstat(fd, &opened) == 0 && stat(path, &there) == 0 && opened.st_dev == there.st_dev &&
           opened.st_ino == there.st_ino;
}

typedef enum outcome { LOCKED, LOCKED_BY_ANOTHER, REMOVED, NO_LOCKS } outcome;

static outcome try_once(const char *path, int *fd, long *holder)
{
    *fd = open_file(path);
    if (*fd < 0)
        return NO_LOCKS;
    outcome result = NO_LOCKS;
    if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
        result = is_at(*fd, path) ? LOCKED : REMOVED;
    else if (errno == EWOULDBLOCK || errno == EINTR)
        result = LOCKED_BY_ANOTHER;
    if (result == LOCKED)
        write_holder(*fd);
    if (result == LOCKED_BY_ANOTHER)
        *holder = read_holder(*fd);
    if (result == NO_LOCKS)
        unlink(path);
    if (result != LOCKED) {
        close(*fd);
        *fd = -1;
    }
    return result;
}

clipsearch_status cs_lock_file_try(const char *path, cs_lock_file **lock, long *holder, clipsearch_error *err)
{
    outcome result = path ? REMOVED : NO_LOCKS;
    *lock = NULL;
    *holder = 0;
    cs_lock_file *own = cs_zalloc_array(1, sizeof *own);
    if (own && path)
        own->path = cs_strdup(path);
    if (!own || (path && !own->path)) {
        cs_free(own);
        return cs_fail_memory(err, "a lock file");
    }
    for (int i = 0; i < ATTEMPTS && result == REMOVED; i++)
        result = try_once(path, &own->fd, holder);
    if (result != LOCKED) {
        cs_free(own->path);
        own->path = NULL;
    }
    if (result == LOCKED || result == NO_LOCKS)
        *lock = own;
    else
        cs_free(own);
    return CLIPSEARCH_OK;
}

void cs_lock_file_release(cs_lock_file **lock)
{
    cs_lock_file *own = *lock;
    *lock = NULL;
    if (!own)
        return;
    if (own->path) {
        unlink(own->path); /* first: who opens it now makes another, and who waits for this one sees that it is gone */
        close(own->fd);
    }
    cs_free(own->path);
    cs_free(own);
}
