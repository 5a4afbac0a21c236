/* SPDX-License-Identifier: MIT
 * pickle.c - a stack machine that turns a pickle into a description of its values. */
#include "model/pickle.h"

#include "base/mem.h"
#include "model/pickle_names.h"

#include <string.h>

/* Opcodes: CPython's Lib/pickletools.py. */
enum opcode {
    OP_PROTO = 0x80,
    OP_FRAME = 0x95,
    OP_STOP = '.',
    OP_MARK = '(',
    OP_POP = '0',
    OP_POP_MARK = '1',
    OP_NONE = 'N',
    OP_NEWTRUE = 0x88,
    OP_NEWFALSE = 0x89,
    OP_BININT = 'J',
    OP_BININT1 = 'K',
    OP_BININT2 = 'M',
    OP_LONG1 = 0x8a,
    OP_BINFLOAT = 'G',
    OP_BINUNICODE = 'X',
    OP_SHORT_BINUNICODE = 0x8c,
    OP_BINUNICODE8 = 0x8d,
    OP_BINSTRING = 'T',
    OP_SHORT_BINSTRING = 'U',
    OP_BINBYTES = 'B',
    OP_SHORT_BINBYTES = 'C',
    OP_BINBYTES8 = 0x8e,
    OP_EMPTY_TUPLE = ')',
    OP_TUPLE = 't',
    OP_TUPLE1 = 0x85,
    OP_TUPLE2 = 0x86,
    OP_TUPLE3 = 0x87,
    OP_EMPTY_LIST = ']',
    OP_APPEND = 'a',
    OP_APPENDS = 'e',
    OP_EMPTY_DICT = '}',
    OP_SETITEM = 's',
    OP_SETITEMS = 'u',
    OP_EMPTY_SET = 0x8f,
    OP_ADDITEMS = 0x90,
    OP_GLOBAL = 'c',
    OP_STACK_GLOBAL = 0x93,
    OP_REDUCE = 'R',
    OP_NEWOBJ = 0x81,
    OP_BUILD = 'b',
    OP_BINPERSID = 'Q',
    OP_BINGET = 'h',
    OP_LONG_BINGET = 'j',
    OP_BINPUT = 'q',
    OP_LONG_BINPUT = 'r',
    OP_MEMOIZE = 0x94
};

enum {
    MAX_BYTES = 100000000, /* the limit of a safetensors header as well */
    MAX_VALUES = 1 << 21,
    MAX_CELLS = 1 << 22,
    MAX_STACK = 1 << 20,
    MAX_MEMO = 1 << 21,
    MAX_MARKS = 256,
    MAX_PROTOCOL = 5,
    MAX_NAME = 1024, /* of a module or a class */
    MEMO_GAP = 64    /* places that the memo may leave out */
};

/* A growing array's room; its element type is known where it is used. */
struct room {
    size_t count, capacity;
};

struct machine {
    cs_pickle *pickle;
    const char *path;
    size_t base, size, at; /* at: the next byte to read */
    size_t op_at;          /* the current opcode */
    struct room values, cells, stacked, memorised;
    cs_pickle_ref *stack;
    cs_pickle_ref *memo; /* [memorised.count]; 0: nothing there (None is never stored) */
    size_t marks[MAX_MARKS], mark_count;
    bool stopped;
    clipsearch_error *err;
};

static clipsearch_status bad(const struct machine *m, const char *what)
{
    return cs_fail(m->err, CLIPSEARCH_E_MODEL, "%s: byte %zu: pickle: %s", m->path, m->base + m->op_at, what);
}

/* ---------------------------------------------------------------- memory */

