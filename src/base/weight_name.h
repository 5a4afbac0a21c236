/* SPDX-License-Identifier: MIT
 * weight_name.h - the names of weight files. In base because the program needs it too: it tells a model's file from a
 * model's name without opening either, and of the library's modules it may include base alone. */
#ifndef CS_BASE_WEIGHT_NAME_H
#define CS_BASE_WEIGHT_NAME_H

/* Where the ending of a weight file's name begins (".safetensors", ".pth", ".pt", ".h5"), or the name's end when it has
 * none of them or nothing before it. */
const char *cs_weight_name_ending(const char *name);

#endif
