/* SPDX-License-Identifier: MIT
 * path_list.c - reads and divides lists of paths. */
#include "config/path_list.h"

#include "base/file.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

enum { MAX_BYTES = 256 << 20 };

static clipsearch_status read_text(const char *file, cs_buf *text, clipsearch_error *err)
{
    const bool standard = strcmp(file, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return cs_fail_errno(err, errno == ENOENT ? CLIPSEARCH_E_NOT_FOUND : CLIPSEARCH_E_IO, errno,
                             "the list of files %s", file);
    clipsearch_status status = cs_descriptor_read(fd, standard ? "standard input" : file, text, err);
    if (!standard)
        close(fd);
    return status;
}

/* Divide list->text in place. */
static clipsearch_status divide(cs_path_list *list, const char *name, bool nul, clipsearch_error *err)
{
    char *at = list->text.data, *end = at + list->text.len;
    size_t room = 0;
    if (list->text.len == 0)
        return CLIPSEARCH_OK; /* an empty buffer has no memory */
    nul = nul || memchr(at, '\0', list->text.len);
    if (!nul && list->text.len >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0)
        at += 3;
    for (size_t number = 1; at < end; number++) {
        char *next = memchr(at, nul ? '\0' : '\n', (size_t)(end - at));
        char *stop = next ? next : end; /* the buffer has a NUL behind its last byte */
        if (!nul && stop > at && stop[-1] == '\r')
            stop--;
        *stop = '\0';
        if (stop - at >= PATH_MAX)
            return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: %s %zu has %zu bytes, more than a path may have", name,
                           nul ? "path" : "line", number, (size_t)(stop - at));
        if (stop > at) {
            const char **paths = cs_grow(list->paths, &room, list->count + 1, sizeof *paths);
            if (!paths)
                return cs_fail_memory(err, name);
            list->paths = paths;
            list->paths[list->count++] = at;
        }
        at = next ? next + 1 : end;
    }
    return CLIPSEARCH_OK;
}

clipsearch_status cs_path_list_read(const char *file, bool nul, cs_path_list *list, clipsearch_error *err)
{
    *list = (cs_path_list){.text = cs_buf_make(MAX_BYTES)};
    clipsearch_status status = read_text(file, &list->text, err);
    return status == CLIPSEARCH_OK ? divide(list, strcmp(file, "-") == 0 ? "standard input" : file, nul, err) : status;
}

clipsearch_status cs_path_list_parse(const char *text, size_t size, const char *name, bool nul, cs_path_list *list,
                                     clipsearch_error *err)
{
    *list = (cs_path_list){.text = cs_buf_make(MAX_BYTES)};
    if (!cs_buf_append(&list->text, text, size))
        return cs_fail_memory(err, name);
    return divide(list, name, nul, err);
}

void cs_path_list_free(cs_path_list *list)
{
    cs_free(list->paths);
    cs_buf_free(&list->text);
    *list = (cs_path_list){0};
}
