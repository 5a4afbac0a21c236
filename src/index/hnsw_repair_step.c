/* SPDX-License-Identifier: MIT
 * hnsw_repair_step.c - repairing the graph around removed nodes a few rows at a time, beside other changes. */
#include "index/hnsw_repair_step.h"

#include "base/mem.h"
#include "index/hnsw_remove.h"
#include "index/hnsw_repair.h"

#include <string.h>

/* Repairing a whole graph takes some 60 microseconds a node, a minute for a million: no insert can wait so long. So a
 * gradual repair takes the nodes removed so far (the retiring ones), goes over all rows a few at a time, and replaces
 * links to them. No new link to them is made meanwhile (only living nodes are chosen), so after the last row no link
 * leads to them. Then their own links are cleared, and at last their rows are freed. Nodes removed since then wait for
 * the next repair. A file can be written between any two steps, so no row may link to one that has been freed. */
enum {
    LOOKED_AT = 64, /* for each row that may be repaired so many may be checked: most need nothing */
    FREED = 8       /* and so many may be cleared or freed */
};

static bool is_retiring(const cs_hnsw *hnsw, uint32_t row)
{
    return row / 64 < hnsw->retiring.words && cs_visited_has(&hnsw->retiring, row);
}

static size_t end_of(const cs_hnsw *hnsw)
{
    return hnsw->retiring.words * 64;
}

static bool begin_repair(cs_hnsw *hnsw)
{
    const size_t words = cs_visited_words(hnsw->rows);
    hnsw->retiring.bits = cs_zalloc_array(words, sizeof *hnsw->retiring.bits);
    if (!hnsw->retiring.bits)
        return false;
    hnsw->retiring.words = words;
    hnsw->repaired = 0;
    for (size_t row = 0; row < hnsw->rows; row++)
        if (hnsw->state[row] == CS_HNSW_DEAD)
            cs_visited_add(&hnsw->retiring, (uint32_t)row);
    return true;
}

static bool links_to_retiring(const cs_hnsw *hnsw, uint32_t row, int level)
{
    const uint32_t *links = cs_hnsw_links(hnsw, row, level);
    const size_t cap = cs_hnsw_cap(hnsw, level);
    for (size_t i = 0; i < cap && links[i] != CS_HNSW_NONE; i++)
        if (is_retiring(hnsw, links[i]))
            return true;
    return false;
}

/* Removed nodes that are not retiring are walked over too, so they are repaired like living ones. Returns whether there
 * was something to repair. */
static bool repair_row(cs_hnsw *hnsw, uint32_t row, uint32_t *links, cs_hnsw_scratch *scratch)
{
    bool changed = false;
    if ((hnsw->state[row] != CS_HNSW_LIVE && hnsw->state[row] != CS_HNSW_DEAD) || is_retiring(hnsw, row))
        return false;
    for (int level = 0; level <= hnsw->levels[row]; level++)
        if (links_to_retiring(hnsw, row, level)) {
            cs_hnsw_repair_links(hnsw, row, level, links, scratch);
            pthread_rwlock_wrlock(&hnsw->shared->lock);
            memcpy(cs_hnsw_links(hnsw, row, level), links, cs_hnsw_cap(hnsw, level) * sizeof *links);
            pthread_rwlock_unlock(&hnsw->shared->lock);
            changed = true;
        }
    if (changed && hnsw->state[row] == CS_HNSW_LIVE)
        cs_hnsw_add_links_back(hnsw, row);
    return changed;
}

/* No path leads to the retiring nodes any more, so they leave the upper levels. The entry must not be one of them. */
static void leave_upper_levels(cs_hnsw *hnsw)
{
    uint32_t entry = CS_HNSW_NONE;
    int top = 0;
    pthread_rwlock_wrlock(&hnsw->shared->lock);
    for (uint32_t row = 0; row < hnsw->rows; row++) {
        if (is_retiring(hnsw, row)) {
            hnsw->levels[row] = 0;
        } else if ((hnsw->state[row] == CS_HNSW_LIVE || hnsw->state[row] == CS_HNSW_DEAD) &&
                   (entry == CS_HNSW_NONE || hnsw->levels[row] > top)) {
            entry = row;
            top = hnsw->levels[row];
        }
    }
    if (hnsw->entry != CS_HNSW_NONE && is_retiring(hnsw, hnsw->entry)) {
        hnsw->entry = entry;
        hnsw->top = top;
    }
    pthread_rwlock_unlock(&hnsw->shared->lock);
}

static void clear_links(cs_hnsw *hnsw, uint32_t row)
{
    cs_hnsw_links(hnsw, row, 0)[0] = CS_HNSW_NONE;
}

static void free_node(cs_hnsw *hnsw, uint32_t row)
{
    cs_hnsw_free_row(hnsw, row);
    hnsw->dead--;
}

/* Behind the repair of all rows: twice over them, first to clear the links of the retiring ones, then to free them. */
static void clear_and_free_some(cs_hnsw *hnsw, size_t rows)
{
    const size_t end = end_of(hnsw);
    for (size_t looked = 0, done = 0; hnsw->repaired < 3 * end && done < rows * FREED && looked < rows * LOOKED_AT;
         looked++) {
        const bool clear = hnsw->repaired < 2 * end;
        const uint32_t row = (uint32_t)(hnsw->repaired++ % end);
        if (!is_retiring(hnsw, row))
            continue;
        pthread_rwlock_wrlock(&hnsw->shared->lock);
        (clear ? clear_links : free_node)(hnsw, row);
        pthread_rwlock_unlock(&hnsw->shared->lock);
        done++;
    }
    if (hnsw->repaired == 3 * end) {
        cs_free(hnsw->retiring.bits);
        hnsw->retiring = (cs_visited){0};
    }
}

clipsearch_status cs_hnsw_repair_step(cs_hnsw *hnsw, bool due, size_t rows, clipsearch_error *err)
{
    if (!hnsw->retiring.bits && !due)
        return CLIPSEARCH_OK;
    if (!hnsw->retiring.bits && !begin_repair(hnsw))
        return cs_fail_memory(err, "repairing the links of an index");
    const size_t end = end_of(hnsw);
    if (hnsw->repaired >= end) {
        clear_and_free_some(hnsw, rows);
        return CLIPSEARCH_OK;
    }
    cs_hnsw_scratch *scratch = cs_hnsw_borrow_scratch(hnsw, 1, cs_hnsw_repair_candidates(hnsw));
    uint32_t *links = cs_alloc_array(hnsw->m0, sizeof *links);
    if (scratch && links)
        for (size_t looked = 0, changed = 0; hnsw->repaired < end && changed < rows && looked < rows * LOOKED_AT;
             looked++) {
            const uint32_t row = (uint32_t)hnsw->repaired++;
            changed += row < hnsw->rows && repair_row(hnsw, row, links, scratch);
        }
    clipsearch_status status =
        scratch && links ? CLIPSEARCH_OK : cs_fail_memory(err, "repairing the links of an index");
    cs_hnsw_return_scratch(hnsw, scratch);
    cs_free(links);
    if (hnsw->repaired == end)
        leave_upper_levels(hnsw);
    return status;
}