/* Room for one more of `size` bytes in *block. */
static clipsearch_status grow(struct machine *m, void **block, struct room *room, size_t size, size_t limit,
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

static clipsearch_status push(struct machine *m, cs_pickle_ref ref)
{
    void *block = m->stack;
    clipsearch_status status = grow(m, &block, &m->stacked, sizeof *m->stack, MAX_STACK, "values on the stack");
    m->stack = block;
    if (status == CLIPSEARCH_OK)
        m->stack[m->stacked.count++] = ref;
    return status;
}

/* Add a value and push it. */
static clipsearch_status push_value(struct machine *m, cs_pickle_value value)
{
    void *block = m->pickle->values;
    clipsearch_status status = grow(m, &block, &m->values, sizeof value, MAX_VALUES, "values");
    m->pickle->values = block;
    if (status != CLIPSEARCH_OK)
        return status;
    m->pickle->values[m->values.count] = value;
    return push(m, (cs_pickle_ref)m->values.count++);
}

/* How many values lie on the stack above the innermost mark, or all of them. */
static size_t available(const struct machine *m)
{
    return m->stacked.count - (m->mark_count ? m->marks[m->mark_count - 1] : 0);
}

static cs_pickle_ref pop(struct machine *m)
{
    return m->stack[--m->stacked.count];
}

static cs_pickle_value *top(struct machine *m)
{
    return &m->pickle->values[m->stack[m->stacked.count - 1]];
}

static clipsearch_status add_item(struct machine *m, cs_pickle_ref to, cs_pickle_ref key, cs_pickle_ref item)
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

/* Move the `n` topmost values into `to`: as items, or as keys and items by turns. */
static clipsearch_status take_items(struct machine *m, cs_pickle_ref to, size_t n, bool keyed)
{
    clipsearch_status status = CLIPSEARCH_OK;
    const size_t first = m->stacked.count - n;
    for (size_t i = 0; i < n && status == CLIPSEARCH_OK; i += keyed ? 2 : 1)
        status = add_item(m, to, keyed ? m->stack[first + i] : 0, m->stack[first + i + keyed]);
    m->stacked.count = first;
    return status;
}

/* ---------------------------------------------------------------- operands */

/* The next `n` bytes, or NULL when the pickle ends before. */
static const uint8_t *take(struct machine *m, size_t n)
{
    if (n > m->size - m->at)
        return NULL;
    m->at += n;
    return m->pickle->data + m->at - n;
}

/* The little-endian number in the next `bytes` bytes. */
static bool take_number(struct machine *m, int bytes, uint64_t *number)
{
    const uint8_t *p = take(m, (size_t)bytes);
    *number = 0;
    for (int i = bytes - 1; p && i >= 0; i--)
        *number = *number << 8 | p[i];
    return p != NULL;
}

static clipsearch_status cut_short(const struct machine *m)
{
    return bad(m, "it ends in the middle; the file was cut short, fetch it again");
}

static clipsearch_status push_text(struct machine *m, cs_pickle_kind kind, int length_bytes)
{
    uint64_t n;
    if (!take_number(m, length_bytes, &n) || n > m->size - m->at)
        return cut_short(m);
    cs_pickle_value value = {.kind = (uint8_t)kind, .text_at = (uint32_t)m->at, .text_len = (uint32_t)n};
    m->at += (size_t)n;
    return push_value(m, value);
}

static clipsearch_status push_int(struct machine *m, int bytes, bool is_signed)
{
    uint64_t bits;
    if (!take_number(m, bytes, &bits))
        return cut_short(m);
    if (is_signed && bytes < 8 && bits >> (bytes * 8 - 1))
        bits |= ~UINT64_C(0) << (bytes * 8);
    return push_value(m, (cs_pickle_value){.kind = CS_PICKLE_INT, .integer = (int64_t)bits});
}

/* LONG1: two's complement in as many bytes as it takes. */
static clipsearch_status push_long(struct machine *m)
{
    uint64_t n;
    if (!take_number(m, 1, &n) || n > m->size - m->at)
        return cut_short(m);
    if (n == 0)
        return push_value(m, (cs_pickle_value){.kind = CS_PICKLE_INT});
    if (n <= 8)
        return push_int(m, (int)n, true);
    m->at += (size_t)n;
    return push_value(m, (cs_pickle_value){.kind = CS_PICKLE_NUMBER});
}

/* ---------------------------------------------------------------- names */

/* Copy a name into a message: what is not printable ASCII becomes a question mark. */
static void printable(const char *text, size_t n, char *out, size_t size)
{
    size_t i = 0;
    for (; i < n && i + 1 < size; i++)
        out[i] = (char)(text[i] > ' ' && text[i] < 127 ? text[i] : '?');
    out[i] = '\0';
}

static clipsearch_status push_global(struct machine *m, const char *module, size_t module_len, const char *name,
                                     size_t name_len)
{
    cs_pickle_value value;
    if (cs_pickle_name(module, module_len, name, name_len, &value))
        return push_value(m, value);
    char shown_module[128], shown_name[128];
    printable(module, module_len, shown_module, sizeof shown_module);
    printable(name, name_len, shown_name, sizeof shown_name);
    return cs_fail(m->err, CLIPSEARCH_E_UNSUPPORTED,
                   "%s: byte %zu: %s.%s is not allowed in a weight file, which may name only what tensors need; if you "
                   "trust the file, load it in Python and save its state_dict alone with torch.save",
                   m->path, m->base + m->op_at, shown_module, shown_name);
}

/* GLOBAL: two lines of text. */
static clipsearch_status do_global(struct machine *m)
{
    const char *lines[2];
    size_t lengths[2];
    for (int i = 0; i < 2; i++) {
        size_t left = m->size - m->at;
        const uint8_t *begin = m->pickle->data + m->at, *end = memchr(begin, '\n', left < MAX_NAME ? left : MAX_NAME);
        if (!end)
            return left < MAX_NAME ? cut_short(m) : bad(m, "a name of more than 1024 bytes");
        lines[i] = (const char *)begin;
        lengths[i] = (size_t)(end - begin);
        m->at += lengths[i] + 1;
    }
    return push_global(m, lines[0], lengths[0], lines[1], lengths[1]);
}

static clipsearch_status do_stack_global(struct machine *m)
{
    if (available(m) < 2)
        return bad(m, "the stack is empty");
    size_t module_len, name_len;
    const char *name = cs_pickle_text(m->pickle, pop(m), &name_len);
    const char *module = cs_pickle_text(m->pickle, pop(m), &module_len);
    if (!name || !module || name_len > MAX_NAME || module_len > MAX_NAME)
        return bad(m, "a name that is no text, or of more than 1024 bytes");
    return push_global(m, module, module_len, name, name_len);
}

/* ---------------------------------------------------------------- objects */

/* Python 2's OrderedDict gives its items to the call, as a list of pairs: put them where SETITEMS puts them. */
static clipsearch_status take_pairs(struct machine *m, cs_pickle_ref to, cs_pickle_ref args)
{
    cs_pickle_ref list = cs_pickle_item(m->pickle, args, 0);
    clipsearch_status status = CLIPSEARCH_OK;
    for (uint32_t cell = m->pickle->values[list].first; cell && status == CLIPSEARCH_OK;
         cell = m->pickle->cells[cell].next) {
        cs_pickle_ref pair = m->pickle->cells[cell].value;
        if (m->pickle->values[list].kind != CS_PICKLE_LIST || m->pickle->values[pair].size != 2)
            return bad(m, "a dictionary of what are no pairs");
        status = add_item(m, to, cs_pickle_item(m->pickle, pair, 0), cs_pickle_item(m->pickle, pair, 1));
    }
    return status;
}

/* REDUCE and NEWOBJ: note down what would be called with what. */
static clipsearch_status do_call(struct machine *m)
{
    if (available(m) < 2)
        return bad(m, "the stack is empty");
    cs_pickle_ref args = pop(m);
    const cs_pickle_value callee = *top(m);
    pop(m);
    if (callee.kind != CS_PICKLE_GLOBAL || m->pickle->values[args].kind != CS_PICKLE_TUPLE)
        return bad(m, "a call of what is no name, or without a tuple of arguments");
    clipsearch_status status = push_value(
        m, (cs_pickle_value){.kind = CS_PICKLE_CALL, .global = callee.global, .type = callee.type, .args = args});
    if (status == CLIPSEARCH_OK && callee.global == CS_GLOBAL_ORDERED_DICT)
        status = take_pairs(m, m->stack[m->stacked.count - 1], args);
    return status;
}

static clipsearch_status do_build(struct machine *m)
{
    if (available(m) < 2)
        return bad(m, "the stack is empty");
    cs_pickle_ref state = pop(m);
    if (top(m)->kind != CS_PICKLE_CALL)
        return bad(m, "a state for what was not made by a call");
    top(m)->state = state;
    return CLIPSEARCH_OK;
}

static clipsearch_status do_persistent(struct machine *m)
{
    if (available(m) < 1)
        return bad(m, "the stack is empty");
    return push_value(m, (cs_pickle_value){.kind = CS_PICKLE_PERSISTENT, .args = pop(m)});
}

/* ---------------------------------------------------------------- containers */

static clipsearch_status do_mark(struct machine *m)
{
    if (m->mark_count == MAX_MARKS)
        return bad(m, "nested deeper than 256");
    m->marks[m->mark_count++] = m->stacked.count;
    return CLIPSEARCH_OK;
}

/* A tuple of the `n` topmost values. */
static clipsearch_status make_tuple(struct machine *m, size_t n)
{
    if (available(m) < n)
        return bad(m, "the stack is empty");
    /* pushed above its items, and put in their place once it has them */
    clipsearch_status status = push_value(m, (cs_pickle_value){.kind = CS_PICKLE_TUPLE});
    if (status != CLIPSEARCH_OK)
        return status;
    cs_pickle_ref tuple = pop(m);
    status = take_items(m, tuple, n, false);
    return status == CLIPSEARCH_OK ? push(m, tuple) : status;
}

static clipsearch_status do_tuple(struct machine *m)
{
    if (!m->mark_count)
        return bad(m, "no mark on the stack");
    size_t n = available(m);
    m->mark_count--;
    return make_tuple(m, n);
}

/* Add the `n` topmost values to the list or dictionary below them. */
static clipsearch_status extend(struct machine *m, size_t n, bool keyed)
{
    if (available(m) < n + 1)
        return bad(m, "the stack is empty");
    if (keyed && n % 2)
        return bad(m, "a key without a value");
    cs_pickle_ref to = m->stack[m->stacked.count - n - 1];
    if (keyed ? !cs_pickle_is_dict(m->pickle, to) : m->pickle->values[to].kind != CS_PICKLE_LIST)
        return bad(m, "items for what is no list or dictionary");
    return take_items(m, to, n, keyed);
}

static clipsearch_status extend_to_mark(struct machine *m, bool keyed)
{
    if (!m->mark_count)
        return bad(m, "no mark on the stack");
    size_t n = available(m);
    m->mark_count--;
    return extend(m, n, keyed);
}

static clipsearch_status do_pop(struct machine *m, bool to_mark)
{
    if (to_mark) {
        if (!m->mark_count)
            return bad(m, "no mark on the stack");
        m->stacked.count = m->marks[--m->mark_count];
    } else {
        if (available(m) < 1)
            return bad(m, "the stack is empty");
        pop(m);
    }
    return CLIPSEARCH_OK;
}

/* ---------------------------------------------------------------- memo */

static clipsearch_status memorise(struct machine *m, uint64_t place)
{
    if (available(m) < 1)
        return bad(m, "the stack is empty");
    /* picklers number the memo from 0 without gaps; one apart is allowed for values that were taken back */
    if (place >= MAX_MEMO || place > m->memorised.count + MEMO_GAP)
        return bad(m, "a place in the memo far beyond those in use");
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

static clipsearch_status do_put(struct machine *m, int bytes)
{
    uint64_t place;
    return take_number(m, bytes, &place) ? memorise(m, place) : cut_short(m);
}

static clipsearch_status do_get(struct machine *m, int bytes)
{
    uint64_t place;
    if (!take_number(m, bytes, &place))
        return cut_short(m);
    if (place >= m->memorised.count || !m->memo[place])
        return bad(m, "a place in the memo where nothing was put");
    return push(m, m->memo[place]);
}

/* ---------------------------------------------------------------- the machine */

static clipsearch_status do_stop(struct machine *m)
{
    if (m->mark_count || m->stacked.count != 1)
        return bad(m, "it ends with other than one value on the stack");
    m->pickle->root = pop(m);
    m->pickle->end = m->at;
    m->pickle->value_count = (uint32_t)m->values.count;
    m->stopped = true;
    return CLIPSEARCH_OK;
}

static clipsearch_status do_proto(struct machine *m)
{
    uint64_t protocol;
    if (!take_number(m, 1, &protocol))
        return cut_short(m);
    return protocol <= MAX_PROTOCOL ? CLIPSEARCH_OK : bad(m, "a protocol above 5");
}

static clipsearch_status refuse_opcode(const struct machine *m, unsigned op)
{
    return cs_fail(m->err, CLIPSEARCH_E_MODEL,
                   "%s: byte %zu: pickle: the opcode 0x%02x is not one that torch.save writes", m->path,
                   m->base + m->op_at, op);
}

/* One opcode that makes a plain value. */
static clipsearch_status step_value(struct machine *m, unsigned op)
{
    switch (op) {
    case OP_NONE:
        return push(m, 0);
    case OP_NEWTRUE:
    case OP_NEWFALSE:
        return push_value(m, (cs_pickle_value){.kind = CS_PICKLE_BOOL, .integer = op == OP_NEWTRUE});
    case OP_BININT:
        return push_int(m, 4, true);
    case OP_BININT1:
        return push_int(m, 1, false);
    case OP_BININT2:
        return push_int(m, 2, false);
    case OP_LONG1:
        return push_long(m);
    case OP_BINFLOAT:
        return take(m, 8) ? push_value(m, (cs_pickle_value){.kind = CS_PICKLE_NUMBER}) : cut_short(m);
    case OP_BINUNICODE:
    case OP_BINSTRING: /* Python 2's str: text as well, where it is a name */
        return push_text(m, CS_PICKLE_TEXT, 4);
    case OP_SHORT_BINUNICODE:
    case OP_SHORT_BINSTRING:
        return push_text(m, CS_PICKLE_TEXT, 1);
    case OP_BINUNICODE8:
        return push_text(m, CS_PICKLE_TEXT, 8);
    case OP_BINBYTES:
        return push_text(m, CS_PICKLE_BYTES, 4);
    case OP_SHORT_BINBYTES:
        return push_text(m, CS_PICKLE_BYTES, 1);
    case OP_BINBYTES8:
        return push_text(m, CS_PICKLE_BYTES, 8);
    case OP_EMPTY_TUPLE:
        return push_value(m, (cs_pickle_value){.kind = CS_PICKLE_TUPLE});
    case OP_EMPTY_LIST:
    case OP_EMPTY_SET:
        return push_value(m, (cs_pickle_value){.kind = CS_PICKLE_LIST});
    case OP_EMPTY_DICT:
        return push_value(m, (cs_pickle_value){.kind = CS_PICKLE_DICT});
    default:
        return refuse_opcode(m, op);
    }
}

static clipsearch_status step(struct machine *m, unsigned op)
{
    switch (op) {
    case OP_PROTO:
        return do_proto(m);
    case OP_FRAME:
        return take(m, 8) ? CLIPSEARCH_OK : cut_short(m);
    case OP_STOP:
        return do_stop(m);
    case OP_MARK:
        return do_mark(m);
    case OP_POP:
    case OP_POP_MARK:
        return do_pop(m, op == OP_POP_MARK);
    case OP_TUPLE:
        return do_tuple(m);
    case OP_TUPLE1:
    case OP_TUPLE2:
    case OP_TUPLE3:
        return make_tuple(m, op - OP_TUPLE1 + 1);
    case OP_APPEND:
        return extend(m, 1, false);
    case OP_APPENDS:
    case OP_ADDITEMS:
        return extend_to_mark(m, false);
    case OP_SETITEM:
        return extend(m, 2, true);
    case OP_SETITEMS:
        return extend_to_mark(m, true);
    case OP_GLOBAL:
        return do_global(m);
    case OP_STACK_GLOBAL:
        return do_stack_global(m);
    case OP_REDUCE:
    case OP_NEWOBJ:
        return do_call(m);
    case OP_BUILD:
        return do_build(m);
    case OP_BINPERSID:
        return do_persistent(m);
    case OP_BINPUT:
        return do_put(m, 1);
    case OP_LONG_BINPUT:
        return do_put(m, 4);
    case OP_MEMOIZE:
        return memorise(m, m->memorised.count);
    case OP_BINGET:
        return do_get(m, 1);
    case OP_LONG_BINGET:
        return do_get(m, 4);
    default:
        return step_value(m, op);
    }
}

clipsearch_status cs_pickle_read(const uint8_t *data, size_t size, const char *path, size_t base, cs_pickle *pickle,
                                 clipsearch_error *err)
{
    *pickle = (cs_pickle){.data = data};
    struct machine m = {.pickle = pickle, .path = path, .base = base, .err = err};
    m.size = size < MAX_BYTES ? size : MAX_BYTES;
    /* number 0 of each is taken: None, and no cell */
    clipsearch_status status = push_value(&m, (cs_pickle_value){.kind = CS_PICKLE_NONE});
    if (status == CLIPSEARCH_OK)
        m.stacked.count = 0;
    m.cells.count = 1;
    pickle->cells = cs_grow(NULL, &m.cells.capacity, m.cells.count, sizeof *pickle->cells);
    if (status == CLIPSEARCH_OK && !pickle->cells)
        status = cs_fail_memory(err, path);
    while (status == CLIPSEARCH_OK && !m.stopped) {
        m.op_at = m.at;
        const uint8_t *op = take(&m, 1);
        status = op ? step(&m, *op) : size > MAX_BYTES ? bad(&m, "longer than 100 MB") : cut_short(&m);
    }
    cs_free(m.stack);
    cs_free(m.memo);
    if (status != CLIPSEARCH_OK)
        cs_pickle_free(pickle);
    return status;
}

void cs_pickle_free(cs_pickle *pickle)
{
    cs_free(pickle->values);
    cs_free(pickle->cells);
    *pickle = (cs_pickle){0};
}
