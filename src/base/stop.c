/* SPDX-License-Identifier: MIT
 * stop.c - asks the caller and the clock; waits in slices. */
#include "base/stop.h"

#include "base/clock.h"

#include <time.h>

/* Between two questions to the caller. */
static const double ASK_MS = 2;
enum { SLICE_NS = 5000000 };

static _Thread_local cs_stop *current;

void cs_stop_init(cs_stop *stop, bool (*go_on)(void *context), void *context, double seconds)
{
    *stop = (cs_stop){.go_on = go_on, .context = context, .seconds = seconds};
    stop->start = stop->ask = cs_clock_ms();
}

cs_stop *cs_stop_enter(cs_stop *stop)
{
    cs_stop *before = current;
    current = stop;
    return before;
}

cs_stop *cs_stop_current(void)
{
    return current;
}

bool cs_stop_is_set(const cs_stop *stop)
{
    return stop && atomic_load_explicit(&stop->status, memory_order_relaxed) != CLIPSEARCH_OK;
}

bool cs_stop_asked(void)
{
    cs_stop *stop = current;
    if (!stop)
        return false;
    if (cs_stop_is_set(stop))
        return true;
    const double now = cs_clock_ms();
    clipsearch_status status = CLIPSEARCH_OK;
    if (stop->seconds > 0 && now - stop->start >= stop->seconds * 1000)
        status = CLIPSEARCH_E_TIMEOUT;
    if (status == CLIPSEARCH_OK && stop->go_on && now >= stop->ask) {
        stop->ask = now + ASK_MS;
        current = NULL; /* what the function itself calls is not to be stopped */
        status = stop->go_on(stop->context) ? CLIPSEARCH_OK : CLIPSEARCH_E_CANCELLED;
        current = stop;
    }
    atomic_store_explicit(&stop->status, (int)status, memory_order_relaxed);
    return status != CLIPSEARCH_OK;
}

clipsearch_status cs_stop_fail(const cs_stop *stop, clipsearch_error *err)
{
    if (!cs_stop_is_set(stop))
        return CLIPSEARCH_OK;
    if (atomic_load(&stop->status) == CLIPSEARCH_E_TIMEOUT)
        return cs_fail(err, CLIPSEARCH_E_TIMEOUT, "the search was ended after its time limit of %g s", stop->seconds);
    return cs_fail(err, CLIPSEARCH_E_CANCELLED, "the search was cancelled");
}

clipsearch_status cs_stop_check(clipsearch_error *err)
{
    return cs_stop_asked() ? cs_stop_fail(current, err) : CLIPSEARCH_OK;
}

/* The end of the next slice of a wait, as the pthread functions want it. */
static struct timespec slice_end(void)
{
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_nsec += SLICE_NS;
    if (end.tv_nsec >= 1000000000) {
        end.tv_nsec -= 1000000000;
        end.tv_sec++;
    }
    return end;
}

bool cs_stop_lock(pthread_mutex_t *lock)
{
    if (!current) {
        pthread_mutex_lock(lock);
        return true;
    }
    while (!cs_stop_asked()) {
        const struct timespec end = slice_end();
        if (pthread_mutex_timedlock(lock, &end) == 0)
            return true;
    }
    return false;
}

bool cs_stop_lock_for_reading(pthread_rwlock_t *lock)
{
    if (!current) {
        pthread_rwlock_rdlock(lock);
        return true;
    }
    while (!cs_stop_asked()) {
        const struct timespec end = slice_end();
        if (pthread_rwlock_timedrdlock(lock, &end) == 0)
            return true;
    }
    return false;
}

bool cs_stop_take(sem_t *semaphore)
{
    while (!cs_stop_asked()) {
        const struct timespec end = slice_end();
        if ((current ? sem_timedwait(semaphore, &end) : sem_wait(semaphore)) == 0)
            return true; /* else a slice has passed, or a signal's handler ran */
    }
    return false;
}

void cs_stop_wait(pthread_cond_t *condition, pthread_mutex_t *lock)
{
    if (!current) {
        pthread_cond_wait(condition, lock);
        return;
    }
    const struct timespec end = slice_end();
    pthread_cond_timedwait(condition, lock, &end);
}
