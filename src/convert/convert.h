/* SPDX-License-Identifier: MIT
 * convert.h - writes a model anew, as a directory of weights, configuration and tokenizer. */
#ifndef CS_CONVERT_CONVERT_H
#define CS_CONVERT_CONVERT_H

#include "model/model_dir.h"

/* As clipsearch_model_convert says; arguments are checked, `options` and `report` are not NULL. */
clipsearch_status cs_model_convert(const char *from, const char *to, const clipsearch_convert_options *options,
                                   clipsearch_convert_report *report, clipsearch_error *err);

/* config.json and preprocessor_config.json for `config`, in the directory `to`; `type` is the weights' ("float32").
 * CLIPSEARCH_E_IO, _MEMORY. */
clipsearch_status cs_convert_config(const cs_clip_config *config, const char *type, const char *to,
                                    clipsearch_error *err);

/* clipsearch.json for an image network, with its pre- and postprocessing. CLIPSEARCH_E_IO, _MEMORY. */
clipsearch_status cs_convert_image_config(const cs_image_config *config, const char *to, clipsearch_error *err);

/* open_clip_config.json for a CLIP with a ResNet. CLIPSEARCH_E_IO, _MEMORY. */
clipsearch_status cs_convert_resnet_config(const cs_clip_config *config, const char *to, clipsearch_error *err);

/* vocab.json, merges.txt and the compiled vocabulary of these two for the model `dir`, in the directory `to`, whatever
 * kind of merges file the model came with. CLIPSEARCH_E_IO, _MODEL, _MEMORY. */
clipsearch_status cs_convert_vocabulary(const cs_model_dir *dir, const char *to, clipsearch_error *err);

/* As clipsearch_model_compile says; no argument is NULL. */
clipsearch_status cs_model_compile(const char *path, bool *written, clipsearch_error *err);

/* CS_COMPILED_VOCABULARY in the directory `to`, of the files `merges` and `vocab`, which may be NULL.
 * CLIPSEARCH_E_IO, _MODEL, _MEMORY. */
clipsearch_status cs_compile_vocabulary(const char *merges, const char *vocab, size_t vocabulary, const char *to,
                                        clipsearch_error *err);

#endif
