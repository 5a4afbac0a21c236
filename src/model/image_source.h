/* SPDX-License-Identifier: MIT
 * image_source.h - reads the files that set an image network's pre- and postprocessing; private to model. */
#ifndef CS_MODEL_IMAGE_SOURCE_H
#define CS_MODEL_IMAGE_SOURCE_H

#include "base/json.h"
#include "model/image_config.h"

/* Each changes a configuration that cs_image_recognise has filled. Errors: CLIPSEARCH_E_MODEL, _UNSUPPORTED, naming
 * file and key. */

/* Whether timm's `architecture` is one whose computation is read: others have the same tensors but compute something
 * else. */
bool cs_timm_architecture_known(const char *architecture);

/* timm's config.json, with pretrained_cfg or (older) all at the top. Vectors are normalised, the metric is cosine. */
clipsearch_status cs_timm_config_read(const cs_json *root, const char *file, cs_image_config *config,
                                      clipsearch_error *err);

/* transformers' ResNetConfig, and its preprocessor_config.json (NULL: none, its defaults). The same of the vectors. */
clipsearch_status cs_hf_resnet_read(const cs_json *root, const char *file, cs_image_config *config,
                                    clipsearch_error *err);
clipsearch_status cs_hf_resnet_preprocessor_read(const cs_json *root, const char *file, cs_image_config *config,
                                                 clipsearch_error *err);

/* clipsearch.json: "normalize", "metric" and "preprocess", each of which overrides what was found (docs/model.md). */
clipsearch_status cs_image_override_read(const cs_json *root, const char *file, cs_image_config *config,
                                         clipsearch_error *err);

#endif
