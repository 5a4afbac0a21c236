/* SPDX-License-Identifier: MIT
 * scan_group.h - exact searches of several threads, in one pass over the vectors. */
#ifndef CS_LOCAL_SCAN_GROUP_H
#define CS_LOCAL_SCAN_GROUP_H

#include "index/index.h"
#include "local/database.h"

/* Reading the vectors from memory takes longer than comparing them: two processors that scan for two threads at once
 * are only 1.7 times as fast as one. So searches that come while a pass is under way wait for its end, and the next
 * pass is for all of them. */
typedef struct cs_scan_group {
    pthread_mutex_t lock; /* guards the rest */
    pthread_cond_t pass_ended;
    struct cs_scan_request *first; /* waiting, in the order in which they came */
    bool scanning;
} cs_scan_group;

void cs_scan_group_init(cs_scan_group *group);
void cs_scan_group_destroy(cs_scan_group *group);

/* cs_index_flat_search_many, together with the calls of other threads for the same index, on the database's pool when
 * that is free. The results are those of a pass of one's own. CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_scan_group_search(cs_scan_group *group, local_database *db, const cs_index *index,
                                       cs_flat_query *queries, size_t count, clipsearch_error *err);

/* The same in a pass of its own. */
clipsearch_status cs_scan_alone(local_database *db, const cs_index *index, cs_flat_query *queries, size_t count,
                                clipsearch_error *err);

#endif
