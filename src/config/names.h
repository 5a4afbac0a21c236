/* SPDX-License-Identifier: MIT
 * names.h - the names of enumerated values, the same on the command line, in YAML files and in the output. */
#ifndef CS_CONFIG_NAMES_H
#define CS_CONFIG_NAMES_H

#include "base/name_list.h"
#include "clipsearch.h"

/* What an ingestion does about images that cannot be read. The first two are clipsearch_on_bad's; the program's default
 * is the third: it skips them, and says so in its exit status. */
typedef enum cs_on_bad { CS_ON_BAD_SKIP, CS_ON_BAD_STOP, CS_ON_BAD_REPORT } cs_on_bad;

/* Each list ends with NULL and is in the order of its enumeration. */
extern const char *const cs_metric_names[];   /* clipsearch_metric */
extern const char *const cs_on_bad_names[];   /* cs_on_bad */
extern const char *const cs_overflow_names[]; /* clipsearch_overflow */
extern const char *const cs_exif_names[];     /* apply, ignore */
extern const char *const cs_case_names[];     /* any, exact */
extern const char *const cs_codes_names[];    /* cs_codes_values[i] is the value of name i */
extern const clipsearch_codes cs_codes_values[];
extern const char *const cs_precision_names[]; /* in the order of clipsearch_precision */
extern const char *const cs_decode_names[];    /* clipsearch_decode */
extern const char *const cs_cpu_names[];       /* instruction sets, as the library's CLIPSEARCH_CPU takes them */
extern const char *const cs_tower_names[];     /* image, text, both: CLIPSEARCH_*_TOWER minus one */
extern const char *const cs_number_names[];    /* clipsearch_number_type */

/* Append the names of a set of precisions (clipsearch_collection_info.precisions), each between `around` and `around`,
 * with `between` between two. */
void cs_put_precisions(cs_buf *buf, unsigned precisions, const char *around, const char *between);

#endif
