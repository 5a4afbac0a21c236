/* SPDX-License-Identifier: MIT
 * prune.c - which items must not be removed. */
#include "ingest/prune.h"

#include "base/file.h"
#include "base/mem.h"

#include <dirent.h>
#include <string.h>

static void report_kept(const cs_prune_request *r, const char *directory, clipsearch_kept_reason reason,
                        uint64_t images, uint64_t of)
{
    const clipsearch_kept_images kept = {.directory = directory, .reason = reason, .images = images, .of = of};
    if (r->kept)
        r->kept(r->context, &kept);
}

/* ---- another device */

static bool is_on_device(const cs_device *device)
{
    cs_file_info info;
    return cs_file_stat(device->path, &info, NULL) == CLIPSEARCH_OK && info.is_directory &&
           info.device == device->device;
}

static void check_device(const cs_prune_request *r, const cs_device *device)
{
    uint64_t kept = 0;
    cs_missing *missing = r->missing;
    if (cs_sources_has_below(r->sources, device->path) || is_on_device(device))
        return;
    for (size_t i = 0; i < missing->count; i++) {
        cs_missing_item *item = &missing->items[i];
        if (!item->gone || item->kept || !cs_path_is_below(cs_missing_path(missing, i), device->path))
            continue;
        item->away = item->kept = true;
        kept++;
    }
    if (kept)
        report_kept(r, device->path, CLIPSEARCH_KEPT_DEVICE, kept, kept);
}

/* ---- an empty directory */

/* Cut `path` to the nearest directory above it that is there, not above `root`. False: there is none. */
static bool cut_to_directory(char *path, const char *root)
{
    const size_t least = strlen(root);
    cs_file_info info;
    for (;;) {
        char *slash = strrchr(path, '/');
        if (!slash || (size_t)(slash - path) < least)
            return false;
        *slash = '\0';
        if (cs_file_stat(path[0] ? path : "/", &info, NULL) == CLIPSEARCH_OK && info.is_directory)
            return true;
    }
}

/* False also when that cannot be found out. */
static bool is_empty_directory(const char *path)
{
    DIR *dir = opendir(path[0] ? path : "/");
    if (!dir)
        return false;
    const struct dirent *entry;
    bool empty = true;
    while (empty && (entry = readdir(dir)))
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    closedir(dir);
    return empty;
}

/* Keep the items that follow number `first` and lie below `directory`, which is empty; returns how many. */
static uint64_t keep_below(cs_missing *missing, size_t first, const char *directory)
{
    uint64_t kept = 0;
    for (size_t i = first; i < missing->count && cs_path_is_below(cs_missing_path(missing, i), directory); i++) {
        cs_missing_item *item = &missing->items[i];
        if (!item->gone || item->kept)
            continue;
        item->away = item->kept = true;
        kept++;
    }
    return kept;
}

/* Items of one folder follow one another, so that each directory is looked at about once. */
static clipsearch_status check_empty(const cs_prune_request *r, clipsearch_error *err)
{
    cs_missing *missing = r->missing;
    char *looked_at = NULL, *directory = NULL;
    for (size_t i = 0; i < missing->count; i++) {
        const char *path = cs_missing_path(missing, i);
        const size_t folder = (size_t)(cs_path_base(path) - path);
        if (!missing->items[i].gone || missing->items[i].kept ||
            (looked_at && strncmp(looked_at, path, folder) == 0 && !looked_at[folder]))
            continue;
        cs_free(looked_at);
        cs_free(directory);
        looked_at = cs_strndup(path, folder);
        directory = cs_strdup(path);
        if (!looked_at || !directory) {
            cs_free(looked_at);
            cs_free(directory);
            return cs_fail_memory(err, "the items to prune");
        }
        if (!cut_to_directory(directory, r->source->root) || !is_empty_directory(directory))
            continue;
        const uint64_t kept = keep_below(missing, i, directory);
        report_kept(r, directory, CLIPSEARCH_KEPT_EMPTY, kept, kept);
    }
    cs_free(looked_at);
    cs_free(directory);
    return CLIPSEARCH_OK;
}

/* ---- many */

void cs_prune_check_share(const cs_prune_request *r)
{
    cs_missing *missing = r->missing;
    uint64_t left = 0;
    for (size_t i = 0; i < missing->count; i++)
        left += !missing->items[i].kept;
    if (left <= CS_PRUNE_FEW || left <= missing->total / CS_PRUNE_SHARE)
        return;
    for (size_t i = 0; i < missing->count; i++)
        missing->items[i].kept = true;
    report_kept(r, r->source->root, CLIPSEARCH_KEPT_MANY, left, missing->total);
}

/* ---- */

clipsearch_status cs_prune_check_disks(const cs_prune_request *r, clipsearch_error *err)
{
    for (size_t i = 0; i < r->remembered->count; i++) {
        const cs_devices *devices = &r->remembered->sources[i].devices;
        for (size_t d = 0; d < devices->count; d++)
            check_device(r, &devices->items[d]);
    }
    return check_empty(r, err);
}
