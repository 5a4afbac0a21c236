/* SPDX-License-Identifier: MIT
 * path_list.c - reads and divides lists of paths. */
#include "config/path_list.h"

#include "base/file.h"
#include "base/mem.h"

#include <limits.h>
#include <string.h>

enum { MAX_BYTES = 256 << 20 };

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
    clipsearch_error why;
    clipsearch_status status = cs_input_read(file, &list->text, &why);
    if (status != CLIPSEARCH_OK)
        return cs_fail(err, status, "the list of files %s", why.message);
    return divide(list, cs_input_name(file), nul, err);
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
