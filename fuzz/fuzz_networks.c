/* SPDX-License-Identifier: MIT
 * fuzz_networks.c - any bytes as the weights of a network: opened completely, or refused with a message. */
#include "model/config_source.h"
#include "vision/tower.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool truth)
{
    if (!truth)
        abort();
}

static void open_tower(const cs_model_dir *dir, const cs_weights *weights, cs_weight_form form)
{
    cs_image_tower *tower = NULL;
    clipsearch_error err = {0};
    const clipsearch_status status = cs_image_tower_open(dir, weights, form, NULL, &tower, &err);
    require((status == CLIPSEARCH_OK) == (tower != NULL));
    require(status == CLIPSEARCH_OK || (err.code == status && err.message[0]));
    if (tower)
        (void)cs_image_tower_scratch(tower, 3, 2);
    cs_image_tower_close(&tower);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cs_weights *weights;
    clipsearch_error err = {0};
    cs_model_dir dir = {0};
    if (cs_weights_open_memory(data, size, "fuzz", &weights, &err) != CLIPSEARCH_OK)
        return 0;
    dir.image_only = cs_image_is_one(weights);
    clipsearch_status status =
        dir.image_only ? cs_image_recognise(weights, &dir.image, &err) : cs_infer_config(weights, &dir.config, &err);
    if (status == CLIPSEARCH_OK && !dir.image_only)
        status = cs_clip_config_finish(&dir.config, "fuzz", &err);
    require(status == CLIPSEARCH_OK || (err.code == status && err.message[0]));
    if (status == CLIPSEARCH_OK) {
        open_tower(&dir, weights, CS_WEIGHTS_MAPPED);
        open_tower(&dir, weights, CS_WEIGHTS_INT8);
        open_tower(&dir, weights, CS_WEIGHTS_BF16);
    }
    cs_weights_close(&weights);
    return 0;
}
