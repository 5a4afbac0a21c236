/* SPDX-License-Identifier: MIT
 * scan_group.c - one thread makes a pass for all that wait. */
#include "local/scan_group.h"

#include "base/mem.h"
#include "base/stop.h"

#include <string.h>

enum {
    POOL_FLOATS = 1 << 22, /* below this many to compare, one thread takes about as long as waking the others does */
    PASS_QUERIES = 64      /* so that a call with a few does not wait for all of one with thousands */
};

typedef struct cs_scan_request {
    struct cs_scan_request *next;
    cs_flat_query *queries; /* [count] */
    size_t count;
    bool done;
    clipsearch_status status;
    clipsearch_error *err;
} cs_scan_request;

void cs_scan_group_init(cs_scan_group *group)
{
    *group = (cs_scan_group){0};
    pthread_mutex_init(&group->lock, NULL);
    pthread_cond_init(&group->pass_ended, NULL);
}

void cs_scan_group_destroy(cs_scan_group *group)
{
    pthread_cond_destroy(&group->pass_ended);
    pthread_mutex_destroy(&group->lock);
}

clipsearch_status cs_scan_alone(local_database *db, const cs_index *index, cs_flat_query *queries, size_t count,
                                clipsearch_error *err)
{
    const size_t floats = cs_index_count(index) * index->dim;
    cs_pool *pool = count && floats >= POOL_FLOATS / count ? cs_local_borrow_pool(db) : NULL;
    clipsearch_status status = cs_index_flat_search_many(index, queries, count, pool, err);
    cs_local_return_pool(db, pool);
    return status;
}

/* All requests of the list in one pass; false when there is no memory for that. */
static bool scan_together(local_database *db, const cs_index *index, cs_scan_request *list)
{
    size_t count = 0, at = 0;
    for (const cs_scan_request *r = list; r; r = r->next)
        count += r->count;
    cs_flat_query *all = cs_alloc_array(count, sizeof *all);
    if (!all)
        return false;
    for (const cs_scan_request *r = list; r; at += r->count, r = r->next)
        memcpy(all + at, r->queries, r->count * sizeof *all);
    const bool done = cs_scan_alone(db, index, all, count, NULL) == CLIPSEARCH_OK;
    at = 0;
    for (cs_scan_request *r = list; r && done; at += r->count, r = r->next)
        for (size_t i = 0; i < r->count; i++)
            r->queries[i].found = all[at + i].found;
    cs_free(all);
    return done;
}

/* Take from the group what one pass is made for: the oldest request, and those behind it as far as they fit. */
static cs_scan_request *dequeue_requests(cs_scan_group *group)
{
    cs_scan_request *list = group->first, *last = list;
    size_t count = list->count;
    while (last->next && count + last->next->count <= PASS_QUERIES) {
        last = last->next;
        count += last->count;
    }
    group->first = last->next;
    last->next = NULL;
    return list;
}

/* Called with the lock held, and returns with it held. */
static void make_pass(cs_scan_group *group, local_database *db, const cs_index *index)
{
    cs_scan_request *list = dequeue_requests(group);
    group->scanning = true;
    pthread_mutex_unlock(&group->lock);
    if (!list->next || !scan_together(db, index, list))
        for (cs_scan_request *r = list; r; r = r->next)
            r->status = cs_scan_alone(db, index, r->queries, r->count, r->err);
    pthread_mutex_lock(&group->lock);
    for (cs_scan_request *r = list, *next; r; r = next) {
        next = r->next; /* a request that is done may vanish */
        r->done = true;
    }
    group->scanning = false;
    pthread_cond_broadcast(&group->pass_ended);
}

/* Take a request out of those that wait; false when a pass is being made for it. The lock is held. */
static bool withdraw(cs_scan_group *group, const cs_scan_request *request)
{
    for (cs_scan_request **link = &group->first; *link; link = &(*link)->next)
        if (*link == request) {
            *link = request->next;
            return true;
        }
    return false;
}

/* At most PASS_QUERIES. */
static clipsearch_status scan_in_turn(cs_scan_group *group, local_database *db, const cs_index *index,
                                      cs_flat_query *queries, size_t count, clipsearch_error *err)
{
    cs_scan_request own = {.queries = queries, .count = count, .err = err};
    pthread_mutex_lock(&group->lock);
    cs_scan_request **end = &group->first;
    while (*end)
        end = &(*end)->next;
    *end = &own;
    while (!own.done) {
        if (!group->scanning) {
            make_pass(group, db, index);
            continue;
        }
        cs_stop_wait(&group->pass_ended, &group->lock);
        pthread_mutex_unlock(&group->lock);
        const bool stopped = cs_stop_asked();
        pthread_mutex_lock(&group->lock);
        if (stopped && !own.done && withdraw(group, &own))
            break;
    }
    pthread_mutex_unlock(&group->lock);
    return own.done ? own.status : cs_stop_check(err);
}

clipsearch_status cs_scan_group_search(cs_scan_group *group, local_database *db, const cs_index *index,
                                       cs_flat_query *queries, size_t count, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    for (size_t first = 0; first < count && status == CLIPSEARCH_OK; first += PASS_QUERIES) {
        const size_t some = count - first < PASS_QUERIES ? count - first : PASS_QUERIES;
        status = scan_in_turn(group, db, index, queries + first, some, err);
    }
    return status;
}
