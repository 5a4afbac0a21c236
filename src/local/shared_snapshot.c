/* SPDX-License-Identifier: MIT
 * shared_snapshot.c - one snapshot for all handles and threads of a collection, replaced when that changes. */
#include "base/stop.h"
#include "local/collection.h"

/* Its receiver may use the database, so a note is sent when the search has let everything go. */
static void note_exact(local_read *read, const char *why)
{
    cs_fail(&read->note, CLIPSEARCH_OK, "%s; searching all of %s exactly", why, read->identity->name);
    read->noted = true;
}

/* The shared snapshot with one more use, if it is what the read sees; else NULL. */
static cs_snapshot *find_current(const local_read *read, const char *index_path)
{
    local_shared *shared = read->collection->shared;
    pthread_mutex_lock(&shared->lock);
    cs_snapshot *snapshot = shared->snapshot;
    if (snapshot)
        cs_snapshot_use(snapshot);
    pthread_mutex_unlock(&shared->lock);
    if (snapshot && !cs_snapshot_is_current(snapshot, &read->state, index_path))
        cs_snapshot_release(&snapshot);
    return snapshot;
}

/* Replace the shared snapshot. Returns whether the reason is to be noted, which is done once for each index file. */
static bool publish(local_shared *shared, cs_snapshot *made, cs_snapshot_reason reason)
{
    pthread_mutex_lock(&shared->lock);
    cs_snapshot *old = shared->snapshot;
    shared->snapshot = made;
    if (made)
        cs_snapshot_use(made);
    const bool note =
        made && reason != CS_SNAPSHOT_NO_REASON && !cs_index_file_marks_equal(&shared->noted, &made->mark);
    if (note)
        shared->noted = made->mark;
    else if (made && made->graph_usable)
        shared->noted.taken = false;
    if (made && reason == CS_SNAPSHOT_FILE_UNUSABLE)
        shared->refused = made->mark;
    pthread_mutex_unlock(&shared->lock);
    cs_snapshot_release(&old);
    return note;
}

/* Make the snapshot of the read's generation from the shared one, which is taken away: when no search uses it, its
 * memory goes into the new one. The index file may be unusable because another process has just put a new one in place,
 * which this read transaction does not know: then a new transaction does. */
static clipsearch_status build(local_read *read, const char *index_path, cs_snapshot **made, cs_snapshot_reason *reason,
                               clipsearch_error *why, clipsearch_error *err)
{
    enum { ATTEMPTS = 3 };
    local_shared *shared = read->collection->shared;
    clipsearch_status status = CLIPSEARCH_OK;
    pthread_mutex_lock(&shared->lock);
    cs_snapshot *before = shared->snapshot;
    const cs_index_file_mark refused = shared->refused;
    shared->snapshot = NULL;
    pthread_mutex_unlock(&shared->lock);
    for (int attempt = 1;; attempt++) {
        const cs_snapshot_request request = {.store = read->store,
                                             .identity = read->identity,
                                             .state = &read->state,
                                             .index_path = index_path,
                                             .refused = &refused,
                                             .before = before};
        status = cs_snapshot_make(&request, made, reason, why, err);
        cs_snapshot_release(&before);
        if (status != CLIPSEARCH_OK || *reason == CS_SNAPSHOT_NO_REASON || attempt == ATTEMPTS)
            return status;
        const cs_store_state seen = read->state;
        status = cs_local_renew_read(read, err);
        const bool same = seen.index_owner == read->state.index_owner && seen.index_next == read->state.index_next &&
                          seen.generation == read->state.generation;
        if (status == CLIPSEARCH_OK && same)
            return status;
        before = *made;
        *made = NULL;
        if (status != CLIPSEARCH_OK) {
            cs_snapshot_release(&before);
            return status;
        }
    }
}

clipsearch_status cs_local_get_snapshot(local_read *read, bool want_graph, cs_snapshot **snapshot,
                                        clipsearch_error *err)
{
    local_shared *shared = read->collection->shared;
    const char *index_path = want_graph ? shared->index_path : NULL;
    cs_snapshot_reason reason = CS_SNAPSHOT_NO_REASON;
    clipsearch_error why;
    bool note = false;
    *snapshot = find_current(read, index_path);
    if (*snapshot)
        return CLIPSEARCH_OK;
    if (!cs_stop_lock(&shared->build_lock))
        return cs_stop_check(err);
    /* begun under the lock, a transaction sees no older state than the shared snapshot's */
    clipsearch_status status = cs_local_renew_read(read, err);
    if (status == CLIPSEARCH_OK && !(*snapshot = find_current(read, index_path))) {
        status = build(read, index_path, snapshot, &reason, &why, err);
        note = publish(shared, *snapshot, reason);
    }
    pthread_mutex_unlock(&shared->build_lock);
    if (note)
        note_exact(read, why.message);
    return status;
}

void cs_local_refuse_graph(local_read *read, cs_snapshot *snapshot, const char *damage)
{
    local_shared *shared = read->collection->shared;
    if (atomic_exchange(&snapshot->graph->damaged, true))
        return;
    pthread_mutex_lock(&shared->lock);
    shared->refused = shared->noted = cs_index_file_read_mark(shared->index_path, &read->state);
    pthread_mutex_unlock(&shared->lock);
    note_exact(read, damage);
}
