/* SPDX-License-Identifier: MIT
 * work_queue.c - a list of requests and a fixed number of threads. A slow client never has one of them: a request is
 * added when it has been read, and its answer is sent by the HTTP library's thread. */
#include "server/work_queue.h"

#include "base/mem.h"

#include <pthread.h>

struct cs_work_queue {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    cs_request *first, **last;
    size_t waiting, working, max_waiting, thread_count;
    bool ends;
    void (*work)(cs_request *request);
    pthread_t threads[];
};

static void *run(void *context)
{
    cs_work_queue *queue = context;
    pthread_mutex_lock(&queue->lock);
    for (;;) {
        while (!queue->first && !queue->ends)
            pthread_cond_wait(&queue->changed, &queue->lock);
        cs_request *request = queue->first;
        if (!request)
            break;
        queue->first = request->next;
        if (!queue->first)
            queue->last = &queue->first;
        queue->waiting--;
        queue->working++;
        pthread_mutex_unlock(&queue->lock);
        queue->work(request); /* which is another thread's when it returns */
        pthread_mutex_lock(&queue->lock);
        queue->working--;
    }
    pthread_mutex_unlock(&queue->lock);
    return NULL;
}

clipsearch_status cs_work_queue_open(size_t threads, size_t max_waiting, void (*work)(cs_request *request),
                                     cs_work_queue **opened, clipsearch_error *err)
{
    cs_work_queue *queue = cs_zalloc_array(1, sizeof *queue + threads * sizeof *queue->threads);
    *opened = queue;
    if (!queue)
        return cs_fail_memory(err, "threads");
    queue->last = &queue->first;
    queue->max_waiting = max_waiting;
    queue->work = work;
    pthread_mutex_init(&queue->lock, NULL);
    pthread_cond_init(&queue->changed, NULL);
    for (size_t i = 0; i < threads; i++) {
        const int failed = pthread_create(&queue->threads[i], NULL, run, queue);
        if (failed) {
            cs_work_queue_close(opened);
            return cs_fail_errno(err, CLIPSEARCH_E_IO, failed, "cannot start %zu threads", threads);
        }
        queue->thread_count++;
    }
    return CLIPSEARCH_OK;
}

void cs_work_queue_close(cs_work_queue **opened)
{
    cs_work_queue *queue = *opened;
    if (!queue)
        return;
    pthread_mutex_lock(&queue->lock);
    queue->ends = true;
    pthread_cond_broadcast(&queue->changed);
    pthread_mutex_unlock(&queue->lock);
    for (size_t i = 0; i < queue->thread_count; i++)
        pthread_join(queue->threads[i], NULL);
    pthread_cond_destroy(&queue->changed);
    pthread_mutex_destroy(&queue->lock);
    cs_free(queue);
    *opened = NULL;
}

bool cs_work_queue_add(cs_work_queue *queue, cs_request *request)
{
    pthread_mutex_lock(&queue->lock);
    const bool takes = queue->waiting < queue->max_waiting && !queue->ends;
    if (takes) {
        request->next = NULL;
        *queue->last = request;
        queue->last = &request->next;
        queue->waiting++;
        pthread_cond_signal(&queue->changed);
    }
    pthread_mutex_unlock(&queue->lock);
    return takes;
}

size_t cs_work_queue_pending(cs_work_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    const size_t pending = queue->waiting + queue->working;
    pthread_mutex_unlock(&queue->lock);
    return pending;
}
