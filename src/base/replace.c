/* SPDX-License-Identifier: MIT
 * replace.c - write beside, fsync, rename. */
#include "base/replace.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    ATTEMPTS = 100, /* random names tried: even one clash of 32 bits is rare */
    DIGITS = 8
};

static void end(cs_replacement *replacement)
{
    if (replacement->path && replacement->fd >= 0)
        close(replacement->fd);
    cs_free(replacement->path);
    cs_free(replacement->temporary);
    *replacement = (cs_replacement){.fd = -1};
}

/* Lock the open file until the process ends or closes it. False: another process holds the lock. */
static bool lock(int fd)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fcntl(fd, F_OFD_SETLK, &whole) == 0;
}

/* Not mkstemp: it makes files that only their owner can read, whatever the umask is. To correct that, the umask would
 * have to be read, which is only possible by changing it for the whole process. */
static clipsearch_status open_beside(cs_replacement *replacement, clipsearch_error *err)
{
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        uint32_t number = 0;
        (void)!getrandom(&number, sizeof number, 0);
        cs_buf name = cs_buf_make(1 << 16);
        cs_buf_printf(&name, "%s.%0*x", replacement->path, DIGITS, number);
        cs_free(replacement->temporary);
        replacement->temporary = cs_buf_detach(&name);
        if (!replacement->temporary)
            return cs_fail_memory(err, replacement->path);
        replacement->fd = open(replacement->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (replacement->fd >= 0) {
            (void)lock(replacement->fd); /* where there are no locks, nothing is removed either */
            return CLIPSEARCH_OK;
        }
        if (errno != EEXIST)
            break;
    }
    return cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "%s: cannot make a file beside it", replacement->path);
}

clipsearch_status cs_replacement_open(const char *path, cs_replacement *replacement, clipsearch_error *err)
{
    struct stat st;
    *replacement = (cs_replacement){.fd = -1, .path = cs_strdup(path)};
    if (!replacement->path)
        return cs_fail_memory(err, path);
    clipsearch_status status = CLIPSEARCH_OK;
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
        replacement->fd = open(path, O_WRONLY | O_CLOEXEC);
        if (replacement->fd < 0)
            status = cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "%s", path);
    } else {
        status = open_beside(replacement, err);
    }
    if (status != CLIPSEARCH_OK)
        end(replacement);
    return status;
}

/* The directory part of a path, "." when it has none; NULL when out of memory. */
static char *directory_of(const char *path)
{
    const size_t n = (size_t)(cs_path_base(path) - path);
    return n ? cs_strndup(path, n) : cs_strdup(".");
}

/* Whether `name` is one that open_beside gives to a new file for `base`. */
static bool is_temporary(const char *name, const char *base)
{
    const size_t n = strlen(base);
    return strncmp(name, base, n) == 0 && name[n] == '.' && strlen(name + n + 1) == DIGITS &&
           strspn(name + n + 1, "0123456789abcdef") == DIGITS;
}

void cs_replacement_tidy(const char *path)
{
    char *directory = directory_of(path);
    DIR *names = directory ? opendir(directory) : NULL;
    const struct dirent *entry;
    while (names && (entry = readdir(names))) {
        struct stat st;
        if (!is_temporary(entry->d_name, cs_path_base(path)))
            continue;
        const int fd = openat(dirfd(names), entry->d_name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd < 0)
            continue;
        if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && lock(fd))
            unlinkat(dirfd(names), entry->d_name, 0);
        close(fd);
    }
    if (names)
        closedir(names);
    cs_free(directory);
}

/* A rename is durable only once the directory that holds the name is on disk. */
static void sync_directory_of(const char *path)
{
    char *directory = directory_of(path);
    if (!directory)
        return;
    int fd = open(directory, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
    cs_free(directory);
}

clipsearch_status cs_replacement_commit(cs_replacement *replacement, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    const char *path = replacement->path;
    if (replacement->temporary) {
        if (fsync(replacement->fd) != 0)
            status = cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "%s: cannot write", path);
        else if (rename(replacement->temporary, path) != 0)
            status = cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "%s: cannot put the new file in place", path);
        if (status != CLIPSEARCH_OK)
            unlink(replacement->temporary);
        else
            sync_directory_of(path);
    }
    end(replacement);
    return status;
}

void cs_replacement_drop(cs_replacement *replacement)
{
    if (!replacement->path)
        return;
    if (replacement->temporary)
        unlink(replacement->temporary);
    end(replacement);
}

clipsearch_status cs_put_in_place(const char *temporary, const char *path, clipsearch_error *err)
{
    int fd = open(temporary, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "%s", temporary);
    clipsearch_status status = CLIPSEARCH_OK;
    if (fsync(fd) != 0)
        status = cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "%s: cannot write", temporary);
    else if (rename(temporary, path) != 0)
        status = cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "%s: cannot give it the name %s", temporary, path);
    else
        sync_directory_of(path);
    close(fd);
    return status;
}

bool cs_write_all(int fd, const void *data, size_t size)
{
    const char *at = data;
    while (size) {
        ssize_t n = write(fd, at, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        at += n;
        size -= (size_t)n;
    }
    return true;
}

clipsearch_status cs_replacement_write(cs_replacement *replacement, const void *data, size_t size,
                                       clipsearch_error *err)
{
    if (cs_write_all(replacement->fd, data, size))
        return CLIPSEARCH_OK;
    return cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "%s: cannot write", replacement->path);
}

clipsearch_status cs_replacement_sync(cs_replacement *replacement, clipsearch_error *err)
{
    if (!replacement->temporary || fsync(replacement->fd) == 0)
        return CLIPSEARCH_OK;
    return cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "%s: cannot write", replacement->path);
}

clipsearch_status cs_replace_file(const char *path, const void *data, size_t size, clipsearch_error *err)
{
    cs_replacement replacement;
    clipsearch_status status = cs_replacement_open(path, &replacement, err);
    if (status == CLIPSEARCH_OK)
        status = cs_replacement_write(&replacement, data, size, err);
    if (status == CLIPSEARCH_OK)
        return cs_replacement_commit(&replacement, err);
    cs_replacement_drop(&replacement);
    return status;
}
