/* SPDX-License-Identifier: MIT
 * walk.c - an explicit stack of directory listings, each read whole, sorted and closed before the next is opened. */
#include "ingest/walk.h"

#include "base/mem.h"
#include "ingest/sidecar.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_NAMES = 1 << 30 }; /* bytes of names in one directory */

/* The entries of one directory. An entry is its d_type in one byte and its name behind it. */
typedef struct listing {
    cs_buf names;
    const char **entries; /* [count], sorted */
    size_t count, next;
    bool has_sidecars;  /* files of XMP are among them */
    size_t path_length; /* of the directory's path */
} listing;

/* Real directories entered so far: open addressing, a power of two, at most half full. inode 0 is no inode. */
typedef struct place {
    dev_t device;
    ino_t inode;
} place;

typedef struct directory_set {
    place *slots; /* [capacity] */
    size_t capacity, count;
} directory_set;

typedef struct walker {
    const cs_walk_spec *spec;
    const cs_walk_calls *calls;
    void *context;
    clipsearch_error *err;
    cs_buf path;
    size_t relative; /* where in a path the part below the root begins */
    listing *stack;
    size_t depth, capacity;
    directory_set entered; /* used only when links are followed */
} walker;

/* ---- directories that were entered ---- */

static place *find_slot(const directory_set *set, dev_t device, ino_t inode)
{
    uint64_t hash = ((uint64_t)inode ^ (uint64_t)device << 40) * 0x9E3779B97F4A7C15u; /* Fibonacci hashing */
    size_t i = (size_t)(hash >> 20) & (set->capacity - 1);
    while (set->slots[i].inode && (set->slots[i].inode != inode || set->slots[i].device != device))
        i = (i + 1) & (set->capacity - 1);
    return &set->slots[i];
}

static bool has_directory(const directory_set *set, dev_t device, ino_t inode)
{
    return set->capacity && find_slot(set, device, inode)->inode;
}

/* Add a directory that is not there. False when out of memory. */
static bool add_directory(directory_set *set, dev_t device, ino_t inode)
{
    if ((set->count + 1) * 2 > set->capacity) {
        directory_set larger = {.capacity = set->capacity ? set->capacity * 2 : 64, .count = set->count};
        larger.slots = cs_zalloc_array(larger.capacity, sizeof *larger.slots);
        if (!larger.slots)
            return false;
        for (size_t i = 0; i < set->capacity; i++)
            if (set->slots[i].inode)
                *find_slot(&larger, set->slots[i].device, set->slots[i].inode) = set->slots[i];
        cs_free(set->slots);
        *set = larger;
    }
    *find_slot(set, device, inode) = (place){device, inode};
    set->count++;
    return true;
}

/* ---- listings ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a + 1, *(const char *const *)b + 1);
}

static void free_listing(listing *list)
{
    cs_buf_free(&list->names);
    cs_free(list->entries);
}

/* Read the names in `dir`. On CLIPSEARCH_E_IO errno's words are in err. */
static clipsearch_status read_names(DIR *dir, const char *path, listing *list, clipsearch_error *err)
{
    list->names = cs_buf_make(MAX_NAMES);
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (!entry && errno)
            return cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "%s: cannot read the directory", path);
        if (!entry)
            break;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        cs_buf_putc(&list->names, (char)entry->d_type);
        cs_buf_append(&list->names, entry->d_name, strlen(entry->d_name) + 1);
        list->count++;
        list->has_sidecars |= cs_is_sidecar_name(entry->d_name);
    }
    list->entries = cs_alloc_array(list->count, sizeof *list->entries);
    if (list->names.failed || !list->entries)
        return cs_fail_memory(err, path);
    const char *at = list->names.data;
    for (size_t i = 0; i < list->count; i++) {
        list->entries[i] = at;
        at += 1 + strlen(at + 1) + 1;
    }
    if (list->count)
        qsort(list->entries, list->count, sizeof *list->entries, by_name);
    return CLIPSEARCH_OK;
}

