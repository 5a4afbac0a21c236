/* SPDX-License-Identifier: MIT
 * exif_choice.h - what `exif` says, in an ingest file and on the command line: "apply" (turn images, store what is
 * known of them), "orientation" (only turn them), "ignore" (neither), or the names of the attributes to store. */
#ifndef CS_CONFIG_EXIF_CHOICE_H
#define CS_CONFIG_EXIF_CHOICE_H

#include "base/error.h"

#include <stdbool.h>

typedef struct cs_exif_choice {
    bool ignore_orientation;
    const char *metadata; /* as clipsearch_ingest_options has it */
} cs_exif_choice;

/* Read `text`, which must live as long as the choice. CLIPSEARCH_E_ARGUMENT: a name in it is not known; the message has
 * it, and the most similar one that is known or else all of them. */
clipsearch_status cs_read_exif_choice(const char *text, cs_exif_choice *choice, clipsearch_error *err);

#endif
