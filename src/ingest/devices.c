/* SPDX-License-Identifier: MIT
 * devices.c - directories and their device numbers. */
#include "ingest/devices.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

bool cs_path_is_below(const char *path, const char *directory)
{
    size_t n = strlen(directory);
    while (n && directory[n - 1] == '/') /* "/" */
        n--;
    return strncmp(path, directory, n) == 0 && (path[n] == '/' || !path[n]);
}

const cs_device *cs_devices_find(const cs_devices *devices, const char *path)
{
    for (size_t i = 0; i < devices->count; i++)
        if (strcmp(devices->items[i].path, path) == 0)
            return &devices->items[i];
    return NULL;
}

/* The nearest directory above `path`, or itself. */
static const cs_device *find_above(const cs_devices *devices, const char *path)
{
    const cs_device *nearest = NULL;
    for (size_t i = 0; i < devices->count; i++)
        if (cs_path_is_below(path, devices->items[i].path) &&
            (!nearest || strlen(devices->items[i].path) > strlen(nearest->path)))
            nearest = &devices->items[i];
    return nearest;
}

static clipsearch_status append(cs_devices *devices, const char *path, uint64_t device, clipsearch_error *err)
{
    cs_device *items = cs_grow(devices->items, &devices->capacity, devices->count + 1, sizeof *items);
    if (!items)
        return cs_fail_memory(err, "the devices of a source");
    devices->items = items;
    items[devices->count] = (cs_device){.path = cs_strdup(path), .device = device};
    if (!items[devices->count].path)
        return cs_fail_memory(err, "the devices of a source");
    devices->count++;
    return CLIPSEARCH_OK;
}

clipsearch_status cs_devices_add(cs_devices *devices, const char *path, uint64_t device, clipsearch_error *err)
{
    const cs_device *above = find_above(devices, path);
    if ((above && above->device == device) || devices->count == CS_DEVICES_MOST)
        return CLIPSEARCH_OK;
    return append(devices, path, device, err);
}

bool cs_devices_write(const cs_devices *devices, cs_buf *text)
{
    for (size_t i = 0; i < devices->count; i++) {
        cs_buf_printf(text, "%" PRIu64 "=%s", devices->items[i].device, devices->items[i].path);
        cs_buf_putc(text, '\0');
    }
    return !text->failed;
}

clipsearch_status cs_devices_read(cs_devices *devices, const char *text, size_t size, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    for (size_t at = 0; at < size && status == CLIPSEARCH_OK; at += strlen(text + at) + 1) {
        char *end;
        const uint64_t device = strtoull(text + at, &end, 10);
        if (end != text + at && end[0] == '=' && end[1] == '/' && devices->count < CS_DEVICES_MOST)
            status = append(devices, end + 1, device, err);
    }
    return status;
}

void cs_devices_free(cs_devices *devices)
{
    for (size_t i = 0; i < devices->count; i++)
        cs_free(devices->items[i].path);
    cs_free(devices->items);
    *devices = (cs_devices){0};
}