/* Open and list the directory in walker->path once. *entered false: it was entered before. */
static clipsearch_status list_once(walker *w, bool follow, listing *list, bool *entered, clipsearch_error *err)
{
    *entered = true;
    const char *path = w->path.data;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW));
    if (fd < 0)
        return cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "%s: cannot open the directory", path);
    clipsearch_status status = CLIPSEARCH_OK;
    struct stat st;
    DIR *dir = NULL;
    if (w->spec->follow_symlinks) {
        if (fstat(fd, &st) != 0)
            status = cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "%s", path);
        else
            *entered = !has_directory(&w->entered, st.st_dev, st.st_ino);
        if (status != CLIPSEARCH_OK || !*entered)
            goto done;
    }
    dir = fdopendir(fd);
    if (!dir) {
        status = cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "%s", path);
        goto done;
    }
    list->path_length = w->path.len;
    status = read_names(dir, path, list, err);
    /* only now: after a failure it is tried again */
    if (status == CLIPSEARCH_OK && w->spec->follow_symlinks && !add_directory(&w->entered, st.st_dev, st.st_ino))
        status = cs_fail_memory(err, path);
    if (status != CLIPSEARCH_OK) {
        free_listing(list);
        *list = (listing){0};
    }
done:
    if (dir)
        closedir(dir);
    else
        close(fd);
    return status;
}

/* The same, tried again after a machine's error. */
static clipsearch_status list_directory(walker *w, bool follow, listing *list, bool *entered, clipsearch_error *err)
{
    clipsearch_status status;
    unsigned tries = 0;
    do
        status = list_once(w, follow, list, entered, err);
    while (status != CLIPSEARCH_OK && cs_retry(w->spec->retries, ++tries, err));
    return status;
}

/* Put the directory in walker->path on the stack. */
static clipsearch_status enter_directory(walker *w)
{
    clipsearch_status status = CLIPSEARCH_OK;
    if (w->calls->enter)
        status = w->calls->enter(w->context, w->path.data, w->err);
    if (status != CLIPSEARCH_OK)
        return status;
    bool is_root = w->depth == 0;
    listing *stack = cs_grow(w->stack, &w->capacity, w->depth + 1, sizeof *stack);
    if (!stack)
        return cs_fail_memory(w->err, w->path.data);
    w->stack = stack;
    listing list = {0};
    bool entered;
    clipsearch_error why;
    status = list_directory(w, is_root || w->spec->follow_symlinks, &list, &entered, is_root ? w->err : &why);
    if (status == CLIPSEARCH_OK && entered)
        w->stack[w->depth++] = list;
    if (status == CLIPSEARCH_OK || is_root)
        return status;
    if (status == CLIPSEARCH_E_MEMORY)
        return cs_fail_memory(w->err, w->path.data);
    return w->calls->bad(w->context, w->path.data, true, &why, w->err);
}

/* ---- files of XMP beside images ---- */

/* Whether the listing has an entry with the name of the file `path`. */
static bool is_listed(const listing *list, const char *path)
{
    char key[NAME_MAX + 2] = " "; /* in place of the type */
    const char *name = cs_path_base(path), *at = key;
    const size_t length = strlen(name);
    if (length > NAME_MAX)
        return false;
    memcpy(key + 1, name, length + 1);
    return bsearch(&at, list->entries, list->count, sizeof *list->entries, by_name) != NULL;
}

/* Take the image's file of XMP, if there is one, into the time of its last change. Only a directory that has such files
 * is searched for it; for a file that is named itself, the file system is asked. */
