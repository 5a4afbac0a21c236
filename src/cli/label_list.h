/* SPDX-License-Identifier: MIT
 * label_list.h - the labels of clipsearch label: a file with one on each line, or a list with commas. */
#ifndef CS_CLI_LABEL_LIST_H
#define CS_CLI_LABEL_LIST_H

#include "cli/input_list.h"

typedef struct cs_label_list {
    const char **labels; /* [count], without spaces around them */
    size_t count;
    cs_input_list lines; /* of a file */
    cs_buf text;         /* of a list */
} cs_label_list;

/* Read --labels: "-" is standard input, the name of a file is that file, anything else with a comma is a list. Free in
 * any case. Errors: CLIPSEARCH_E_NOT_FOUND (neither a file nor a list), _ARGUMENT (an empty label, with its place),
 * those of cs_read_inputs. */
clipsearch_status cs_read_labels(const char *labels, cs_label_list *list, clipsearch_error *err);
void cs_free_labels(cs_label_list *list);

#endif
