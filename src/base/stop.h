/* SPDX-License-Identifier: MIT
 * stop.h - ends a call that its caller no longer waits for: by a function of the caller, or by a time limit. */
#ifndef CS_BASE_STOP_H
#define CS_BASE_STOP_H

#include "base/error.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

enum { CS_STOP_ROWS = 256 }; /* rows of a database that are read between two looks */

/* What may end one call. The functions without a cs_stop work on that of the calling thread; where there is none they
 * never stop, and cost next to nothing. */
typedef struct cs_stop {
    bool (*go_on)(void *context); /* false: stop. Called on the thread of the call only, every few milliseconds */
    void *context;
    double seconds;    /* the time limit; 0: none */
    double start, ask; /* by cs_clock_ms: when the call began, and when go_on is asked again */
    atomic_int status; /* CLIPSEARCH_OK: go on; else why not */
} cs_stop;

void cs_stop_init(cs_stop *stop, bool (*go_on)(void *context), void *context, double seconds);

/* Make `stop` (NULL: none) the calling thread's; returns the one before, which the caller sets again at its end. */
cs_stop *cs_stop_enter(cs_stop *stop);
/* The calling thread's, or NULL. */
cs_stop *cs_stop_current(void);

/* Whether the call of this thread is to end: looks at the clock and asks go_on. */
bool cs_stop_asked(void);
/* The same as a status. CLIPSEARCH_E_CANCELLED, _TIMEOUT. */
clipsearch_status cs_stop_check(clipsearch_error *err);
/* Whether `stop` (NULL: false) was found to be set. On any thread. */
bool cs_stop_is_set(const cs_stop *stop);
/* The error for a stop that is set; CLIPSEARCH_OK when it is not. */
clipsearch_status cs_stop_fail(const cs_stop *stop, clipsearch_error *err);

/* Waits that end when the call is to end: false, and then nothing is held. */
bool cs_stop_lock(pthread_mutex_t *lock);
bool cs_stop_lock_for_reading(pthread_rwlock_t *lock);
bool cs_stop_take(sem_t *semaphore);
/* Wait for `condition`; with a stop some milliseconds at most, so that the caller can ask between. */
void cs_stop_wait(pthread_cond_t *condition, pthread_mutex_t *lock);

#endif
