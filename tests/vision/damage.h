/* SPDX-License-Identifier: MIT
 * damage.h - damaged image files for the decoders: an error value or an image, never a crash. */
#ifndef TESTS_VISION_DAMAGE_H
#define TESTS_VISION_DAMAGE_H

#include "base/buf.h"

/* The file cut short at every byte is refused, with words, or has every pixel of the whole one; `may_differ` times it
 * may have others. One test. */
void damage_cut(const char *name, const cs_buf *file, size_t may_differ);

/* The file with bits flipped, `rounds` times, is refused or decoded. One test. */
void damage_flip(const char *name, const cs_buf *file, int rounds);

#endif
