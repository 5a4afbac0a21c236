/* SPDX-License-Identifier: MIT
 * source_record.h - a source as a collection remembers it. The module that ingests knows what the options mean. */
#ifndef CS_BASE_SOURCE_RECORD_H
#define CS_BASE_SOURCE_RECORD_H

#include <stddef.h>

/* Both texts are strings NAME=VALUE, each with a NUL byte behind it: any bytes but NUL can stand in a path or pattern.
 * */
typedef struct cs_source_record {
    const char *path;    /* absolute */
    const char *list;    /* absolute path of the file that lists the source; "": none does */
    const char *options; /* [options_size] which files are taken, and what they get */
    size_t options_size;
    const char *devices; /* [devices_size] DEVICE=PATH: the device numbers under which directories were seen */
    size_t devices_size;
} cs_source_record;

#endif
