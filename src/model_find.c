/* SPDX-License-Identifier: MIT
 * model_find.c - from a model's name to its directory, for programs that use the library. */
#include "clipsearch.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/file.h"
#include "base/xdg_path.h"
#include "structs.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Below the directory of the library or program: in a Python package; installed in lib or bin; installed in
 * lib/x86_64-linux-gnu; in a build directory of the source tree, the program and the library. */
static const char *const beside[] = {"/models/", "/../share/clipsearch/models/", "/../../share/clipsearch/models/",
                                     "/../weights/", "/../../weights/"};
_Static_assert(CLIPSEARCH_PATH_SIZE >= PATH_MAX, "realpath writes so much");
enum { BESIDE = sizeof beside / sizeof *beside, PLACES = BESIDE + 2 };

/* The directory of the file that holds this code, libclipsearch.so or the program. False: it cannot be found out. */
static bool find_own_directory(char directory[PATH_MAX])
{
    Dl_info info;
    /* a program's own name may be relative to a directory that it has left */
    const bool absolute = dladdr(beside, &info) && info.dli_fname && info.dli_fname[0] == '/';
    if (!(absolute && realpath(info.dli_fname, directory)) && !realpath("/proc/self/exe", directory))
        return false;
    *strrchr(directory, '/') = '\0';
    return true;
}

/* Place number `i` to look at, with a '/' at its end; nothing when there is no such place. */
static void put_place(size_t i, const char *own, cs_buf *path)
{
    if (i == 0)
        cs_put_xdg_path(path, "XDG_DATA_HOME", ".local/share", "models/");
    else if (i <= BESIDE && own)
        cs_buf_printf(path, "%s%s", own, beside[i - 1]);
    else if (i == PLACES - 1)
        cs_buf_puts(path, CLIPSEARCH_DATADIR "/models/");
}

static clipsearch_status search_places(const char *name, char found[CLIPSEARCH_PATH_SIZE], clipsearch_error *err)
{
    char own[PATH_MAX];
    const bool placed = find_own_directory(own);
    cs_buf searched = cs_buf_make(1 << 16);
    clipsearch_status status = CLIPSEARCH_E_NOT_FOUND;
    for (size_t i = 0; i < PLACES && status == CLIPSEARCH_E_NOT_FOUND; i++) {
        cs_file_info info;
        cs_buf path = cs_buf_make(1 << 16);
        put_place(i, placed ? own : NULL, &path);
        if (path.len)
            cs_buf_puts(&path, name);
        if (path.failed) {
            status = cs_fail_memory(err, "the path of a model");
        } else if (path.len) {
            cs_buf_printf(&searched, "\n  %s", path.data);
            if (cs_file_stat(path.data, &info, NULL) == CLIPSEARCH_OK && info.is_directory &&
                realpath(path.data, found))
                status = CLIPSEARCH_OK;
        }
        cs_buf_free(&path);
    }
    if (status == CLIPSEARCH_E_NOT_FOUND)
        cs_fail(err, status, "there is no model \"%s\". Searched:%s", name, searched.data ? searched.data : " nowhere");
    cs_buf_free(&searched);
    return status;
}

clipsearch_status clipsearch_model_find(const char *name, char path[CLIPSEARCH_PATH_SIZE], clipsearch_error *err)
{
    if (path)
        path[0] = '\0';
    if (!name || !path)
        return cs_fail_null(err, __func__);
    if (!name[0] || name[0] == '.' || strchr(name, '/'))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                       "%s: \"%s\" is no name of a model; open a path with clipsearch_encoder_open", __func__, name);
    return search_places(name, path, err);
}
