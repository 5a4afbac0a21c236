/* SPDX-License-Identifier: MIT
 * sheet_file.h - writing a contact sheet as a PNG or JPEG file. */
#ifndef CS_OUTPUT_SHEET_FILE_H
#define CS_OUTPUT_SHEET_FILE_H

#include "output/canvas.h"

typedef enum cs_sheet_format { CS_SHEET_PNG, CS_SHEET_JPEG } cs_sheet_format;

typedef struct cs_sheet_file {
    const char *path; /* "-": standard output */
    cs_sheet_format format;
} cs_sheet_file;

/* The format by the end of the file's name, in upper or lower case: .png, .jpg, .jpeg. Standard output and what exists
 * and is no regular file (a pipe) get a PNG. Errors: CLIPSEARCH_E_ARGUMENT: the name ends in something else; standard
 * output is a terminal. */
clipsearch_status cs_sheet_file_choose(const char *path, cs_sheet_file *file, clipsearch_error *err);

/* Write `canvas`. A file is replaced as a whole; after a failure the old one is still there. Errors: CLIPSEARCH_E_IO,
 * _MEMORY. */
clipsearch_status cs_sheet_write(const cs_sheet_file *file, const cs_canvas *canvas, clipsearch_error *err);

/* The bytes of `canvas` as a file of the format, to be freed with cs_free. Errors: CLIPSEARCH_E_IO, _MEMORY. */
clipsearch_status cs_png_encode(const cs_canvas *canvas, uint8_t **bytes, size_t *size, clipsearch_error *err);
clipsearch_status cs_jpeg_encode(const cs_canvas *canvas, uint8_t **bytes, size_t *size, clipsearch_error *err);

#endif
