/* SPDX-License-Identifier: MIT
 * file_gone.c - whether the file of an item is still there, and still the one that was stored. */
#include "base/file_gone.h"

#include "base/item_file.h"

cs_place cs_look_at(const char *path, cs_file_info *info)
{
    cs_file_info found;
    clipsearch_status status = cs_file_stat(path, &found, NULL);
    if (status != CLIPSEARCH_OK)
        return status == CLIPSEARCH_E_NOT_FOUND ? CS_PLACE_NO_FILE : CS_PLACE_UNKNOWN;
    if (!found.is_regular)
        return CS_PLACE_NO_FILE;
    if (info)
        *info = found;
    return CS_PLACE_FILE;
}

bool cs_file_is_gone(const char *path)
{
    return cs_look_at(path, NULL) == CS_PLACE_NO_FILE;
}

/* Only of such an item it is certain that it is or was a file. */
static bool was_file(const clipsearch_hit *hit)
{
    return hit->path[0] == '/' && cs_content_is_known(hit->hash);
}

bool cs_hit_is_gone(const clipsearch_hit *hit)
{
    return hit->gone || (was_file(hit) && cs_file_is_gone(hit->path));
}

bool cs_hit_is_gone_from(const clipsearch_hit *hit, cs_place place)
{
    return hit->gone || (was_file(hit) && place == CS_PLACE_NO_FILE);
}

bool cs_hit_has_changed(const clipsearch_hit *hit)
{
    cs_file_info now;
    return hit->path[0] == '/' && hit->mtime_ns && cs_file_stat(hit->path, &now, NULL) == CLIPSEARCH_OK &&
           now.is_regular && (now.size != hit->size || now.mtime_ns != hit->mtime_ns);
}
