/* SPDX-License-Identifier: MIT
 * structs.h - what the public functions check and copy: every struct of clipsearch.h that begins with struct_size. */
#ifndef CS_STRUCTS_H
#define CS_STRUCTS_H

#include "base/sized_struct.h"

/* The library's layout and defaults of each. */
extern const cs_struct_type cs_encoder_options_type;
extern const cs_struct_type cs_encoder_info_type;
extern const cs_struct_type cs_image_options_type;
extern const cs_struct_type cs_session_options_type;
extern const cs_struct_type cs_labels_options_type;
extern const cs_struct_type cs_memory_type;
extern const cs_struct_type cs_weights_info_type;
extern const cs_struct_type cs_convert_options_type;
extern const cs_struct_type cs_convert_report_type;
extern const cs_struct_type cs_index_options_type;
extern const cs_struct_type cs_vectors_options_type;
extern const cs_struct_type cs_collection_info_type;
extern const cs_struct_type cs_checkpoint_options_type;
extern const cs_struct_type cs_check_report_type;
extern const cs_struct_type cs_source_type;
extern const cs_struct_type cs_ingest_options_type;
extern const cs_struct_type cs_watch_options_type;
extern const cs_struct_type cs_ingest_report_type;
extern const cs_struct_type cs_ingest_target_type;
extern const cs_struct_type cs_search_stats_type;
extern const cs_struct_type cs_search_options_type;
extern const cs_struct_type cs_list_options_type;
extern const cs_struct_type cs_each_options_type;
extern const cs_struct_type cs_merge_options_type;
extern const cs_struct_type cs_merge_report_type;
extern const cs_struct_type cs_duplicates_options_type;
extern const cs_struct_type cs_duplicates_report_type;
extern const cs_struct_type cs_part_type;
extern const cs_struct_type cs_question_type;

/* cs_struct_read for structs with fields that are not 0 by default: 0 in them means the default. */
clipsearch_status cs_encoder_options_read(clipsearch_encoder_options *own, const clipsearch_encoder_options *theirs,
                                          const char *function, clipsearch_error *err);
clipsearch_status cs_image_options_read(clipsearch_image_options *own, const clipsearch_image_options *theirs,
                                        const char *function, clipsearch_error *err);
clipsearch_status cs_session_options_read(clipsearch_session_options *own, const clipsearch_session_options *theirs,
                                          const char *function, clipsearch_error *err);
clipsearch_status cs_ingest_options_read(clipsearch_ingest_options *own, const clipsearch_ingest_options *theirs,
                                         const char *function, clipsearch_error *err);

/* CLIPSEARCH_E_ARGUMENT: an argument of `function` is NULL. The arguments that may be it follow; the first NULL one is
 * named in the message. One that must be there only sometimes stands behind the others, or as `data || !size`. */
#define cs_fail_null(err, function, ...)                                                                               \
    cs_fail_null_argument((err), (function), #__VA_ARGS__, (const bool[]){__VA_ARGS__})
/* `names`: the arguments as they are written, with commas between; `given` [as many]: false where one is NULL. */
clipsearch_status cs_fail_null_argument(clipsearch_error *err, const char *function, const char *names,
                                        const bool *given);
/* CLIPSEARCH_E_ARGUMENT: there is no such value. */
clipsearch_status cs_overflow_check(clipsearch_overflow overflow, const char *function, clipsearch_error *err);
/* CLIPSEARCH_E_ARGUMENT: there is no such metric. */
clipsearch_status cs_metric_check(clipsearch_metric metric, const char *function, clipsearch_error *err);

#endif
