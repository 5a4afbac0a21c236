/* SPDX-License-Identifier: MIT
 * fixture.h - a directory to make databases in, and rows whose every field follows from a number. */
#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#include "store/store.h"

/* A fresh directory; NULL when it cannot be made. Removed with all its files by fixture_end. */
const char *fixture_begin(void);
void fixture_end(void);
/* The path of a file in it; one of 64 static buffers, taken in turn. */
const char *fixture_path(const char *name);
/* Whether a file is there, and its size, or -1. */
long fixture_size(const char *path);

/* Run SQL on a file as another program would, past all our checks. */
bool fixture_sql(const char *path, const char *sql);
/* The first value of a query as text, "" for none or NULL; one static buffer. */
const char *fixture_ask(const char *path, const char *sql);

cs_store_collection fixture_collection(const char *name, size_t dim);
/* Item number n with this path, and its vector [dim]. */
clipsearch_item fixture_item(const char *path, uint64_t n);
void fixture_vector(uint64_t n, float *vector, size_t dim);
/* Whether what was read is item number n. */
bool fixture_is_item(const clipsearch_item *item, const char *path, uint64_t n);

#endif
