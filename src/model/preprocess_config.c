/* SPDX-License-Identifier: MIT
 * preprocess_config.c - CLIP's preprocessing, and the limits of any. */
#include "model/preprocess_config.h"

cs_preprocess_config cs_clip_preprocess(size_t size)
{
    /* mean and std of the images OpenAI's CLIP was trained on; its repository's _transform */
    return (cs_preprocess_config){.resample = CS_BICUBIC,
                                  .resize = size,
                                  .crop = size,
                                  .mean = {0.48145466F, 0.4578275F, 0.40821073F},
                                  .std = {0.26862954F, 0.26130258F, 0.27577711F}};
}

clipsearch_status cs_preprocess_check(const cs_preprocess_config *config, const char *file, clipsearch_error *err)
{
    if (config->crop < 1 || config->crop > CS_MAX_IMAGE || config->resize < config->crop ||
        config->resize > CS_MAX_IMAGE)
        return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                       "%s: images are resized to %zu pixels and cropped to %zu; expected %zu to %d, so that the "
                       "crop lies inside",
                       file, config->resize, config->crop, config->crop ? config->crop : 1, CS_MAX_IMAGE);
    for (int i = 0; i < 3; i++)
        if (!(config->std[i] > 0))
            return cs_fail(err, CLIPSEARCH_E_MODEL, "%s: a standard deviation is %g, expected above 0", file,
                           (double)config->std[i]);
    return CLIPSEARCH_OK;
}
