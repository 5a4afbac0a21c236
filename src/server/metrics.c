/* SPDX-License-Identifier: MIT
 * metrics.c - counters of requests and their times. */
#include "server/metrics.h"

#include <inttypes.h>

static const double bounds[CS_METRIC_BUCKETS - 1] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30};
static const char *const steps[CS_STEPS] = {"wait", "decode", "encode", "search", "all"};

void cs_metrics_init(cs_metrics *metrics)
{
    *metrics = (cs_metrics){.seconds = {0}};
    pthread_mutex_init(&metrics->lock, NULL);
}

void cs_metrics_destroy(cs_metrics *metrics)
{
    pthread_mutex_destroy(&metrics->lock);
}

static unsigned number_of(const cs_route *route)
{
    unsigned i = 0;
    while (i < CS_METRIC_ROUTES - 1 && cs_route_get(i) && cs_route_get(i) != route)
        i++;
    return cs_route_get(i) ? i : CS_METRIC_ROUTES - 1;
}

void cs_metrics_count(cs_metrics *metrics, const cs_request *request)
{
    const unsigned route = number_of(request->route), class = request->reply.status / 100;
    const double seconds = request->step_ms[CS_STEP_ALL] / 1e3;
    unsigned bucket = 0;
    while (bucket < CS_METRIC_BUCKETS - 1 && seconds > bounds[bucket])
        bucket++;
    pthread_mutex_lock(&metrics->lock);
    metrics->requests[route][class < CS_METRIC_CLASSES ? class : 0]++;
    metrics->buckets[route][bucket]++;
    metrics->seconds[route] += seconds;
    for (unsigned i = 0; i < CS_STEPS; i++) {
        metrics->step_seconds[i] += request->step_ms[i] / 1e3;
        metrics->step_count[i] += request->step_ms[i] > 0;
    }
    pthread_mutex_unlock(&metrics->lock);
}

static void put_labels(cs_buf *out, unsigned number)
{
    const cs_route *route = number < CS_METRIC_ROUTES - 1 ? cs_route_get(number) : NULL;
    cs_buf_printf(out, "method=\"%s\",path=\"%s\"", route ? route->method : "other", route ? route->path : "other");
}

static void put_histogram(const cs_metrics *metrics, unsigned route, cs_buf *out)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < CS_METRIC_BUCKETS; i++)
        sum += metrics->buckets[route][i];
    if (!sum)
        return;
    const uint64_t all = sum;
    sum = 0;
    for (unsigned i = 0; i < CS_METRIC_BUCKETS; i++) {
        sum += metrics->buckets[route][i];
        cs_buf_puts(out, "clipsearch_request_seconds_bucket{");
        put_labels(out, route);
        if (i < CS_METRIC_BUCKETS - 1)
            cs_buf_printf(out, ",le=\"%g\"} %" PRIu64 "\n", bounds[i], sum);
        else
            cs_buf_printf(out, ",le=\"+Inf\"} %" PRIu64 "\n", sum);
    }
    cs_buf_puts(out, "clipsearch_request_seconds_sum{");
    put_labels(out, route);
    cs_buf_printf(out, "} %.6f\nclipsearch_request_seconds_count{", metrics->seconds[route]);
    put_labels(out, route);
    cs_buf_printf(out, "} %" PRIu64 "\n", all);
}

void cs_metrics_put(cs_metrics *metrics, cs_buf *out)
{
    pthread_mutex_lock(&metrics->lock);
    cs_buf_puts(out, "# HELP clipsearch_requests_total Requests that were answered.\n"
                     "# TYPE clipsearch_requests_total counter\n");
    for (unsigned route = 0; route < CS_METRIC_ROUTES; route++)
        for (unsigned class = 0; class < CS_METRIC_CLASSES; class ++)
            if (metrics->requests[route][class]) {
                cs_buf_puts(out, "clipsearch_requests_total{");
                put_labels(out, route);
                cs_buf_printf(out, ",status=\"%uxx\"} %" PRIu64 "\n", class, metrics->requests[route][class]);
            }
    cs_buf_puts(out, "# HELP clipsearch_request_seconds From a request's first byte to its answer.\n"
                     "# TYPE clipsearch_request_seconds histogram\n");
    for (unsigned route = 0; route < CS_METRIC_ROUTES; route++)
        put_histogram(metrics, route, out);
    cs_buf_puts(out, "# HELP clipsearch_step_seconds_total Seconds that the steps of requests took.\n"
                     "# TYPE clipsearch_step_seconds_total counter\n");
    for (unsigned i = 0; i < CS_STEPS; i++)
        cs_buf_printf(out, "clipsearch_step_seconds_total{step=\"%s\"} %.6f\n", steps[i], metrics->step_seconds[i]);
    cs_buf_puts(out, "# HELP clipsearch_step_requests_total Requests that had the step.\n"
                     "# TYPE clipsearch_step_requests_total counter\n");
    for (unsigned i = 0; i < CS_STEPS; i++)
        cs_buf_printf(out, "clipsearch_step_requests_total{step=\"%s\"} %" PRIu64 "\n", steps[i],
                      metrics->step_count[i]);
    pthread_mutex_unlock(&metrics->lock);
}
