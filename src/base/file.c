/* SPDX-License-Identifier: MIT
 * file.c - whole files. */
#include "base/file.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static cs_file_info info_of(const struct stat *st)
{
    return (cs_file_info){.size = (uint64_t)st->st_size,
                          .mtime_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec,
                          .ctime_ns = (int64_t)st->st_ctim.tv_sec * 1000000000 + st->st_ctim.tv_nsec,
                          .device = (uint64_t)st->st_dev,
                          .inode = (uint64_t)st->st_ino,
                          .is_directory = S_ISDIR(st->st_mode),
                          .is_regular = S_ISREG(st->st_mode)};
}

static clipsearch_status code_of(int error_number)
{
    return error_number == ENOENT || error_number == ENOTDIR ? CLIPSEARCH_E_NOT_FOUND : CLIPSEARCH_E_IO;
}

clipsearch_status cs_file_stat(const char *path, cs_file_info *info, clipsearch_error *err)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return cs_fail_errno(err, code_of(errno), errno, "%s", path);
    *info = info_of(&st);
    return CLIPSEARCH_OK;
}

/* Open a regular file for reading. O_NONBLOCK: a FIFO must not make us wait before we can refuse it. */
static clipsearch_status open_regular(const char *path, int *fd, struct stat *st, clipsearch_error *err)
{
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0)
        return cs_fail_errno(err, code_of(errno), errno, "%s", path);
    clipsearch_status status = CLIPSEARCH_OK;
    if (fstat(*fd, st) != 0)
        status = cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "%s", path);
    else if (S_ISDIR(st->st_mode))
        status = cs_fail_errno(err, CLIPSEARCH_E_IO, EISDIR, "%s", path);
    else if (!S_ISREG(st->st_mode))
        status = cs_fail(err, CLIPSEARCH_E_IO, "%s: not a regular file", path);
    if (status != CLIPSEARCH_OK) {
        close(*fd);
        *fd = -1;
    }
    return status;
}

clipsearch_status cs_file_read(const char *path, cs_buf *buf, cs_file_info *info, clipsearch_error *err)
{
    int fd;
    struct stat st;
    clipsearch_status status = open_regular(path, &fd, &st, err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (info)
        *info = info_of(&st);
    cs_buf_clear(buf);
    if ((uint64_t)st.st_size > buf->max) {
        status = cs_fail(err, CLIPSEARCH_E_LIMIT, "%s: %lld bytes, more than the limit of %zu", path,
                         (long long)st.st_size, buf->max);
        goto done;
    }
    if (!cs_buf_reserve(buf, (size_t)st.st_size)) {
        status = cs_fail_memory(err, path);
        goto done;
    }
    while (buf->len < (size_t)st.st_size) {
        ssize_t n = read(fd, buf->data + buf->len, (size_t)st.st_size - buf->len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            status = cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "%s", path);
            goto done;
        }
        if (n == 0)
            break; /* truncated while it was being read: return what is there */
        buf->len += (size_t)n;
    }
    buf->data[buf->len] = '\0';
done:
    close(fd);
    return status;
}

clipsearch_status cs_descriptor_read(int fd, const char *name, cs_buf *buf, clipsearch_error *err)
{
    for (;;) {
        char piece[1 << 16]; /* the size of a pipe or terminal is not known in advance */
        ssize_t n = read(fd, piece, sizeof piece);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "%s", name);
        if (n == 0)
            return CLIPSEARCH_OK;
        if ((size_t)n > buf->max - buf->len)
            return cs_fail(err, CLIPSEARCH_E_LIMIT, "%s: more than the limit of %zu bytes", name, buf->max);
        if (!cs_buf_append(buf, piece, (size_t)n))
            return cs_fail_memory(err, name);
    }
}

const char *cs_input_name(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

clipsearch_status cs_input_read(const char *path, cs_buf *buf, clipsearch_error *err)
{
    if (strcmp(path, "-") == 0)
        return cs_descriptor_read(STDIN_FILENO, cs_input_name(path), buf, err);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return cs_fail_errno(err, code_of(errno), errno, "%s", path);
    clipsearch_status status = cs_descriptor_read(fd, path, buf, err);
    close(fd);
    return status;
}

clipsearch_status cs_map_open(const char *path, cs_map *map, clipsearch_error *err)
{
    *map = (cs_map){0};
    int fd;
    struct stat st;
    clipsearch_status status = open_regular(path, &fd, &st, err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (st.st_size == 0) {
        map->data = (const uint8_t *)"";
    } else {
        void *data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (data == MAP_FAILED)
            status = cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "%s: cannot map", path);
        else
            *map = (cs_map){.data = data, .size = (size_t)st.st_size};
    }
    close(fd);
    return status;
}

void cs_map_close(cs_map *map)
{
    if (map->size)
        munmap((void *)(uintptr_t)map->data, map->size);
    *map = (cs_map){0};
}

char *cs_path_join(const char *directory, const char *name)
{
    if (name[0] == '/')
        return cs_strdup(name);
    size_t n = strlen(directory);
    cs_buf buf = cs_buf_make(SIZE_MAX / 2);
    cs_buf_append(&buf, directory, n);
    if (n && directory[n - 1] != '/')
        cs_buf_putc(&buf, '/');
    cs_buf_puts(&buf, name);
    return cs_buf_detach(&buf);
}

/* Behind the last ".." among the steps of a path; the path itself when there is none. */
static const char *behind_parents(const char *path)
{
    const char *behind = path;
    for (const char *step = path; *step; step += strspn(step, "/")) {
        const size_t n = strcspn(step, "/");
        if (n == 2 && step[0] == '.' && step[1] == '.')
            behind = step + n;
        step += n;
    }
    return behind;
}

/* A path whose parent directories are not there stays as it is. */
static char *follow_parents(char *path)
{
    char real[CLIPSEARCH_PATH_SIZE];
    const char *behind = behind_parents(path);
    char *parent = behind > path ? cs_strndup(path, (size_t)(behind - path)) : NULL;
    if (!parent || !realpath(parent, real)) {
        cs_free(parent);
        return path;
    }
    char *followed = cs_path_join(real, behind + strspn(behind, "/"));
    cs_free(parent);
    cs_free(path);
    return followed;
}

clipsearch_status cs_path_make_absolute(const char *path, char **absolute, clipsearch_error *err)
{
    char here[CLIPSEARCH_PATH_SIZE];
    here[0] = '\0';
    *absolute = NULL;
    if (path[0] != '/' && !getcwd(here, sizeof here))
        return cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "the current directory");
    *absolute = cs_path_join(here, path);
    if (*absolute)
        *absolute = follow_parents(*absolute);
    return *absolute ? CLIPSEARCH_OK : cs_fail_memory(err, "a path");
}

const char *cs_path_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}
