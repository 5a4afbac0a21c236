/* SPDX-License-Identifier: MIT
 * inputs.h - the texts and pictures a command is to work on: words, then lists of lines. */
#ifndef CS_CLI_INPUTS_H
#define CS_CLI_INPUTS_H

#include "base/buf.h"
#include "config/options.h"

/* All inputs in order. Texts of lists point into the buffers. */
typedef struct cs_inputs {
    cs_word *items; /* [count] */
    size_t count, room;
    cs_buf list, images; /* the lists as they were read */
} cs_inputs;

/* Take the words of `args`, then the lines of --list (texts), then those of --images-from (paths); "-" is standard
 * input. A line ends at LF or CR LF. Free in any case. Errors: CLIPSEARCH_E_IO, _NOT_FOUND, _LIMIT (a list over 256
 * MiB), _FORMAT (a NUL byte; an empty line among paths), _ARGUMENT (both lists from standard input), _MEMORY. */
clipsearch_status cs_inputs_read(const cs_args *args, cs_inputs *inputs, clipsearch_error *err);
void cs_inputs_free(cs_inputs *inputs);

#endif
