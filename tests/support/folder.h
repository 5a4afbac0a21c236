/* SPDX-License-Identifier: MIT
 * folder.h - a temporary folder that a test fills and then removes. */
#ifndef TESTS_SUPPORT_FOLDER_H
#define TESTS_SUPPORT_FOLDER_H

#include <stddef.h>

typedef struct folder {
    char path[64]; /* real path, no '/' at the end */
} folder;

/* Make an empty folder; ends the program when it cannot. */
void folder_make(folder *f);
/* Remove it and all that is in it. */
void folder_remove(folder *f);

/* `name` below the folder, in one of a few buffers (those of the last eight calls of a thread are valid). */
const char *folder_path(const folder *f, const char *name);
/* Write a file; directories above it are made. */
void folder_write(const folder *f, const char *name, const void *data, size_t size);
void folder_write_text(const folder *f, const char *name, const char *text);
/* Copy the file `from` (a whole path) to `name`. */
void folder_copy(const folder *f, const char *name, const char *from);

#endif
