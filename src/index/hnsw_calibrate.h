/* SPDX-License-Identifier: MIT
 * hnsw_calibrate.h - choosing ef by measurement, for queries that lie among the vectors and for those that do not. */
#ifndef CS_INDEX_HNSW_CALIBRATE_H
#define CS_INDEX_HNSW_CALIBRATE_H

#include "index/hnsw_graph.h"

/* Measure with a sample of the vectors as near queries, and with every second of queries [count, dim] as far ones; with
 * none, with the queries of the calibration before; with none of those either, with mixtures of vectors. The truth is a
 * scan of the codes, re-ranked by the exact vectors. Of each kind: the smallest ef of a ladder, from the index's own
 * on, at which walks find 0.995 (of far ones 0.997) of the ten nearest; 0 when a scan costs less than that. Queries
 * that are not finite are left out. It takes a few hundredths of the time in which the index was built. The results
 * depend on the vectors and the queries alone. CLIPSEARCH_E_MEMORY: the calibration is as it was. The writer's lock is
 * held, and the index is in memory. */
clipsearch_status cs_hnsw_calibrate(cs_hnsw *hnsw, const float *queries, size_t count, cs_pool *pool,
                                    clipsearch_error *err);

/* Whether the index has grown or shrunk by half since it was calibrated. */
bool cs_hnsw_calibration_is_due(const cs_hnsw *hnsw);

void cs_hnsw_free_calibration(cs_hnsw_calibration *calibration);

#endif
