/* SPDX-License-Identifier: MIT
 * model_find.c - from a model's name to its directory, for programs that use the library. */
#include "clipsearch.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/model_places.h"
#include "structs.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(CLIPSEARCH_PATH_SIZE >= PATH_MAX, "realpath writes so much");

clipsearch_status clipsearch_model_find(const char *name, char path[CLIPSEARCH_PATH_SIZE], clipsearch_error *err)
{
    if (path)
        path[0] = '\0';
    if (!name || !path)
        return cs_fail_null(err, __func__, name, path);
    if (!name[0] || name[0] == '.' || strchr(name, '/'))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                       "%s: \"%s\" is no name of a model; open a path with clipsearch_encoder_open", __func__, name);
    char *found;
    cs_buf searched = cs_buf_make(1 << 16);
    clipsearch_status status = cs_find_model_directory(name, &found, &searched);
    if (status == CLIPSEARCH_OK && !realpath(found, path))
        status = cs_fail_errno(err, CLIPSEARCH_E_NOT_FOUND, errno, "%s", found);
    else if (status == CLIPSEARCH_E_NOT_FOUND)
        cs_fail(err, status, "there is no model \"%s\". Searched:%s", name, searched.data ? searched.data : " nowhere");
    else if (status == CLIPSEARCH_E_MEMORY)
        cs_fail_memory(err, "the path of a model");
    cs_free(found);
    cs_buf_free(&searched);
    return status;
}
