/* SPDX-License-Identifier: MIT
 * image_input.h - images that come through a pipe. */
#ifndef CS_CLI_IMAGE_INPUT_H
#define CS_CLI_IMAGE_INPUT_H

#include "base/buf.h"
#include "clipsearch.h"

/* Whether an image is read from standard input ("-"), a FIFO or another pipe: it can be read once. */
bool cs_is_stream(const char *path);

/* Read an image's bytes, `max` at most, from a stream into *bytes, which becomes a new buffer; free it in any case.
 * Errors: those of cs_descriptor_read; CLIPSEARCH_E_FORMAT when the stream is empty, _IO when standard input is a
 * terminal.  */
clipsearch_status cs_read_image_stream(const char *path, uint64_t max, cs_buf *bytes, clipsearch_error *err);

/* Decode the image of a file or stream; as clipsearch_image_load. Errors: also those of
 * cs_read_image_stream. */
clipsearch_status cs_load_image(const char *path, const clipsearch_image_options *options, clipsearch_image *image,
                                clipsearch_error *err);

#endif
