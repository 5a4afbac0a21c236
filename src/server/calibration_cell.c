/* SPDX-License-Identifier: MIT
 * calibration_cell.c - the newest calibration, and older ones as long as a search uses them. */
#include "server/calibration_cell.h"

#include "base/error.h"
#include "base/mem.h"

void cs_calibration_cell_init(cs_calibration_cell *cell)
{
    pthread_mutex_init(&cell->lock, NULL);
    cell->newest = NULL;
}

/* Under the lock. */
static void release(cs_held_calibration *held)
{
    if (!held || --held->users)
        return;
    clipsearch_calibration_free(&held->calibration);
    cs_free(held);
}

void cs_calibration_cell_destroy(cs_calibration_cell *cell)
{
    release(cell->newest);
    cell->newest = NULL;
    pthread_mutex_destroy(&cell->lock);
}

static bool is_old(const cs_held_calibration *held, uint64_t items)
{
    const uint64_t differ = held->items > items ? held->items - items : items - held->items;
    return differ > held->items / 10;
}

clipsearch_status cs_calibration_take(cs_calibration_cell *cell, uint64_t items, cs_make_calibration *make,
                                      void *context, cs_held_calibration **held, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    *held = NULL;
    pthread_mutex_lock(&cell->lock);
    if (!cell->newest || is_old(cell->newest, items)) {
        cs_held_calibration *made = cs_zalloc_array(1, sizeof *made);
        status = made ? make(context, &made->calibration, err) : cs_fail_memory(err, "a calibration");
        if (status == CLIPSEARCH_OK) {
            made->items = items;
            made->users = 1;
            release(cell->newest);
            cell->newest = made;
        } else {
            cs_free(made);
        }
    }
    if (status == CLIPSEARCH_OK) {
        *held = cell->newest;
        cell->newest->users++;
    }
    pthread_mutex_unlock(&cell->lock);
    return status;
}

void cs_calibration_give(cs_calibration_cell *cell, cs_held_calibration *held)
{
    if (!held)
        return;
    pthread_mutex_lock(&cell->lock);
    release(held);
    pthread_mutex_unlock(&cell->lock);
}
