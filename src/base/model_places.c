/* SPDX-License-Identifier: MIT
 * model_places.c - goes through the places. */
#include "base/model_places.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/xdg_path.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

/* Below the directory of the library or program: in a Python package; installed in lib or bin; installed in
 * lib/x86_64-linux-gnu; in a build directory of the source tree, the program and the library. */
static const char *const beside[] = {"/models/", "/../share/clipsearch/models/", "/../../share/clipsearch/models/",
                                     "/../weights/", "/../../weights/"};
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

/* The path of `name` at place number `i`; nothing when there is no such place. */
static void put_path(size_t i, const char *own, const char *name, cs_buf *path)
{
    if (i == USERS)
        cs_put_xdg_path(path, "XDG_DATA_HOME", ".local/share", "models/");
    else if (i <= BESIDE && own)
        cs_buf_printf(path, "%s%s", own, beside[i - 1]);
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
            cs_buf_printf(searched, "\n  %s", at.data);
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
