/* SPDX-License-Identifier: MIT
 * copy_file.h - copies a model's file into a directory of models. */
#ifndef CS_MODELS_COPY_FILE_H
#define CS_MODELS_COPY_FILE_H

#include "models/catalogue.h"

/* Copy the file `from` to `to`, which is replaced as a whole or not at all. `known` (may be NULL): the bytes that are
 * copied must be the published ones. `tick` (may be NULL) is called now and then; returning false stops. Where `from`
 * and `to` are the same file already, it is only compared with `known`.
 * Errors: CLIPSEARCH_E_NOT_FOUND, _IO, _MODEL (not the published bytes), _CANCELLED, _MEMORY. */
clipsearch_status cs_copy_file(const char *from, const char *to, const cs_known_file *known,
                               bool (*tick)(void *context, uint64_t done, uint64_t total), void *context,
                               clipsearch_error *err);

#endif
