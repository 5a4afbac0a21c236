/* SPDX-License-Identifier: MIT
 * taken.h - when an image was taken, from its attributes. */
#ifndef CS_DUPLICATES_TAKEN_H
#define CS_DUPLICATES_TAKEN_H

#include <stdbool.h>
#include <stdint.h>

/* Read the attribute `taken`, "2024-07-01T18:30:05" with or without more behind it, from a JSON object: seconds by the
 * camera's clock, since 1970. False: there is no such date with a time. */
bool cs_taken_seconds(const char *attributes, int64_t *seconds);

#endif