static clipsearch_status add_sidecar(const walker *w, cs_file_info *info, bool *has, clipsearch_error *why)
{
    const listing *list = w->depth ? &w->stack[w->depth - 1] : NULL;
    clipsearch_status status = CLIPSEARCH_OK;
    bool found = false;
    *has = false;
    if (list && !list->has_sidecars)
        return CLIPSEARCH_OK;
    for (unsigned i = 0; i < CS_SIDECAR_NAMES && status == CLIPSEARCH_OK && !found; i++) {
        char path[PATH_MAX];
        int64_t ctime_ns = 0;
        unsigned tries = 0;
        if (!cs_sidecar_path(w->path.data, i, path) || (list && !is_listed(list, path)))
            continue;
        do
            status = cs_sidecar_stat(path, &found, &ctime_ns, why);
        while (status != CLIPSEARCH_OK && cs_retry(w->spec->retries, ++tries, why));
        if (found)
            info->ctime_ns = cs_sidecar_time(info->ctime_ns, ctime_ns);
    }
    *has = found;
    return status;
}

/* ---- entries ---- */

static clipsearch_status report_file(walker *w, const char *relative)
{
    cs_file_info info;
    clipsearch_error why;
    bool sidecar = false;
    clipsearch_status status = cs_stat_retrying(w->spec->retries, w->path.data, &info, &why);
    if (status == CLIPSEARCH_OK && !info.is_regular)
        status = cs_fail(&why, CLIPSEARCH_E_IO, "%s: not a regular file", w->path.data);
    if (status == CLIPSEARCH_OK)
        status = add_sidecar(w, &info, &sidecar, &why);
    if (status != CLIPSEARCH_OK)
        return w->calls->bad(w->context, w->path.data, false, &why, w->err);
    return w->calls->file(w->context, w->path.data, relative, &info, sidecar, w->err);
}

/* What the entry in walker->path is. */
typedef struct entry_kind {
    bool is_link, is_directory;
    bool unknown; /* the machine cannot say */
} entry_kind;

/* The kind by lstat, for file systems whose directories do not tell it. */
static clipsearch_status lstat_kind(const walker *w, entry_kind *kind, clipsearch_error *why)
{
    struct stat st;
    clipsearch_status status = CLIPSEARCH_OK;
    unsigned tries = 0;
    do
        status = lstat(w->path.data, &st) == 0 ? CLIPSEARCH_OK
                                               : cs_fail_errno(why, CLIPSEARCH_E_IO, errno, "%s", w->path.data);
    while (status != CLIPSEARCH_OK && cs_retry(w->spec->retries, ++tries, why));
    if (status == CLIPSEARCH_OK)
        *kind = (entry_kind){.is_link = S_ISLNK(st.st_mode), .is_directory = S_ISDIR(st.st_mode)};
    return status;
}

/* `why` is filled when the kind is unknown. */
static entry_kind find_kind(const walker *w, unsigned char type, clipsearch_error *why)
{
    entry_kind kind = {.is_link = type == DT_LNK, .is_directory = type == DT_DIR};
    cs_file_info info = {0};
    clipsearch_status status = type == DT_UNKNOWN ? lstat_kind(w, &kind, why) : CLIPSEARCH_OK;
    if (status == CLIPSEARCH_OK && kind.is_link) {
        status = cs_stat_retrying(w->spec->retries, w->path.data, &info, why);
        kind.is_directory = info.is_directory;
    }
    kind.unknown = status != CLIPSEARCH_OK && cs_is_machine_error(why);
    return kind;
}

bool cs_walk_takes(const cs_walk_spec *spec, const char *path, const char *relative, bool is_directory)
{
    cs_file_kind kind;
    if (cs_glob_match_any(spec->exclude, spec->exclude_count, relative, is_directory))
        return false;
    if (!spec->hidden && cs_is_hidden_name(cs_path_base(path))) {
        if (spec->left_out)
            spec->left_out->hidden++;
        return false;
    }
    if (is_directory)
        return true;
    if (spec->include_count)
        return cs_glob_match_any(spec->include, spec->include_count, relative, false);
    if (cs_file_kind_is_taken(path, &kind))
        return true;
    if (spec->left_out && !cs_is_sidecar_name(path)) /* that is read with its image */
        spec->left_out->kinds[kind]++;
    return false;
}

