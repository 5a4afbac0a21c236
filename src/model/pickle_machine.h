/* SPDX-License-Identifier: MIT
 * pickle_machine.h - the stack, values and memo of the machine that reads a pickle; private to the pickle reader. */
#ifndef CS_MODEL_PICKLE_MACHINE_H
#define CS_MODEL_PICKLE_MACHINE_H

#include "model/pickle.h"

enum { CS_PICKLE_MARKS = 256 }; /* open at a time */

/* The elements of a growing array that are used and that there is memory for. */
typedef struct cs_machine_size {
    size_t count, capacity;
} cs_machine_size;

typedef struct cs_machine {
    cs_pickle *pickle;
    const char *path;
    size_t base, size, at; /* at: the next byte to read */
    size_t op_at;          /* the current opcode */
    cs_machine_size values, cells, stacked, memorised;
    cs_pickle_ref *stack;
    cs_pickle_ref *memo; /* [memorised.count]; 0: nothing there (None is never stored) */
    size_t marks[CS_PICKLE_MARKS], mark_count;
    bool stopped;
    clipsearch_error *err;
} cs_machine;

/* Number 0 of the values and of the cells is used up: it means None, and no cell. CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_machine_open(cs_machine *m);
/* Free the stack and the memo. The values stay with the pickle. */
void cs_machine_close(cs_machine *m);

/* CLIPSEARCH_E_MODEL with file, byte and `what` is wrong. */
clipsearch_status cs_machine_fail(const cs_machine *m, const char *what);

/* Push a value that exists already; add a value and push it. CLIPSEARCH_E_MODEL (a limit is exceeded), _MEMORY. */
clipsearch_status cs_machine_push(cs_machine *m, cs_pickle_ref ref);
clipsearch_status cs_machine_push_value(cs_machine *m, cs_pickle_value value);

/* How many values are on the stack above the innermost mark, or all of them. */
static inline size_t cs_machine_available(const cs_machine *m)
{
    return m->stacked.count - (m->mark_count ? m->marks[m->mark_count - 1] : 0);
}

/* The caller has checked that there is one. */
static inline cs_pickle_ref cs_machine_pop(cs_machine *m)
{
    return m->stack[--m->stacked.count];
}

static inline cs_pickle_value *cs_machine_top(cs_machine *m)
{
    return &m->pickle->values[m->stack[m->stacked.count - 1]];
}

/* Add an item, with a key or 0, to the value `to`. CLIPSEARCH_E_MODEL (a limit is exceeded), _MEMORY. */
clipsearch_status cs_machine_add_item(cs_machine *m, cs_pickle_ref to, cs_pickle_ref key, cs_pickle_ref item);

/* Move the `n` topmost values into `to`, as items, or alternately as keys and items. Errors as above. */
clipsearch_status cs_machine_pop_items(cs_machine *m, cs_pickle_ref to, size_t n, bool keyed);

/* Keep the topmost value at place `place` of the memo; push the value that is kept there. Errors also for a place far
 * beyond those in use, and for one that is empty. */
clipsearch_status cs_machine_memorise(cs_machine *m, uint64_t place);
clipsearch_status cs_machine_recall(cs_machine *m, uint64_t place);

#endif
