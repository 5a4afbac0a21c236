/* SPDX-License-Identifier: MIT
 * model_places.c - goes through the places. */
#include "base/model_places.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/xdg_path.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

/* From the directory of the library or program, so many steps up and then down: in a Python package; installed in lib
 * or bin; installed in lib/x86_64-linux-gnu; in a build directory of the source tree, the program and the library. */
static const struct {
    int up;
    const char *down;
} beside[] = {{0, "/models/"},
              {1, "/share/clipsearch/models/"},
              {2, "/share/clipsearch/models/"},
              {1, "/weights/"},
              {2, "/weights/"}};
enum { USERS = 0, BESIDE = sizeof beside / sizeof *beside, PLACES = BESIDE + 2 };

/* The directory of the file that holds this code. False: it cannot be found out. */
static bool find_own_directory(char directory[CLIPSEARCH_PATH_SIZE])
{
    Dl_info info;
    /* a program's own name may be relative to a directory that it has left */
    const bool absolute = dladdr(beside, &info) && info.dli_fname && info.dli_fname[0] == '/';
    if (!(absolute && realpath(info.dli_fname, directory)) && !realpath("/proc/self/exe", directory))
        return false;
    *strrchr(directory, '/') = '\0';
    return true;
}

/* `own` has no links, so a step up removes its last name, and the path that users see has no "..". */
static void put_beside(const char *own, int up, const char *down, cs_buf *path)
{
    size_t n = strlen(own);
    for (; up > 0; up--)
        while (n > 0 && own[--n] != '/') {
        }
    cs_buf_append(path, own, n);
    cs_buf_puts(path, down);
}

/* The path of `name` at place number `i`; nothing when there is no such place. */
static void put_path(size_t i, const char *own, const char *name, cs_buf *path)
{
    if (i == USERS)
        cs_put_xdg_path(path, "XDG_DATA_HOME", ".local/share", "models/");
    else if (i <= BESIDE && own)
        put_beside(own, beside[i - 1].up, beside[i - 1].down, path);
    else if (i == PLACES - 1)
        cs_buf_puts(path, CLIPSEARCH_DATADIR "/models/");
    if (path->len)
        cs_buf_puts(path, name);
}

clipsearch_status cs_find_model_directory(const char *name, char **path, cs_buf *searched)
{
    char own[CLIPSEARCH_PATH_SIZE];
    const bool placed = find_own_directory(own);
    *path = NULL;
    for (size_t i = 0; i < PLACES && name[0] && name[0] != '.' && !strchr(name, '/'); i++) {
        cs_file_info info;
        cs_buf at = cs_buf_make(1 << 16);
        put_path(i, placed ? own : NULL, name, &at);
        const bool failed = at.failed;
        if (at.len && !failed && cs_file_stat(at.data, &info, NULL) == CLIPSEARCH_OK && info.is_directory) {
            *path = cs_buf_detach(&at);
            return *path ? CLIPSEARCH_OK : CLIPSEARCH_E_MEMORY;
        }
        if (at.len && !failed && searched)
            cs_buf_printf(searched, "%s %s", searched->len ? "," : "", at.data);
        cs_buf_free(&at);
        if (failed)
            return CLIPSEARCH_E_MEMORY;
    }
    return CLIPSEARCH_E_NOT_FOUND;
}

bool cs_is_installed_model(const char *directory, const char *name)
{
    char own[CLIPSEARCH_PATH_SIZE], there[CLIPSEARCH_PATH_SIZE], given[CLIPSEARCH_PATH_SIZE];
    const bool placed = find_own_directory(own);
    bool same = false;
    if (!realpath(directory, given))
        return false;
    for (size_t i = USERS + 1; i < PLACES && !same; i++) {
        cs_buf at = cs_buf_make(1 << 16);
        put_path(i, placed ? own : NULL, name, &at);
        same = at.len && !at.failed && realpath(at.data, there) && strcmp(given, there) == 0;
        cs_buf_free(&at);
    }
    return same;
}
