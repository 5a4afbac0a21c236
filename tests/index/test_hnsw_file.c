/* SPDX-License-Identifier: MIT
 * test_hnsw_file.c - an index written, mapped and changed is the index it was; damage is noticed, wherever it is. */
#include "base/checksum.h"
#include "base/mem.h"
#include "hnsw_fixture.h"
#include "index/hnsw_file.h"
#include "index/hnsw_format.h"
#include "tap.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    DIM = 24,
    COUNT = 3000,
    REMOVED = 200,
    COPIES = 150,
    MORE = 300,
    QUERIES = 40,
    K = 10,
    EF = 40,
    FLIPS = 300,
    ASKED = 30
};

static const char *const metric_names[] = {"cosine", "ip", "l2"};
static const cs_hnsw_stamp stamp = {.owner = 0x123456789abcdef0, .generation = 77};
static char folder[] = "/tmp/clipsearch-hnsw-file-XXXXXX";
static clipsearch_error err;

static const char *path_of(const char *name)
{
    static char paths[4][96];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

/* Built, some of it removed, some vectors several times over, some replaced. */
static cs_index *make(clipsearch_metric metric, cs_quant_kind kind, const float *vectors)
{
    cs_index *index = NULL;
    static int64_t ids[COUNT];
    bool good = cs_index_hnsw_open(DIM, metric, &(cs_hnsw_options){.codes = kind, .seed = 5, .ef = EF}, &index, &err) ==
                CLIPSEARCH_OK;
    for (int i = 0; i < COUNT; i++)
        ids[i] = 10 + 3 * i;
    good = good && cs_index_put_many(index, ids, vectors, COUNT, NULL, &err) == CLIPSEARCH_OK;
    for (int i = 0; i < COPIES && good; i++)
        good = cs_index_put(index, 1000000 + i, vectors + (i % 7) * DIM, &err) == CLIPSEARCH_OK;
    for (int i = 0; i < REMOVED && good; i++)
        good = cs_index_remove(index, ids[7 * i]);
    good = good && cs_index_hnsw_calibrate(index, vectors + 50 * DIM, ASKED, NULL, &err) == CLIPSEARCH_OK;
    if (!good) {
        printf("Bail out! %s\n", err.message);
        exit(1);
    }
    return index;
}

static bool save(const cs_index *index, const char *name)
{
    cs_replacement to;
    clipsearch_status status = cs_replacement_open(path_of(name), &to, &err);
    if (status == CLIPSEARCH_OK)
        status = cs_index_hnsw_write(index, &stamp, &to, &err);
    if (status == CLIPSEARCH_OK)
        return cs_replacement_commit(&to, &err) == CLIPSEARCH_OK;
    cs_replacement_drop(&to);
    return false;
}

static cs_index *load(const char *name)
{
    cs_index *index = NULL;
    cs_hnsw_stamp found;
    err.message[0] = '\0';
    if (cs_index_hnsw_map(path_of(name), &index, &found, &err) == CLIPSEARCH_OK &&
        (found.owner != stamp.owner || found.generation != stamp.generation))
        cs_index_close(&index);
    return index;
}

static bool same_answers(const cs_index *a, const cs_index *b, const float *queries, const cs_id_set *allowed, size_t k)
{
    static cs_neighbour one[COUNT + COPIES + MORE], two[COUNT + COPIES + MORE];
    for (size_t q = 0; q < QUERIES; q++) {
        size_t found[2] = {0};
        cs_index_stats stats[2];
        cs_index_search_params params = {.k = k, .allowed = allowed, .stats = &stats[0]};
        if (cs_index_search(a, queries + q * DIM, &params, NULL, one, &found[0], &err))
            return false;
        params.stats = &stats[1];
        if (cs_index_search(b, queries + q * DIM, &params, NULL, two, &found[1], &err))
            return false;
        bool same = found[0] == found[1] && stats[0].graph == stats[1].graph && found[0] > 0;
        for (size_t i = 0; i < found[0] && same; i++)
            same = one[i].id == two[i].id && one[i].score == two[i].score;
        if (!same)
            return false;
    }
    return true;
}

static bool same_files(const char *a, const char *b)
{
    cs_map one, two;
    if (cs_map_open(path_of(a), &one, &err) || cs_map_open(path_of(b), &two, &err))
        return false;
    bool same = one.size == two.size && memcmp(one.data, two.data, one.size) == 0;
    cs_map_close(&one);
    cs_map_close(&two);
    return same;
}

static bool holds(const char *name, const float *vector)
{
    cs_map map;
    bool found = false;
    if (cs_map_open(path_of(name), &map, &err) == CLIPSEARCH_OK)
        found = memmem(map.data, map.size, vector, DIM * sizeof *vector) != NULL;
    cs_map_close(&map);
    return found;
}

static bool change(cs_index *index, const float *more)
{
    bool good = true;
    for (int i = 0; i < MORE && good; i++)
        good = cs_index_put(index, i % 2 ? 2000000 + i : 13 + 3 * i, more + i * DIM, &err) == CLIPSEARCH_OK;
    for (int i = 0; i < 100 && good; i++)
        good = cs_index_remove(index, 10 + 3 * (COUNT - 1 - i)) || (COUNT - 1 - i) % 7 == 0;
    return good;
}

static void test_round(clipsearch_metric metric, cs_quant_kind kind, const char *kind_name)
{
    static uint64_t bits[(3 * COUNT + 63) / 64];
    float *vectors = fixture_vectors(COUNT, DIM, metric), *queries = fixture_vectors(QUERIES, DIM, metric);
    float *more = fixture_vectors(MORE, DIM, metric), vector[DIM];
    cs_index *index = make(metric, kind, vectors);
    char what[32];
    snprintf(what, sizeof what, "%s %s", metric_names[metric], kind_name);
    bool good = save(index, "one");
    cs_index *mapped = good ? load("one") : NULL;
    TAP_OK(mapped != NULL, "%s: written and mapped %s", what, err.message);
    if (!mapped)
        exit(1);
    cs_id_set allowed = {.bits = bits, .first = 10, .size = 3 * COUNT};
    for (size_t i = 0; i < 3 * COUNT; i += 6, allowed.count++)
        bits[i / 64] |= UINT64_C(1) << i % 64;
    TAP_OK(same_answers(index, mapped, queries, NULL, K) && same_answers(index, mapped, queries, &allowed, K) &&
               same_answers(index, mapped, queries, NULL, COUNT),
           "%s: the same answers, with a filter and by a scan too", what);
    cs_hnsw_report before, after;
    cs_hnsw_info facts;
    cs_index_hnsw_describe(mapped, &facts);
    good = cs_index_hnsw_check(index, &before, &err) == CLIPSEARCH_OK &&
           cs_index_hnsw_check(mapped, &after, &err) == CLIPSEARCH_OK;
    TAP_OK(good && memcmp(&before, &after, sizeof before) == 0 && after.broken == 0 && facts.removed > 0 &&
               facts.file_bytes > COUNT * DIM * sizeof(float),
           "%s: the check finds the same", what);
    TAP_OK(save(mapped, "two") && same_files("one", "two"), "%s: what is mapped and written is the same file", what);
    bool found = false, missing = true;
    good = cs_index_hnsw_copy_vector(mapped, 13, vector, &found, &err) == CLIPSEARCH_OK &&
           cs_index_hnsw_copy_vector(mapped, 11, vector, &missing, &err) == CLIPSEARCH_OK;
    TAP_OK(good && found && !missing && memcmp(vector, vectors + DIM, sizeof vector) == 0, "%s: a vector by its id",
           what);
    TAP_OK(change(index, more) && change(mapped, more) && same_answers(index, mapped, queries, NULL, K) &&
               same_files("one", "two"),
           "%s: changed in the same way, the same answers; the file is as it was", what);
    good = cs_index_vacuum(index, NULL, &err) == CLIPSEARCH_OK && cs_index_vacuum(mapped, NULL, &err) == CLIPSEARCH_OK;
    TAP_OK(good && same_answers(index, mapped, queries, NULL, K) && save(mapped, "two") &&
               !holds("two", vectors + 14 * DIM) && holds("two", vectors + 22 * DIM),
           "%s: after a vacuum the file holds no byte of what was removed", what);
    cs_index_close(&mapped);
    cs_index_close(&index);
    cs_free(more);
    cs_free(queries);
    cs_free(vectors);
}

static void test_empty(void)
{
    cs_index *index = NULL, *mapped = NULL;
    const float vector[DIM] = {1};
    cs_neighbour one;
    size_t found = 1;
    bool good = cs_index_hnsw_open(DIM, CLIPSEARCH_COSINE, &(cs_hnsw_options){0}, &index, &err) == CLIPSEARCH_OK &&
                save(index, "empty") && (mapped = load("empty")) != NULL;
    good = good && cs_index_search(mapped, vector, &(cs_index_search_params){.k = 1}, NULL, &one, &found, &err) ==
                       CLIPSEARCH_OK;
    TAP_OK(good && found == 0 && !cs_index_remove(mapped, 1), "an empty index %s", err.message);
    good =
        cs_index_put(mapped, 5, vector, &err) == CLIPSEARCH_OK &&
        cs_index_search(mapped, vector, &(cs_index_search_params){.k = 1}, NULL, &one, &found, &err) == CLIPSEARCH_OK;
    TAP_OK(good && found == 1 && one.id == 5, "a vector put into it");
    cs_index_close(&mapped);
    cs_index_close(&index);
}

/* ---- threads */

typedef struct searching {
    const cs_index *index, *mapped;
    const float *queries;
    bool same;
} searching;

static void search_piece(void *context, size_t piece, unsigned worker)
{
    const searching *s = context;
    cs_neighbour one[K], two[K];
    size_t found[2] = {0};
    (void)worker;
    const cs_index_search_params params = {.k = K};
    const float *query = s->queries + piece % QUERIES * DIM;
    bool same = cs_index_search(s->index, query, &params, NULL, one, &found[0], NULL) == CLIPSEARCH_OK &&
                cs_index_search(s->mapped, query, &params, NULL, two, &found[1], NULL) == CLIPSEARCH_OK &&
                found[0] == found[1];
    for (size_t i = 0; i < found[0] && same; i++)
        same = one[i].id == two[i].id && one[i].score == two[i].score;
    ((searching *)context)[1 + piece].same = same;
}

/* All begin with a file of which nothing has been verified. */
static void test_threads(const cs_index *index)
{
    enum { PIECES = 10 * QUERIES };
    static searching all[1 + PIECES];
    float *queries = fixture_vectors(QUERIES, DIM, CLIPSEARCH_COSINE);
    cs_index *mapped = load("one");
    cs_pool *pool = NULL;
    bool same = mapped && cs_pool_open(4, &pool, &err) == CLIPSEARCH_OK;
    all[0] = (searching){.index = index, .mapped = mapped, .queries = queries};
    if (same)
        cs_pool_run(pool, PIECES, search_piece, all);
    for (size_t i = 1; i <= PIECES; i++)
        same = same && all[i].same;
    TAP_OK(same, "four threads search one file that is verified as they go");
    cs_pool_close(&pool);
    cs_index_close(&mapped);
    cs_free(queries);
}

/* ---- damage */

static bool flip(const char *path, uint64_t bit)
{
    int fd = open(path, O_RDWR);
    uint8_t byte = 0;
    bool good = fd >= 0 && pread(fd, &byte, 1, (off_t)(bit / 8)) == 1;
    byte ^= (uint8_t)(1 << bit % 8);
    good = good && pwrite(fd, &byte, 1, (off_t)(bit / 8)) == 1;
    if (fd >= 0)
        close(fd);
    return good;
}

/* Whether a byte belongs to the header, the table of checksums, or a section, and not to what fills up a page. */
static bool is_content(const cs_hnsw_header *h, uint64_t at)
{
    uint64_t pages = 0;
    for (int s = 0; s < CS_SECTIONS; s++) {
        pages += cs_hnsw_page_count(h->section[s].bytes);
        if (at >= h->section[s].offset && at < h->section[s].offset + h->section[s].bytes)
            return true;
    }
    return at < CS_HNSW_PAGE + pages * sizeof(uint64_t);
}

/* Search a file until damage is found: every answer before that is the answer of the undamaged index. */
static bool is_noticed_in_time(const cs_index *index, const char *name, const float *queries, bool content, int *when)
{
    cs_index *mapped = load(name);
    if (!mapped) {
        *when = 0;
        return content && (err.code == CLIPSEARCH_E_FORMAT || err.code == CLIPSEARCH_E_UNSUPPORTED);
    }
    bool right = true, noticed = false;
    for (size_t q = 0; q < QUERIES && right && !noticed; q++) {
        cs_neighbour one[K], two[K];
        size_t found[2] = {0};
        cs_index_search_params params = {.k = K};
        cs_index_search(index, queries + q * DIM, &params, NULL, one, &found[0], NULL);
        clipsearch_status status = cs_index_search(mapped, queries + q * DIM, &params, NULL, two, &found[1], &err);
        noticed = status == CLIPSEARCH_E_FORMAT;
        right = noticed ? found[1] == 0 : status == CLIPSEARCH_OK && found[0] == found[1];
        for (size_t i = 0; i < found[1] && right; i++)
            right = one[i].id == two[i].id && one[i].score == two[i].score;
    }
    *when = noticed ? 1 : 2;
    right = right && (cs_index_hnsw_verify(mapped, &err) == CLIPSEARCH_E_FORMAT) == content;
    right = right && (cs_index_hnsw_copy_to_memory(mapped, 0, &err) == CLIPSEARCH_E_FORMAT) == content;
    cs_index_close(&mapped);
    return right;
}

static void test_flips(cs_quant_kind kind, const char *kind_name)
{
    float *vectors = fixture_vectors(COUNT, DIM, CLIPSEARCH_COSINE);
    float *queries = fixture_vectors(QUERIES, DIM, CLIPSEARCH_COSINE);
    cs_index *index = make(CLIPSEARCH_COSINE, kind, vectors);
    cs_map map;
    cs_hnsw_header header;
    bool good = save(index, "flip") && cs_map_open(path_of("flip"), &map, &err) == CLIPSEARCH_OK;
    memcpy(&header, map.data, sizeof header);
    const uint64_t bits = map.size * 8;
    cs_map_close(&map);
    int times[3] = {0}, when = 0;
    for (int i = 0; i < FLIPS && good; i++) {
        uint64_t bit = (((uint64_t)fixture_random() << 20) ^ fixture_random()) % bits;
        if (i < 2 * CS_SECTIONS && header.section[i % CS_SECTIONS].bytes == 0)
            continue;
        if (i < CS_SECTIONS) /* each section's first and last bit in any case */
            bit = header.section[i].offset * 8;
        else if (i < 2 * CS_SECTIONS)
            bit = (header.section[i - CS_SECTIONS].offset + header.section[i - CS_SECTIONS].bytes) * 8 - 1;
        else if (i % 8 == 0)
            bit %= CS_HNSW_PAGE * 8;
        bool content = is_content(&header, bit / 8);
        good = flip(path_of("flip"), bit) && is_noticed_in_time(index, "flip", queries, content, &when);
        if (!good)
            tap_note("bit %llu, content %d: %s", (unsigned long long)bit, content, err.message);
        times[when]++;
        good = flip(path_of("flip"), bit) && good;
    }
    TAP_OK(good && times[0] > 20 && times[1] > 20,
           "%s: %d bits flipped: %d noticed by opening, %d by a search, %d never in the way of one", kind_name, FLIPS,
           times[0], times[1], times[2]);
    for (int i = 0; i < FLIPS && good; i++) {
        off_t size = i < 20 ? i * 300 : (off_t)(((uint64_t)fixture_random() << 10) % (bits / 8));
        cs_index *mapped = NULL;
        good = save(index, "cut") && truncate(path_of("cut"), size) == 0 && !(mapped = load("cut")) &&
               err.code == CLIPSEARCH_E_FORMAT;
        cs_index_close(&mapped);
        i += i < 20 ? 0 : 19;
    }
    TAP_OK(good, "%s: truncated at many places: %s", kind_name, err.message);
    cs_index_close(&index);
    cs_free(queries);
    cs_free(vectors);
}

/* A header with another value in it, and its checksum right. */
static clipsearch_status with_header(size_t offset, uint32_t value)
{
    cs_map map;
    cs_index *index = NULL;
    cs_hnsw_stamp found;
    if (cs_map_open(path_of("one"), &map, &err))
        return CLIPSEARCH_E_IO;
    uint8_t *copy = cs_alloc_array(map.size, 1);
    memcpy(copy, map.data, map.size);
    memcpy(copy + offset, &value, sizeof value);
    const uint64_t sum = cs_checksum(copy, CS_HNSW_CHECKED);
    memcpy(copy + CS_HNSW_CHECKED, &sum, sizeof sum);
    clipsearch_status status = cs_replace_file(path_of("header"), copy, map.size, &err);
    cs_map_close(&map);
    cs_free(copy);
    if (status == CLIPSEARCH_OK)
        status = cs_index_hnsw_map(path_of("header"), &index, &found, &err);
    cs_index_close(&index);
    return status;
}

static void test_headers(void)
{
    TAP_OK(with_header(offsetof(cs_hnsw_header, ef), 50) == CLIPSEARCH_OK, "another ef is read as it stands");
    TAP_OK(with_header(offsetof(cs_hnsw_header, version), 3) == CLIPSEARCH_E_UNSUPPORTED, "another version: %s",
           err.message);
    TAP_OK(with_header(offsetof(cs_hnsw_header, byte_order), 0x04030201) == CLIPSEARCH_E_UNSUPPORTED,
           "another byte order: %s", err.message);
    TAP_OK(with_header(offsetof(cs_hnsw_header, word_bytes), 4) == CLIPSEARCH_E_UNSUPPORTED, "another word: %s",
           err.message);
    static const size_t numbers[] = {
        offsetof(cs_hnsw_header, metric),   offsetof(cs_hnsw_header, codes),  offsetof(cs_hnsw_header, dim),
        offsetof(cs_hnsw_header, m),        offsetof(cs_hnsw_header, rows),   offsetof(cs_hnsw_header, count),
        offsetof(cs_hnsw_header, nodes),    offsetof(cs_hnsw_header, dead),   offsetof(cs_hnsw_header, entry),
        offsetof(cs_hnsw_header, top),      offsetof(cs_hnsw_header, slots),  offsetof(cs_hnsw_header, upper_count),
        offsetof(cs_hnsw_header, sections), offsetof(cs_hnsw_header, section)};
    bool refused = true;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        for (unsigned v = 0; v < 3; v++) {
            const uint32_t value = v == 0 ? 0 : v == 1 ? 14 : UINT32_MAX - 1;
            /* a metric of 0 is the cosine's, which it is */
            const bool good = (numbers[i] == offsetof(cs_hnsw_header, metric) && value == 0) ||
                              with_header(numbers[i], value) == CLIPSEARCH_E_FORMAT;
            if (!good)
                tap_note("field at %zu, value %u: %s", numbers[i], (unsigned)value, err.message);
            refused = refused && good;
        }
    TAP_OK(refused, "numbers that cannot be are refused");
    cs_index *index;
    cs_hnsw_stamp found;
    TAP_OK(cs_index_hnsw_map(path_of("none"), &index, &found, &err) == CLIPSEARCH_E_NOT_FOUND && !index, "no file: %s",
           err.message);
    TAP_OK(cs_replace_file(path_of("header"), "", 0, &err) == CLIPSEARCH_OK &&
               cs_index_hnsw_map(path_of("header"), &index, &found, &err) == CLIPSEARCH_E_FORMAT,
           "an empty file: %s", err.message);
}

static void test_memory(void)
{
    bool good = true, whole = false;
    for (uint64_t n = 1; good && !whole && n < 200; n++) {
        cs_index *index = NULL;
        cs_hnsw_stamp found;
        cs_mem_fail_at(n);
        clipsearch_status status = cs_index_hnsw_map(path_of("one"), &index, &found, &err);
        if (status == CLIPSEARCH_OK)
            status = cs_index_hnsw_copy_to_memory(index, 0, &err);
        whole = status == CLIPSEARCH_OK;
        cs_mem_fail_at(0);
        good = whole || status == CLIPSEARCH_E_MEMORY;
        cs_index_close(&index);
    }
    TAP_OK(good && whole, "memory can run out at every allocation of opening and copying");
}

static void test_checksum(void)
{
    static uint8_t data[8192 + 64];
    bool differ = true;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)fixture_random();
    for (size_t size = 0; size < 300 && differ; size++) {
        const uint64_t sum = cs_checksum(data, size);
        differ = cs_checksum(data, size + 1) != sum;
        for (size_t bit = 0; bit < size * 8 && differ; bit++) {
            data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            differ = cs_checksum(data, size) != sum;
            data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        data[size] = data[0];
        differ = differ && cs_checksum(data, size) == sum;
    }
    /* pairs of bits at a distance of a lane's length, the highest among them */
    const uint64_t sum = cs_checksum(data, 4096);
    for (size_t word = 0; word < 500 && differ; word++)
        for (unsigned bit = 0; bit < 64 && differ; bit++)
            for (size_t other = word + 1; other <= word + 9 && other < 512; other++) {
                data[word * 8 + bit / 8] ^= (uint8_t)(1 << bit % 8);
                data[other * 8 + bit / 8] ^= (uint8_t)(1 << bit % 8);
                differ = differ && cs_checksum(data, 4096) != sum;
                data[word * 8 + bit / 8] ^= (uint8_t)(1 << bit % 8);
                data[other * 8 + bit / 8] ^= (uint8_t)(1 << bit % 8);
            }
    TAP_OK(differ && cs_checksum(data, 4096) == sum, "the checksum sees every bit, and pairs of them");
}

int main(void)
{
    static const struct {
        cs_quant_kind kind;
        const char *name;
    } kinds[] = {{CS_QUANT_F32, "f32"}, {CS_QUANT_F16, "f16"}, {CS_QUANT_I8, "i8"}, {CS_QUANT_BF16, "bf16"}};
    if (!mkdtemp(folder))
        return 1;
    test_checksum();
    test_empty();
    for (int metric = 0; metric < 3; metric++)
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
            if (!TAP_SLOW || metric == CLIPSEARCH_COSINE || kinds[k].kind == CS_QUANT_I8)
                test_round((clipsearch_metric)metric, kinds[k].kind, kinds[k].name);
    test_flips(CS_QUANT_I8, "i8");
    test_flips(CS_QUANT_F32, "f32");
    float *vectors = fixture_vectors(COUNT, DIM, CLIPSEARCH_COSINE);
    cs_index *index = make(CLIPSEARCH_COSINE, CS_QUANT_I8, vectors);
    if (save(index, "one")) {
        test_threads(index);
        test_headers();
        test_memory();
    }
    cs_index_close(&index);
    cs_free(vectors);
    static const char *const names[] = {"one", "two", "empty", "flip", "cut", "header"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(path_of(names[i]));
    rmdir(folder);
    return tap_done();
}
