/* SPDX-License-Identifier: MIT
 * probe.h - shows a test the activations between the stages of a tower. */
#ifndef CS_NN_PROBE_H
#define CS_NN_PROBE_H

#include <stddef.h>

/* Called with each stage's output, [rows, columns] f32 with no padding, in the order it is computed. Stages: "embed"
 * (after positions and pre-LN), "block" (layer = its number), "final" (post-LN, one row an item), "project". The last
 * block computes only the rows that are read after it, so its probe shows one row for each item. */
typedef struct cs_probe {
    void (*see)(void *context, const char *stage, size_t layer, const float *data, size_t rows, size_t columns);
    void *context;
} cs_probe;

/* Show `data` to `probe`, which may be NULL. */
static inline void cs_probe_see(const cs_probe *probe, const char *stage, size_t layer, const float *data, size_t rows,
                                size_t columns)
{
    if (probe)
        probe->see(probe->context, stage, layer, data, rows, columns);
}

#endif
