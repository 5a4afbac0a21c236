/* SPDX-License-Identifier: MIT
 * calibration_cell.h - what a collection's scores mean, kept until the collection has changed much. */
#ifndef CS_SERVER_CALIBRATION_CELL_H
#define CS_SERVER_CALIBRATION_CELL_H

#include "clipsearch.h"

#include <pthread.h>

typedef struct cs_held_calibration {
    clipsearch_calibration *calibration;
    uint64_t items; /* of the collection, when it was made */
    size_t users;   /* the cell is one of them as long as it is the newest */
} cs_held_calibration;

typedef struct cs_calibration_cell {
    pthread_mutex_t lock;
    cs_held_calibration *newest; /* NULL: not made yet */
} cs_calibration_cell;

typedef clipsearch_status cs_make_calibration(void *context, clipsearch_calibration **made, clipsearch_error *err);

void cs_calibration_cell_init(cs_calibration_cell *cell);
/* Nobody may hold a calibration of it. */
void cs_calibration_cell_destroy(cs_calibration_cell *cell);

/* Take the calibration of a collection that has so many items now. `make` is called when there is none, or when the
 * number of items has changed by more than a tenth since; others that want it wait meanwhile. Give it back.
 * Errors: those of `make`; CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_calibration_take(cs_calibration_cell *cell, uint64_t items, cs_make_calibration *make,
                                      void *context, cs_held_calibration **held, clipsearch_error *err);
/* NULL: nothing happens. */
void cs_calibration_give(cs_calibration_cell *cell, cs_held_calibration *held);

#endif