/* Enter or report the entry whose path is in walker->path, if it matches. */
static clipsearch_status process_entry(walker *w, unsigned char type)
{
    const char *relative = w->path.data + w->relative;
    clipsearch_error why;
    entry_kind kind = find_kind(w, type, &why);
    const bool may_enter = w->spec->recurse && (!kind.is_link || w->spec->follow_symlinks);
    const bool may_be_directory = kind.is_directory || (kind.unknown && may_enter);
    if (!cs_walk_takes(w->spec, w->path.data, relative, may_be_directory))
        return CLIPSEARCH_OK;
    if (kind.unknown && may_enter)
        return w->calls->bad(w->context, w->path.data, true, &why, w->err);
    if (kind.is_directory)
        return may_enter ? enter_directory(w) : CLIPSEARCH_OK;
    return report_file(w, relative);
}

/* Append "/name" to the path of the directory on top; a path longer than the system allows is bad, not an error. */
static clipsearch_status process_next_entry(walker *w)
{
    listing *top = &w->stack[w->depth - 1];
    const char *entry = top->entries[top->next++];
    w->path.len = top->path_length;
    if (w->path.data[w->path.len - 1] != '/') /* the root may be "/" */
        cs_buf_putc(&w->path, '/');
    if (w->path.len + strlen(entry + 1) >= PATH_MAX) {
        clipsearch_error why;
        w->path.data[top->path_length] = '\0';
        cs_fail_errno(&why, CLIPSEARCH_E_IO, ENAMETOOLONG, "%s", entry + 1);
        return w->calls->bad(w->context, w->path.data, true, &why, w->err);
    }
    if (!cs_buf_puts(&w->path, entry + 1))
        return cs_fail_memory(w->err, "a path");
    return process_entry(w, (unsigned char)entry[0]);
}

size_t cs_walk_part_below(const char *base, const char *path)
{
    size_t n = base ? strlen(base) : 0;
    if (n == 0 || strncmp(path, base, n) != 0)
        return SIZE_MAX;
    if (base[n - 1] == '/') /* "/" */
        return n;
    return path[n] == '/' ? n + 1 : path[n] ? SIZE_MAX : n;
}

clipsearch_status cs_walk(const cs_walk_spec *spec, const cs_walk_calls *calls, void *context, clipsearch_error *err)
{
    walker w = {.spec = spec, .calls = calls, .context = context, .err = err, .path = cs_buf_make(PATH_MAX)};
    cs_file_info info;
    clipsearch_status status = cs_stat_retrying(spec->retries, spec->root, &info, err);
    if (status != CLIPSEARCH_OK)
        goto done;
    if (!cs_buf_puts(&w.path, spec->root)) {
        status = cs_fail_memory(err, spec->root);
        goto done;
    }
    w.relative = cs_walk_part_below(spec->base, w.path.data);
    if (!info.is_directory) {
        status = report_file(&w, w.relative == SIZE_MAX ? cs_path_base(w.path.data) : w.path.data + w.relative);
        goto done;
    }
    if (w.relative >= w.path.len) /* not below the base, or the base itself */
        w.relative = w.path.len + (w.path.data[w.path.len - 1] != '/');
    status = enter_directory(&w);
    while (status == CLIPSEARCH_OK && w.depth) {
        listing *top = &w.stack[w.depth - 1];
        if (top->next < top->count) {
            status = process_next_entry(&w);
        } else {
            free_listing(top);
            w.depth--;
        }
    }
done:
    while (w.depth)
        free_listing(&w.stack[--w.depth]);
    cs_free(w.stack);
    cs_free(w.entered.slots);
    cs_buf_free(&w.path);
    return status;
}
