/* SPDX-License-Identifier: MIT
 * names.c - the names of enumerated values. */
#include "config/names.h"

const char *const cs_metric_names[] = {"cosine", "ip", "l2", NULL};
const char *const cs_on_bad_names[] = {"skip", "stop", "report", NULL};
const char *const cs_overflow_names[] = {"truncate", "refuse", NULL};
const char *const cs_exif_names[] = {"apply", "ignore", NULL};
const char *const cs_case_names[] = {"any", "exact", NULL};
const char *const cs_tower_names[] = {"image", "text", "both", NULL};
const char *const cs_number_names[] = {"f32", "f16", "bf16", NULL};
const char *const cs_codes_names[] = {"f32", "f16", "bf16", "i8", NULL};
const clipsearch_codes cs_codes_values[] = {CLIPSEARCH_CODES_F32, CLIPSEARCH_CODES_F16, CLIPSEARCH_CODES_BF16,
                                            CLIPSEARCH_CODES_I8};
const char *const cs_precision_names[] = {"auto", "f32", "int8", "bf16", NULL};
const char *const cs_decode_names[] = {"exact", "fast", NULL};
const char *const cs_cpu_names[] = {"c", "avx2", "avxvnni", "avx512", "avx512vnni", "avx512bf16", "amx", "neon", NULL};

void cs_put_precisions(cs_buf *buf, unsigned precisions, const char *around, const char *between)
{
    bool first = true;
    for (unsigned i = 1; cs_precision_names[i]; i++) {
        if (!(precisions & 1u << i))
            continue;
        cs_buf_printf(buf, "%s%s%s%s", first ? "" : between, around, cs_precision_names[i], around);
        first = false;
    }
}
