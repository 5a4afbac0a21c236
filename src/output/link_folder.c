/* SPDX-License-Identifier: MIT
 * link_folder.c - a folder of symbolic links to the hits of a search. */
#include "output/link_folder.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/replace.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char list_name[] = ".clipsearch-links", first_line[] = "links made by clipsearch\n";

enum { MAX_LIST = 1 << 28 /* a million links with the longest names */ };

/* ---------------------------------------------------------------- names */

/* Names in one buffer, each followed by a NUL byte, and pointers to them. */
typedef struct name_list {
    cs_buf bytes;
    const char **names; /* [count], in the order of the bytes until they are sorted */
    size_t count;
} name_list;

static void free_names(name_list *list)
{
    cs_buf_free(&list->bytes);
    cs_free(list->names);
    *list = (name_list){0};
}

/* Point at the names in list->bytes from byte `start` on. */
static clipsearch_status point_at_names(name_list *list, size_t start, clipsearch_error *err)
{
    const char *bytes = list->bytes.data;
    size_t count = 0;
    for (size_t i = start; i < list->bytes.len; i++)
        count += bytes[i] == '\0';
    list->names = cs_alloc_array(count, sizeof *list->names);
    if (!list->names)
        return cs_fail_memory(err, "a list of links");
    for (size_t at = start; list->count < count; at += strlen(bytes + at) + 1)
        list->names[list->count++] = bytes + at;
    return CLIPSEARCH_OK;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool has_name(const name_list *sorted, const char *name)
{
    return bsearch(&name, sorted->names, sorted->count, sizeof *sorted->names, compare_names) != NULL;
}

static bool is_plain_name(const char *name)
{
    return *name && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
           strcmp(name, list_name) != 0;
}

/* Read the list of `directory` and sort it. *found: there is one. */
static clipsearch_status read_list(const char *directory, name_list *list, bool *found, clipsearch_error *err)
{
    char *path = cs_path_join(directory, list_name);
    *list = (name_list){.bytes = cs_buf_make(MAX_LIST)};
    *found = false;
    if (!path)
        return cs_fail_memory(err, "a list of links");
    clipsearch_status status = cs_file_read(path, &list->bytes, NULL, err);
    if (status == CLIPSEARCH_E_NOT_FOUND) {
        cs_free(path);
        return CLIPSEARCH_OK;
    }
    const size_t head = sizeof first_line - 1;
    if (status == CLIPSEARCH_OK) {
        const cs_buf *bytes = &list->bytes;
        bool sound = bytes->len >= head && memcmp(bytes->data, first_line, head) == 0 &&
                     (bytes->len == head || bytes->data[bytes->len - 1] == '\0');
        status = sound ? point_at_names(list, head, err)
                       : cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: this list of links is damaged", path);
    }
    for (size_t i = 0; i < list->count && status == CLIPSEARCH_OK; i++)
        if (!is_plain_name(list->names[i]))
            status = cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: this list of links is damaged", path);
    if (status == CLIPSEARCH_OK) {
        qsort(list->names, list->count, sizeof *list->names, compare_names);
        *found = true;
    }
    cs_free(path);
    return status;
}

/* ---------------------------------------------------------------- the folder */

/* Whether the directory has an entry besides "." and "..". */
static clipsearch_status find_entry(const char *directory, bool *found, clipsearch_error *err)
{
    DIR *stream = opendir(directory);
    *found = false;
    if (!stream)
        return cs_fail_errno(err, errno == ENOTDIR ? CLIPSEARCH_E_ARGUMENT : CLIPSEARCH_E_IO, errno, "%s", directory);
    for (const struct dirent *entry; !*found && (entry = readdir(stream));)
        *found = strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(stream);
    return CLIPSEARCH_OK;
}

/* Read the list of links of `directory`, which must be ours, empty or absent. */
static clipsearch_status read_folder(const char *directory, name_list *old, clipsearch_error *err)
{
    cs_file_info info;
    bool is_ours, has_entries;
    *old = (name_list){0};
    clipsearch_status status = cs_file_stat(directory, &info, err);
    if (status == CLIPSEARCH_E_NOT_FOUND)
        return CLIPSEARCH_OK;
    if (status == CLIPSEARCH_OK && !info.is_directory)
        status = cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: links cannot be put there, because it is not a directory",
                         directory);
    if (status == CLIPSEARCH_OK)
        status = read_list(directory, old, &is_ours, err);
    if (status == CLIPSEARCH_OK && !is_ours) {
        status = find_entry(directory, &has_entries, err);
        if (status == CLIPSEARCH_OK && has_entries)
            status = cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                             "%s: this directory has other files; links are put into a new or an empty one", directory);
    }
    return status;
}

clipsearch_status cs_link_folder_check(const char *directory, clipsearch_error *err)
{
    name_list old;
    clipsearch_status status = read_folder(directory, &old, err);
    free_names(&old);
    return status;
}

/* ---------------------------------------------------------------- making links */

static int digits_of(size_t number)
{
    int digits = 1;
    while (number >= 10) {
        number /= 10;
        digits++;
    }
    return digits;
}

/* Append the name of a link: `prefix` and `base`, which is shortened in its middle when both are too long for a file's
 * name. No character is cut in two. */
static void put_link_name(cs_buf *names, const char *prefix, const char *base)
{
    const size_t length = strlen(base), room = NAME_MAX - strlen(prefix);
    cs_buf_puts(names, prefix);
    if (length <= room) {
        cs_buf_append(names, base, length + 1);
        return;
    }
    size_t head = room / 2, tail = length - (room - head - 3);
    while (head && ((unsigned char)base[head] & 0xC0) == 0x80)
        head--;
    while (tail < length && ((unsigned char)base[tail] & 0xC0) == 0x80)
        tail++;
    cs_buf_append(names, base, head);
    cs_buf_puts(names, "...");
    cs_buf_append(names, base + tail, length - tail + 1);
}

