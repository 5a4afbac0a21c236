/* SPDX-License-Identifier: MIT
 * fixture.h - the tokenizer's fixtures: gzip-compressed files of escaped lines. */
#ifndef TESTS_TEXT_FIXTURE_H
#define TESTS_TEXT_FIXTURE_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

/* Lines of one file, taken in turn. */
typedef struct fixture {
    cs_buf file, line;
    size_t at;
} fixture;

/* Open tests/data/tokenizer/`name`; false (and a failed test) when it cannot be read. */
bool fixture_open(fixture *f, const char *name);
/* The next line, unescaped, in f->line; false at the end. */
bool fixture_next(fixture *f);
void fixture_close(fixture *f);

/* "<source root>/`path`" in a static buffer. */
const char *fixture_path(const char *path);

#endif
