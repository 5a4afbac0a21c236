/* SPDX-License-Identifier: MIT
 * item_file.h - what a collection knows of an item's file besides what programs see of it. */
#ifndef CS_BASE_ITEM_FILE_H
#define CS_BASE_ITEM_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Whether the content is known whose digest this is: items that a program put itself may have zeros instead. */
static inline bool cs_content_is_known(const uint8_t hash[32])
{
    static const uint8_t none[32];
    return memcmp(hash, none, sizeof none) != 0;
}

/* What the hash of an item begins with that could not be encoded with its collection's model: 16 bytes, as digits. The
 * other 16 are random, so that it is the hash of no file. */
#define CS_WITHOUT_VECTOR "31415926535897932384626433832795"

static inline void cs_mark_without_vector(uint8_t hash[32])
{
    static const char digits[] = CS_WITHOUT_VECTOR;
    for (int i = 0; i < 16; i++)
        hash[i] = (uint8_t)((digits[2 * i] - '0') << 4 | (digits[2 * i + 1] - '0'));
}

/* Zero: nothing is known, and the file is taken to be there. */
typedef struct cs_item_file {
    int64_t ctime_ns;   /* time of the inode's last change, in nanoseconds since 1970; 0: not known. With a file of XMP
                           beside the image: ingest/sidecar.h */
    int64_t gone_since; /* when the file was first found gone, in seconds since 1970; 0: it is not known to be */
} cs_item_file;

#endif
