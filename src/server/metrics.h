/* SPDX-License-Identifier: MIT
 * metrics.h - counters of a server, in the text format of Prometheus. */
#ifndef CS_SERVER_METRICS_H
#define CS_SERVER_METRICS_H

#include "server/request.h"

#include <pthread.h>

enum { CS_METRIC_ROUTES = 40, CS_METRIC_CLASSES = 6, CS_METRIC_BUCKETS = 12 };

typedef struct cs_metrics {
    pthread_mutex_t lock;
    uint64_t requests[CS_METRIC_ROUTES][CS_METRIC_CLASSES]; /* by route (the last: none) and status / 100 */
    uint64_t buckets[CS_METRIC_ROUTES][CS_METRIC_BUCKETS];  /* answered within, not cumulated */
    double seconds[CS_METRIC_ROUTES];
    double step_seconds[CS_STEPS];
    uint64_t step_count[CS_STEPS];
} cs_metrics;

void cs_metrics_init(cs_metrics *metrics);
void cs_metrics_destroy(cs_metrics *metrics);

/* Count a request whose answer was made. */
void cs_metrics_count(cs_metrics *metrics, const cs_request *request);

/* Append the counters of requests. */
void cs_metrics_put(cs_metrics *metrics, cs_buf *out);

#endif
