/* SPDX-License-Identifier: MIT
 * devices.h - on which devices the directories of a source lie: what shows later that a disk is not mounted. */
#ifndef CS_INGEST_DEVICES_H
#define CS_INGEST_DEVICES_H

#include "base/buf.h"
#include "base/error.h"

#include <stdint.h>

/* A directory that is on another device than the one above it, or a source's root. */
typedef struct cs_device {
    char *path;
    uint64_t device; /* st_dev */
} cs_device;

/* Zero is an empty list. */
typedef struct cs_devices {
    cs_device *items; /* [count] */
    size_t count, capacity;
} cs_devices;

/* Add a directory unless the nearest directory above it in the list is on this device too. A source with more than
 * CS_DEVICES_MOST such directories has the first of them noted. CLIPSEARCH_E_MEMORY. */
enum { CS_DEVICES_MOST = 1000 };
clipsearch_status cs_devices_add(cs_devices *devices, const char *path, uint64_t device, clipsearch_error *err);
/* The one with this path, or NULL. */
const cs_device *cs_devices_find(const cs_devices *devices, const char *path);

/* Append them as strings "DEVICE=PATH", each with a NUL byte behind it; and read such strings into an empty list,
 * leaving out what is not of that form. False, CLIPSEARCH_E_MEMORY: out of memory. */
bool cs_devices_write(const cs_devices *devices, cs_buf *text);
clipsearch_status cs_devices_read(cs_devices *devices, const char *text, size_t size, clipsearch_error *err);
void cs_devices_free(cs_devices *devices);

/* Whether `path` is `directory` or lies below it. */
bool cs_path_is_below(const char *path, const char *directory);

#endif
