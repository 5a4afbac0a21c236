/* SPDX-License-Identifier: MIT
 * pickle_machine.c - growing arrays of values, and the look-ups between them, within the limits of pickle.h. */
#include "model/pickle_machine.h"

#include "base/mem.h"

enum {
    MAX_VALUES = 1 << 21,
    MAX_CELLS = 1 << 22,
    MAX_STACK = 1 << 20,
    MAX_MEMO = 1 << 21,
    MEMO_GAP = 64 /* places that the memo may leave out */
};

clipsearch_status cs_machine_fail(const cs_machine *m, const char *what)
{
    return cs_fail(m->err, CLIPSEARCH_E_MODEL, "%s: byte %zu: pickle: %s", m->path, m->base + m->op_at, what);
}

/* Room for one more of `size` bytes in *block. */
static clipsearch_status grow(cs_machine *m, void **block, cs_machine_size *room, size_t size, size_t limit,
                              const char *what)
{
    if (room->count >= limit)
        return cs_fail(m->err, CLIPSEARCH_E_MODEL, "%s: byte %zu: pickle: more than %zu %s", m->path,
                       m->base + m->op_at, limit, what);
    void *larger = cs_grow(*block, &room->capacity, room->count + 1, size);
    if (!larger)
        return cs_fail_memory(m->err, m->path);
    *block = larger;
    return CLIPSEARCH_OK;
}

clipsearch_status cs_machine_push(cs_machine *m, cs_pickle_ref ref)
{
    void *block = m->stack;
    clipsearch_status status = grow(m, &block, &m->stacked, sizeof *m->stack, MAX_STACK, "values on the stack");
    m->stack = block;
    if (status == CLIPSEARCH_OK)
        m->stack[m->stacked.count++] = ref;
    return status;
}

clipsearch_status cs_machine_push_value(cs_machine *m, cs_pickle_value value)
{
    void *block = m->pickle->values;
    clipsearch_status status = grow(m, &block, &m->values, sizeof value, MAX_VALUES, "values");
    m->pickle->values = block;
    if (status != CLIPSEARCH_OK)
        return status;
    m->pickle->values[m->values.count] = value;
    return cs_machine_push(m, (cs_pickle_ref)m->values.count++);
}

clipsearch_status cs_machine_add_item(cs_machine *m, cs_pickle_ref to, cs_pickle_ref key, cs_pickle_ref item)
{
    void *block = m->pickle->cells;
    clipsearch_status status = grow(m, &block, &m->cells, sizeof *m->pickle->cells, MAX_CELLS, "items");
    m->pickle->cells = block;
    if (status != CLIPSEARCH_OK)
        return status;
    uint32_t cell = (uint32_t)m->cells.count++;
    m->pickle->cells[cell] = (cs_pickle_cell){.key = key, .value = item};
    cs_pickle_value *value = &m->pickle->values[to];
    if (value->last)
        m->pickle->cells[value->last].next = cell;
    else
        value->first = cell;
    value->last = cell;
    value->size++;
    return CLIPSEARCH_OK;
}

clipsearch_status cs_machine_pop_items(cs_machine *m, cs_pickle_ref to, size_t n, bool keyed)
{
    clipsearch_status status = CLIPSEARCH_OK;
    const size_t first = m->stacked.count - n;
    for (size_t i = 0; i < n && status == CLIPSEARCH_OK; i += keyed ? 2 : 1)
        status = cs_machine_add_item(m, to, keyed ? m->stack[first + i] : 0, m->stack[first + i + keyed]);
    m->stacked.count = first;
    return status;
}

clipsearch_status cs_machine_memorise(cs_machine *m, uint64_t place)
{
    if (cs_machine_available(m) < 1)
        return cs_machine_fail(m, "the stack is empty");
    /* picklers number the memo from 0 without gaps; a small gap is allowed, for values that were popped again */
    if (place >= MAX_MEMO || place > m->memorised.count + MEMO_GAP)
        return cs_machine_fail(m, "a place in the memo far beyond those in use");
    while (m->memorised.count <= place) {
        void *block = m->memo;
        clipsearch_status status = grow(m, &block, &m->memorised, sizeof *m->memo, MAX_MEMO, "values in the memo");
        m->memo = block;
        if (status != CLIPSEARCH_OK)
            return status;
        m->memo[m->memorised.count++] = 0;
    }
    m->memo[place] = m->stack[m->stacked.count - 1];
    return CLIPSEARCH_OK;
}

clipsearch_status cs_machine_recall(cs_machine *m, uint64_t place)
{
    if (place >= m->memorised.count || !m->memo[place])
        return cs_machine_fail(m, "a place in the memo where nothing was put");
    return cs_machine_push(m, m->memo[place]);
}

clipsearch_status cs_machine_open(cs_machine *m)
{
    void *block = m->pickle->cells;
    clipsearch_status status = grow(m, &block, &m->cells, sizeof *m->pickle->cells, MAX_CELLS, "items");
    m->pickle->cells = block;
    m->cells.count = 1;
    if (status == CLIPSEARCH_OK)
        status = cs_machine_push_value(m, (cs_pickle_value){.kind = CS_PICKLE_NONE});
    m->stacked.count = 0;
    return status;
}

void cs_machine_close(cs_machine *m)
{
    cs_free(m->stack);
    cs_free(m->memo);
    m->stack = m->memo = NULL;
}
