/* SPDX-License-Identifier: MIT
 * glob.h - shell patterns for names and paths, compiled; matching takes time of at most pattern times text. */
#ifndef CS_BASE_GLOB_H
#define CS_BASE_GLOB_H

#include "base/error.h"

enum { CS_GLOB_TOKENS = 512 }; /* longest pattern, in characters and classes */

/* A compiled pattern.
 *   *      any characters but '/'           ?      one character but '/'
 *   [a-z]  one of; [!a-z] or [^a-z] none of  \x     x itself
 *   ** between slashes or at an end: any number of directories; at the end, everything below
 * Matching is by Unicode character; a byte that is not UTF-8 counts as one character. */
typedef struct cs_glob cs_glob;

/* Compile `pattern`. fold: letters match in either case (Latin, Greek, Cyrillic, Armenian). A pattern without '/' (or
 * with one only at its end) is for names, any other for whole paths below the source. Errors: CLIPSEARCH_E_ARGUMENT
 * naming the pattern ('[' not closed, a '\' at the end, empty), CLIPSEARCH_E_LIMIT, CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_glob_open(const char *pattern, bool fold, cs_glob **glob, clipsearch_error *err);
void cs_glob_close(cs_glob **glob);

/* The pattern ended in '/': it matches directories only. */
bool cs_glob_directories_only(const cs_glob *glob);

/* Whether `path`, relative to the source and without leading '/', matches: by its last part or whole, as the pattern
 * needs. Allocates nothing. Any number of threads may match at once. */
bool cs_glob_match(const cs_glob *glob, const char *path);

/* Whether any of `count` patterns matches; those that end in '/' only a directory. */
bool cs_glob_match_any(cs_glob *const *globs, size_t count, const char *path, bool is_directory);

#endif
