/* SPDX-License-Identifier: MIT
 * bench_hnswlib.cpp - hnswlib for hnsw_peers.py, compiled for this machine, to compare with. */
#include "hnsw_set.h"

#include <atomic>
#include <hnswlib/hnswlib.h>
#include <memory>
#include <thread>
#include <vector>

struct peer {
    std::unique_ptr<hnswlib::InnerProductSpace> space;
    std::unique_ptr<hnswlib::HierarchicalNSW<float>> index;
};

static bool build(void *context, const hnsw_set *set)
{
    peer *p = static_cast<peer *>(context);
    p->space.reset(new hnswlib::InnerProductSpace(set->dim));
    p->index.reset(
        new hnswlib::HierarchicalNSW<float>(p->space.get(), set->count, set->m, set->ef_construction));
    std::atomic<size_t> next(1);
    std::vector<std::thread> threads;
    p->index->addPoint(set->base, 0); /* the first alone: it becomes the entry */
    for (unsigned t = 0; t < set->threads; t++)
        threads.emplace_back([&] {
            for (size_t i; (i = next++) < set->count;)
                p->index->addPoint(set->base + i * set->dim, i);
        });
    for (std::thread &thread : threads)
        thread.join();
    return true;
}

static bool search(void *context, const hnsw_set *set, size_t ef, int64_t *found)
{
    peer *p = static_cast<peer *>(context);
    p->index->setEf(ef);
    for (size_t q = 0; q < set->query_count; q++) {
        auto best = p->index->searchKnn(set->queries + q * set->dim, HNSW_K);
        for (size_t i = best.size(); i-- > 0; best.pop())
            found[q * HNSW_K + i] = static_cast<int64_t>(best.top().second);
    }
    return true;
}

int main(int argc, char **argv)
{
    hnsw_set set;
    peer p;
    hnsw_engine engine = {&p, build, search};
    return hnsw_set_open(argc, argv, &set) ? hnsw_serve(&engine, &set) : 2;
}
