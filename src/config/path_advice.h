/* SPDX-License-Identifier: MIT
 * path_advice.h - what probably was meant by a path that does not exist. */
#ifndef CS_CONFIG_PATH_ADVICE_H
#define CS_CONFIG_PATH_ADVICE_H

#include <stdbool.h>

/* Advice on a path as the user wrote it, which does not exist: a variable, a URL, a pattern ... in its place. A
 * sentence without a full stop; NULL when there is none. in_yaml: it is written in an ingest file, else on the command
 * line. */
const char *cs_path_advice(const char *path, bool in_yaml);

/* Whether the path cannot be meant literally: it begins with a variable or is a URL. */
bool cs_path_is_slip(const char *path);

#endif
