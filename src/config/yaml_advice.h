/* SPDX-License-Identifier: MIT
 * yaml_advice.h - what probably is wrong where a YAML parser gives up, in the words of someone who wrote the file. */
#ifndef CS_CONFIG_YAML_ADVICE_H
#define CS_CONFIG_YAML_ADVICE_H

#include "base/buf.h"

/* Where a parser stopped, in its own words, and where the thing began that it was reading. Lines and columns begin at
 * 0. `context` may be NULL. */
typedef struct cs_yaml_problem {
    const char *problem, *context;
    size_t line, column, context_line, context_column;
} cs_yaml_problem;

/* Append advice on `problem` in the document `text` of `size` bytes, one sentence without a full stop; nothing when
 * there is none. *line and *column (from 0) become the place that the advice is about. */
void cs_yaml_put_advice(const char *text, size_t size, const cs_yaml_problem *problem, cs_buf *buf, size_t *line,
                        size_t *column);

#endif
