/* SPDX-License-Identifier: MIT
 * activation.h - the activation functions that a configuration can name and a kernel can compute. */
#ifndef CS_BASE_ACTIVATION_H
#define CS_BASE_ACTIVATION_H

typedef enum cs_activation { CS_ACT_NONE, CS_ACT_QUICK_GELU, CS_ACT_GELU } cs_activation;

#endif
