/* SPDX-License-Identifier: MIT
 * file_gone.c - whether the file of an item is still there. */
#include "base/file_gone.h"

#include "base/item_file.h"

#include <errno.h>
#include <sys/stat.h>

cs_place cs_look_at(const char *path)
{
    struct stat st;
    if (stat(path, &st) == 0)
        return S_ISREG(st.st_mode) ? CS_PLACE_FILE : CS_PLACE_NO_FILE;
    return errno == ENOENT || errno == ENOTDIR ? CS_PLACE_NO_FILE : CS_PLACE_UNKNOWN;
}

bool cs_file_is_gone(const char *path)
{
    return cs_look_at(path) == CS_PLACE_NO_FILE;
}

bool cs_hit_is_gone(const clipsearch_hit *hit)
{
    return hit->gone || (hit->path[0] == '/' && cs_content_is_known(hit->hash) && cs_file_is_gone(hit->path));
}
