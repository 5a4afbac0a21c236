/* SPDX-License-Identifier: MIT
 * index_file.c - names, marks and maps the index file of a collection. */
#include "local/index_file.h"

#include "backend/code_kinds.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/replace.h"
#include "index/hnsw.h"
#include "index/hnsw_file.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

cs_quant_kind cs_index_file_codes(clipsearch_codes codes)
{
    switch (codes) {
    case CLIPSEARCH_CODES_F32:
        return CS_QUANT_F32;
    case CLIPSEARCH_CODES_F16:
        return CS_QUANT_F16;
    case CLIPSEARCH_CODES_BF16:
        return CS_QUANT_BF16;
    case CLIPSEARCH_CODES_DEFAULT:
    case CLIPSEARCH_CODES_I8:
        break;
    }
    return CS_QUANT_I8;
}

char *cs_index_file_path(const cs_store *store, const char *collection)
{
    cs_buf path = cs_buf_make(SIZE_MAX / 2);
    cs_buf_printf(&path, "%s.%s.hnsw", cs_store_file(store), collection);
    char *text = cs_buf_detach(&path);
    cs_buf_free(&path);
    return text;
}

/* Whether an index is of the kind the collection asks for. */
static bool is_of_kind(const cs_store_identity *identity, const cs_index *index)
{
    cs_hnsw_info facts;
    clipsearch_codes codes;
    cs_index_hnsw_describe(index, &facts);
    return index->dim == identity->dim && index->metric == identity->metric &&
           cs_codes_of_word(identity->codes, &codes) && facts.options.codes == cs_index_file_codes(codes) &&
           (identity->m == 0 || identity->m == facts.options.m) &&
           (identity->ef_construction == 0 || identity->ef_construction == facts.options.ef_construction);
}

bool cs_index_file_is_known(const cs_store_state *state, uint64_t owner)
{
    return owner && (owner == state->index_owner || owner == state->index_next);
}

clipsearch_status cs_index_file_map(const char *path, const cs_store_identity *identity, const cs_store_state *state,
                                    cs_index **index, cs_hnsw_stamp *stamp, clipsearch_error *err)
{
    *index = NULL;
    if (!state->index_owner && !state->index_next)
        return cs_fail(err, CLIPSEARCH_E_NOT_FOUND, "%s: not made yet", path);
    clipsearch_status status = cs_index_hnsw_map(path, index, stamp, err);
    if (status == CLIPSEARCH_OK &&
        (!cs_index_file_is_known(state, stamp->owner) || !state->logging || stamp->generation < state->log_from ||
         stamp->generation > state->generation || !is_of_kind(identity, *index))) {
        status = cs_fail(err, CLIPSEARCH_E_NOT_FOUND, "%s: stale, written for another state of the collection", path);
        cs_index_close(index);
    }
    return status;
}

/* ---- */

/* The name belongs to the index, but a name can be taken: another database is not written over, */
static bool is_a_database(const char *path)
{
    char begin[16] = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, begin, sizeof begin);
    close(fd);
    return n == sizeof begin && memcmp(begin, "SQLite format 3", sizeof begin) == 0;
}

/* nor is anything written into a device or a pipe. */
bool cs_index_file_is_in_the_way(const char *path)
{
    struct stat st;
    return (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) || is_a_database(path);
}

void cs_index_file_remove(const char *path)
{
    if (!cs_index_file_is_in_the_way(path))
        unlink(path);
    cs_replacement_tidy(path);
}

/* ---- marks */

cs_index_file_mark cs_index_file_read_mark(const char *path, const cs_store_state *state)
{
    cs_index_file_mark mark = {.taken = true, .owner = state->index_owner, .next = state->index_next};
    if (stat(path, &mark.file) != 0)
        mark.file = (struct stat){0};
    return mark;
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool is_same_content(const struct stat *a, const struct stat *b)
{
    return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

bool cs_index_file_marks_equal(const cs_index_file_mark *a, const cs_index_file_mark *b)
{
    return a->taken && b->taken && a->owner == b->owner && a->next == b->next && is_same_file(&a->file, &b->file) &&
           is_same_content(&a->file, &b->file);
}

bool cs_index_file_is_overwritten(const cs_index_file_mark *before, const cs_index_file_mark *now)
{
    return is_same_file(&before->file, &now->file) && !is_same_content(&before->file, &now->file);
}
