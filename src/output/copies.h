/* SPDX-License-Identifier: MIT
 * copies.h - how many copies a hit stands for, in words. */
#ifndef CS_OUTPUT_COPIES_H
#define CS_OUTPUT_COPIES_H

#include <stdint.h>

enum { CS_COPIES_BYTES = 48 };

/* Write `before` and "+2 copies", or "+1 copy", into `text`, which is returned; for 0 copies an empty string. `before`
 * is at most 8 bytes long. */
const char *cs_format_copies(const char *before, uint64_t copies, char text[CS_COPIES_BYTES]);

#endif
