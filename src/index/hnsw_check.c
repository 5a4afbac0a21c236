/* SPDX-License-Identifier: MIT
 * hnsw_check.c - checking that a graph is sound. */
#include "base/mem.h"
#include "index/hnsw_file.h"
#include "index/hnsw_graph.h"

static bool leads_back(const cs_hnsw *hnsw, uint32_t from, uint32_t to)
{
    const uint32_t *links = cs_hnsw_links(hnsw, from, 0);
    for (size_t i = 0; i < hnsw->m0 && links[i] != CS_HNSW_NONE; i++)
        if (links[i] == to)
            return true;
    return false;
}

/* Check one list of links; false when one of them must not be followed. */
static bool check_links(const cs_hnsw *hnsw, uint32_t row, int level, cs_hnsw_report *report)
{
    const uint32_t *links = cs_hnsw_links(hnsw, row, level);
    const size_t cap = cs_hnsw_cap(hnsw, level);
    const size_t before = report->broken;
    for (size_t i = 0; i < cap && links[i] != CS_HNSW_NONE; i++) {
        bool good = links[i] < hnsw->rows && links[i] != row &&
                    (hnsw->state[links[i]] == CS_HNSW_LIVE || hnsw->state[links[i]] == CS_HNSW_DEAD) &&
                    hnsw->levels[links[i]] >= level;
        for (size_t j = 0; j < i && good; j++)
            good = links[j] != links[i];
        report->broken += !good;
        if (level == 0 && good) {
            report->links++;
            report->reciprocal += leads_back(hnsw, links[i], row);
        }
    }
    return report->broken == before;
}

static void check_row(const cs_hnsw *hnsw, uint32_t row, cs_hnsw_report *report)
{
    const int state = hnsw->state[row];
    if (state == CS_HNSW_FREE)
        return;
    if (state != CS_HNSW_DEAD) {
        report->vectors++;
        report->broken += cs_idmap_find(&hnsw->map, hnsw->ids, hnsw->ids[row]) != row;
    }
    if (state == CS_HNSW_SAME) {
        const uint32_t node = hnsw->links[row * hnsw->m0];
        report->broken += node >= hnsw->rows || hnsw->state[node] != CS_HNSW_LIVE;
        return;
    }
    report->nodes += state == CS_HNSW_LIVE;
    report->removed += state == CS_HNSW_DEAD;
    if (hnsw->levels[row] > hnsw->top || hnsw->upper_at[row] + (size_t)hnsw->levels[row] > hnsw->upper_count) {
        report->broken++;
        return;
    }
    for (int level = 0; level <= hnsw->levels[row]; level++)
        check_links(hnsw, row, level, report);
}

/* Called only for a graph without broken links. queue [rows]. */
static void count_unreachable(const cs_hnsw *hnsw, cs_visited *reached, uint32_t *queue, cs_hnsw_report *report)
{
    size_t first = 0, last = 0;
    cs_visited_clear(reached, hnsw->rows);
    cs_visited_add(reached, hnsw->entry);
    queue[last++] = hnsw->entry;
    while (first < last) {
        const uint32_t *links = cs_hnsw_links(hnsw, queue[first++], 0);
        for (size_t i = 0; i < hnsw->m0 && links[i] != CS_HNSW_NONE; i++)
            if (cs_visited_add(reached, links[i]))
                queue[last++] = links[i];
    }
    for (size_t row = 0; row < hnsw->rows; row++)
        report->unreachable += hnsw->state[row] == CS_HNSW_LIVE && !cs_visited_has(reached, (uint32_t)row);
}

static bool entry_is_good(const cs_hnsw *hnsw)
{
    if (hnsw->entry == CS_HNSW_NONE)
        return hnsw->nodes + hnsw->dead == 0;
    return hnsw->entry < hnsw->rows && hnsw->levels[hnsw->entry] == hnsw->top &&
           (hnsw->state[hnsw->entry] == CS_HNSW_LIVE || hnsw->state[hnsw->entry] == CS_HNSW_DEAD);
}

clipsearch_status cs_index_hnsw_check(const cs_index *index, cs_hnsw_report *report, clipsearch_error *err)
{
    const cs_hnsw *hnsw = (const cs_hnsw *)index;
    clipsearch_status status = CLIPSEARCH_OK;
    *report = (cs_hnsw_report){0};
    status = cs_index_hnsw_verify(index, err);
    if (status != CLIPSEARCH_OK)
        return status;
    pthread_rwlock_rdlock(&hnsw->shared->lock);
    cs_visited reached = {.bits = cs_alloc_array(cs_visited_words(hnsw->rows), sizeof *reached.bits)};
    uint32_t *queue = cs_alloc_array(hnsw->rows, sizeof *queue);
    if (!reached.bits || !queue) {
        status = cs_fail_memory(err, "checking an index");
        goto done;
    }
    for (size_t row = 0; row < hnsw->rows; row++)
        check_row(hnsw, (uint32_t)row, report);
    report->broken += report->vectors != hnsw->count || report->nodes != hnsw->nodes || report->removed != hnsw->dead;
    report->broken += !entry_is_good(hnsw);
    report->levels = hnsw->top;
    if (report->broken == 0 && hnsw->entry != CS_HNSW_NONE)
        count_unreachable(hnsw, &reached, queue, report);
done:
    pthread_rwlock_unlock(&hnsw->shared->lock);
    cs_free(queue);
    cs_free(reached.bits);
    return status;
}
