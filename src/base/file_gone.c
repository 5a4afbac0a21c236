/* SPDX-License-Identifier: MIT
 * file_gone.c - whether the file of an item is still there, and still the one that was stored. */
#include "base/file_gone.h"

#include "base/file.h"
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

bool cs_hit_has_changed(const clipsearch_hit *hit)
{
    cs_file_info now;
    return hit->path[0] == '/' && hit->mtime_ns && cs_file_stat(hit->path, &now, NULL) == CLIPSEARCH_OK &&
           now.is_regular && (now.size != hit->size || now.mtime_ns != hit->mtime_ns);
}
