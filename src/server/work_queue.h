/* SPDX-License-Identifier: MIT
 * work_queue.h - requests that wait for a thread, and the threads. */
#ifndef CS_SERVER_WORK_QUEUE_H
#define CS_SERVER_WORK_QUEUE_H

#include "server/request.h"

typedef struct cs_work_queue cs_work_queue;

/* Start `threads` threads that call work(request) for each request in turn. At most `max_waiting` wait.
 * Errors: CLIPSEARCH_E_IO (no thread can be started), _MEMORY. */
clipsearch_status cs_work_queue_open(size_t threads, size_t max_waiting, void (*work)(cs_request *request),
                                     cs_work_queue **queue, clipsearch_error *err);

/* Finish what waits, and end the threads. */
void cs_work_queue_close(cs_work_queue **queue);

/* False: too many wait already. */
bool cs_work_queue_add(cs_work_queue *queue, cs_request *request);

/* Requests that wait or are worked on. */
size_t cs_work_queue_pending(cs_work_queue *queue);

#endif