/* The links to be: names and, in the same order, what they point at. */
typedef struct links {
    name_list names;
    const char **targets; /* [names.count] */
} links;

static clipsearch_status name_links(const cs_results *results, links *all, cs_link_report *report,
                                    clipsearch_error *err)
{
    size_t most = 0, sum = 0, count = 0;
    for (size_t i = 0; i < results->count; i++) {
        const size_t hits = cs_result_count(&results->items[i]);
        most = hits > most ? hits : most;
        sum += hits;
    }
    const int query_digits = digits_of(results->count), rank_digits = digits_of(most) > 3 ? digits_of(most) : 3;
    all->names = (name_list){.bytes = cs_buf_make(MAX_LIST)};
    all->targets = cs_alloc_array(sum, sizeof *all->targets);
    if (!all->targets)
        return cs_fail_memory(err, "a list of links");
    for (size_t i = 0; i < results->count; i++)
        for (size_t rank = 0; rank < cs_result_count(&results->items[i]); rank++) {
            const char *path = cs_result_hit(&results->items[i], rank)->path;
            char prefix[64] = "";
            int used = 0;
            if (access(path, F_OK) != 0) {
                report->missing++;
                continue;
            }
            if (results->count > 1)
                used = cs_format(prefix, sizeof prefix, "%0*zu-", query_digits, i + 1);
            cs_format(prefix + used, sizeof prefix - (size_t)used, "%0*zu-", rank_digits, rank + 1);
            put_link_name(&all->names.bytes, prefix, cs_path_base(path));
            all->targets[count++] = path;
        }
    return all->names.bytes.failed ? cs_fail_memory(err, "a list of links") : point_at_names(&all->names, 0, err);
}

/* That no file of somebody else has the name of a link. */
static clipsearch_status check_names(int folder, const char *directory, const name_list *old, const links *all,
                                     clipsearch_error *err)
{
    struct stat info;
    for (size_t i = 0; i < all->names.count; i++) {
        const char *name = all->names.names[i];
        if (fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (!has_name(old, name) || !S_ISLNK(info.st_mode))
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                           "%s/%s: this file was not put there by clipsearch, and a link needs its name", directory,
                           name);
    }
    return CLIPSEARCH_OK;
}

/* Write the list: the names of `old` (NULL: none) and of `all`. */
static clipsearch_status write_list(const char *directory, const name_list *old, const links *all,
                                    clipsearch_error *err)
{
    cs_buf bytes = cs_buf_make(2 * (size_t)MAX_LIST);
    char *path = cs_path_join(directory, list_name);
    cs_buf_puts(&bytes, first_line);
    for (size_t i = 0; old && i < old->count; i++)
        cs_buf_append(&bytes, old->names[i], strlen(old->names[i]) + 1);
    cs_buf_append(&bytes, all->names.bytes.data, all->names.bytes.len);
    clipsearch_status status = !path || bytes.failed ? cs_fail_memory(err, "a list of links")
                                                     : cs_replace_file(path, bytes.data, bytes.len, err);
    cs_free(path);
    cs_buf_free(&bytes);
    return status;
}

/* Remove the links of an earlier run. What is no link any more stays: it was put there in its place. */
static clipsearch_status remove_old(int folder, const char *directory, const name_list *old, clipsearch_error *err)
{
    struct stat info;
    for (size_t i = 0; i < old->count; i++)
        if (fstatat(folder, old->names[i], &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(info.st_mode) &&
            unlinkat(folder, old->names[i], 0) != 0)
            return cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "%s/%s: cannot remove this link", directory,
                                 old->names[i]);
    return CLIPSEARCH_OK;
}

static clipsearch_status make_links(int folder, const char *directory, const links *all, cs_link_report *report,
                                    clipsearch_error *err)
{
    for (size_t i = 0; i < all->names.count; i++, report->made++)
        if (symlinkat(all->targets[i], folder, all->names.names[i]) != 0)
            return cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "%s/%s: cannot make this link", directory,
                                 all->names.names[i]);
    return CLIPSEARCH_OK;
}

clipsearch_status cs_link_folder_write(const char *directory, const cs_results *results, cs_link_report *report,
                                       clipsearch_error *err)
{
    name_list old;
    links all = {0};
    int folder = -1;
    *report = (cs_link_report){0};
    clipsearch_status status = read_folder(directory, &old, err);
    if (status == CLIPSEARCH_OK)
        status = name_links(results, &all, report, err);
    if (status == CLIPSEARCH_OK && mkdir(directory, 0777) != 0 && errno != EEXIST)
        status = cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "%s: cannot make this directory", directory);
    if (status == CLIPSEARCH_OK && (folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        status = cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "%s", directory);
    if (status == CLIPSEARCH_OK)
        status = check_names(folder, directory, &old, &all, err);
    if (status == CLIPSEARCH_OK) /* both: should we be killed, the next run knows all of them */
        status = write_list(directory, &old, &all, err);
    if (status == CLIPSEARCH_OK)
        status = remove_old(folder, directory, &old, err);
    if (status == CLIPSEARCH_OK)
        status = make_links(folder, directory, &all, report, err);
    if (status == CLIPSEARCH_OK)
        status = write_list(directory, NULL, &all, err);
    if (folder >= 0)
        close(folder);
    free_names(&old);
    free_names(&all.names);
    cs_free(all.targets);
    return status;
}
