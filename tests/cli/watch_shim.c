/* SPDX-License-Identifier: MIT
 * watch_shim.c - a library to preload for test_watch.sh: other answers of inotify and of the file system.
 *
 * CLIPSEARCH_WATCH_FAULT=instances     inotify_init1 fails: no more instances
 *                        watches:N     inotify_add_watch fails from the N-th call on: no more watches
 *                        nfs:PART      a path with PART in it lies on NFS
 *                        overflow:N    the N-th read of events gives the news that events were lost, instead of them */
#undef _FILE_OFFSET_BITS /* with it the headers would turn the names below into those that end in 64 */
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/vfs.h>
#include <unistd.h>

static int events_fd = -1;
static long added, reads;

/* What stands behind "NAME:" in the order, or NULL when it is another. */
static const char *order(const char *name)
{
    const char *fault = getenv("CLIPSEARCH_WATCH_FAULT");
    const size_t n = strlen(name);
    return fault && strncmp(fault, name, n) == 0 && (fault[n] == ':' || !fault[n]) ? fault + n + (fault[n] == ':')
                                                                                   : NULL;
}

static void find(const char *name, void *function)
{
    void *found = dlsym(RTLD_NEXT, name);
    memcpy(function, &found, sizeof found);
}

int inotify_init1(int flags)
{
    int (*real)(int);
    find("inotify_init1", &real);
    if (order("instances")) {
        errno = EMFILE;
        return -1;
    }
    return events_fd = real(flags);
}

int inotify_add_watch(int fd, const char *path, uint32_t mask)
{
    int (*real)(int, const char *, uint32_t);
    find("inotify_add_watch", &real);
    const char *n = order("watches");
    if (n && ++added >= atol(n)) {
        errno = ENOSPC;
        return -1;
    }
    return real(fd, path, mask);
}

ssize_t read(int fd, void *data, size_t size)
{
    ssize_t (*real)(int, void *, size_t);
    find("read", &real);
    const ssize_t result = real(fd, data, size);
    const char *n = fd == events_fd && result > 0 ? order("overflow") : NULL;
    if (!n || ++reads != atol(n))
        return result;
    const struct inotify_event lost = {.wd = -1, .mask = IN_Q_OVERFLOW};
    memcpy(data, &lost, sizeof lost);
    return (ssize_t)sizeof lost;
}

int statfs(const char *path, struct statfs *fs)
{
    int (*real)(const char *, struct statfs *);
    find("statfs", &real);
    const int result = real(path, fs);
    const char *part = order("nfs");
    if (result == 0 && part && strstr(path, part))
        fs->f_type = 0x6969;
    return result;
}

int statfs64(const char *path, struct statfs64 *fs)
{
    int (*real)(const char *, struct statfs64 *);
    find("statfs64", &real);
    const int result = real(path, fs);
    const char *part = order("nfs");
    if (result == 0 && part && strstr(path, part))
        fs->f_type = 0x6969;
    return result;
}
