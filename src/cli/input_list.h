/* SPDX-License-Identifier: MIT
 * input_list.h - the texts and images a command works on: operands, then the lines of list files. */
#ifndef CS_CLI_INPUT_LIST_H
#define CS_CLI_INPUT_LIST_H

#include "base/buf.h"
#include "cli/command_line.h"

/* All inputs in order. Those from list files point into the buffers. */
typedef struct cs_input_list {
    cs_operand *items; /* [count] */
    size_t count, room;
    cs_buf list, images; /* the list files */
} cs_input_list;

/* Read the operands of `args`, then the lines of --list (texts), then those of --images-from (paths); "-" is standard
 * input. A line ends with LF or CR LF; empty lines among paths are left out. Free in any case. Errors:
 * CLIPSEARCH_E_IO, _NOT_FOUND, _LIMIT (a list over 256 MiB), _FORMAT (a NUL byte), _ARGUMENT (both lists from standard
 * input), _MEMORY. */
clipsearch_status cs_read_inputs(const cs_args *args, cs_input_list *inputs, clipsearch_error *err);
void cs_free_inputs(cs_input_list *inputs);

#endif
