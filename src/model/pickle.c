/* SPDX-License-Identifier: MIT
 * pickle.c - executes a pickle's opcodes and so turns it into a description of its values. */
#include "model/pickle.h"

#include "base/mem.h"
#include "model/pickle_machine.h"
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
    MAX_PROTOCOL = 5,
    MAX_NAME = 1024 /* of a module or a class */
};

/* ---------------------------------------------------------------- operands */

/* The next `n` bytes, or NULL when the pickle ends before. */
static const uint8_t *read_bytes(cs_machine *m, size_t n)
{
    if (n > m->size - m->at)
        return NULL;
    m->at += n;
    return m->pickle->data + m->at - n;
}

/* The little-endian number in the next `bytes` bytes. */
static bool read_number(cs_machine *m, int bytes, uint64_t *number)
{
    const uint8_t *p = read_bytes(m, (size_t)bytes);
    *number = 0;
    for (int i = bytes - 1; p && i >= 0; i--)
        *number = *number << 8 | p[i];
    return p != NULL;
}

static clipsearch_status cut_short(const cs_machine *m)
{
    return cs_machine_fail(m, "it ends in the middle; the file was cut short, fetch it again");
}

static clipsearch_status push_text(cs_machine *m, cs_pickle_kind kind, int length_bytes)
{
    uint64_t n;
    if (!read_number(m, length_bytes, &n) || n > m->size - m->at)
        return cut_short(m);
    cs_pickle_value value = {.kind = (uint8_t)kind, .text_at = (uint32_t)m->at, .text_len = (uint32_t)n};
    m->at += (size_t)n;
    return cs_machine_push_value(m, value);
}

static clipsearch_status push_int(cs_machine *m, int bytes, bool is_signed)
{
    uint64_t bits;
    if (!read_number(m, bytes, &bits))
        return cut_short(m);
    if (is_signed && bytes < 8 && bits >> (bytes * 8 - 1))
        bits |= ~UINT64_C(0) << (bytes * 8);
    return cs_machine_push_value(m, (cs_pickle_value){.kind = CS_PICKLE_INT, .integer = (int64_t)bits});
}

/* LONG1: two's complement in as many bytes as it takes. */
static clipsearch_status push_long(cs_machine *m)
{
    uint64_t n;
    if (!read_number(m, 1, &n) || n > m->size - m->at)
        return cut_short(m);
    if (n == 0)
        return cs_machine_push_value(m, (cs_pickle_value){.kind = CS_PICKLE_INT});
    if (n <= 8)
        return push_int(m, (int)n, true);
    m->at += (size_t)n;
    return cs_machine_push_value(m, (cs_pickle_value){.kind = CS_PICKLE_NUMBER});
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

static clipsearch_status push_global(cs_machine *m, const char *module, size_t module_len, const char *name,
                                     size_t name_len)
{
    cs_pickle_value value;
    if (cs_pickle_name(module, module_len, name, name_len, &value))
        return cs_machine_push_value(m, value);
    char shown_module[128], shown_name[128];
    printable(module, module_len, shown_module, sizeof shown_module);
    printable(name, name_len, shown_name, sizeof shown_name);
    return cs_fail(m->err, CLIPSEARCH_E_UNSUPPORTED,
                   "%s: byte %zu: %s.%s is not allowed in a weight file, which may name only what tensors need; if you "
                   "trust the file, load it in Python and save its state_dict alone with torch.save",
                   m->path, m->base + m->op_at, shown_module, shown_name);
}

/* GLOBAL: two lines of text. */
static clipsearch_status do_global(cs_machine *m)
{
    const char *lines[2];
    size_t lengths[2];
    for (int i = 0; i < 2; i++) {
        size_t left = m->size - m->at;
        const uint8_t *begin = m->pickle->data + m->at, *end = memchr(begin, '\n', left < MAX_NAME ? left : MAX_NAME);
        if (!end)
            return left < MAX_NAME ? cut_short(m) : cs_machine_fail(m, "a name of more than 1024 bytes");
        lines[i] = (const char *)begin;
        lengths[i] = (size_t)(end - begin);
        m->at += lengths[i] + 1;
    }
    return push_global(m, lines[0], lengths[0], lines[1], lengths[1]);
}

static clipsearch_status do_stack_global(cs_machine *m)
{
    if (cs_machine_available(m) < 2)
        return cs_machine_fail(m, "the stack is empty");
    size_t module_len, name_len;
    const char *name = cs_pickle_text(m->pickle, cs_machine_pop(m), &name_len);
    const char *module = cs_pickle_text(m->pickle, cs_machine_pop(m), &module_len);
    if (!name || !module || name_len > MAX_NAME || module_len > MAX_NAME)
        return cs_machine_fail(m, "a name that is no text, or of more than 1024 bytes");
    return push_global(m, module, module_len, name, name_len);
}

/* ---------------------------------------------------------------- objects */

/* Python 2's OrderedDict gives its items to the call, as a list of pairs: put them where SETITEMS puts them. */
static clipsearch_status add_pairs(cs_machine *m, cs_pickle_ref to, cs_pickle_ref args)
{
    cs_pickle_ref list = cs_pickle_item(m->pickle, args, 0);
    clipsearch_status status = CLIPSEARCH_OK;
    for (uint32_t cell = m->pickle->values[list].first; cell && status == CLIPSEARCH_OK;
         cell = m->pickle->cells[cell].next) {
        cs_pickle_ref pair = m->pickle->cells[cell].value;
        if (m->pickle->values[list].kind != CS_PICKLE_LIST || m->pickle->values[pair].size != 2)
            return cs_machine_fail(m, "a dictionary of what are no pairs");
        status = cs_machine_add_item(m, to, cs_pickle_item(m->pickle, pair, 0), cs_pickle_item(m->pickle, pair, 1));
    }
    return status;
}

/* REDUCE and NEWOBJ: note down what would be called with what. */
static clipsearch_status do_call(cs_machine *m)
{
    if (cs_machine_available(m) < 2)
        return cs_machine_fail(m, "the stack is empty");
    cs_pickle_ref args = cs_machine_pop(m);
    const cs_pickle_value callee = *cs_machine_top(m);
    cs_machine_pop(m);
    if (callee.kind != CS_PICKLE_GLOBAL || m->pickle->values[args].kind != CS_PICKLE_TUPLE)
        return cs_machine_fail(m, "a call of what is no name, or without a tuple of arguments");
    clipsearch_status status = cs_machine_push_value(
        m, (cs_pickle_value){.kind = CS_PICKLE_CALL, .global = callee.global, .type = callee.type, .args = args});
    if (status == CLIPSEARCH_OK && callee.global == CS_GLOBAL_ORDERED_DICT)
        status = add_pairs(m, m->stack[m->stacked.count - 1], args);
    return status;
}

static clipsearch_status do_build(cs_machine *m)
{
    if (cs_machine_available(m) < 2)
        return cs_machine_fail(m, "the stack is empty");
    cs_pickle_ref state = cs_machine_pop(m);
    if (cs_machine_top(m)->kind != CS_PICKLE_CALL)
        return cs_machine_fail(m, "a state for what was not made by a call");
    cs_machine_top(m)->state = state;
    return CLIPSEARCH_OK;
}

static clipsearch_status do_persistent(cs_machine *m)
{
    if (cs_machine_available(m) < 1)
        return cs_machine_fail(m, "the stack is empty");
    return cs_machine_push_value(m, (cs_pickle_value){.kind = CS_PICKLE_PERSISTENT, .args = cs_machine_pop(m)});
}

/* ---------------------------------------------------------------- containers */

static clipsearch_status do_mark(cs_machine *m)
{
    if (m->mark_count == CS_PICKLE_MARKS)
        return cs_machine_fail(m, "nested deeper than 256");
    m->marks[m->mark_count++] = m->stacked.count;
    return CLIPSEARCH_OK;
}

/* A tuple of the `n` topmost values. */
static clipsearch_status make_tuple(cs_machine *m, size_t n)
{
    if (cs_machine_available(m) < n)
        return cs_machine_fail(m, "the stack is empty");
    /* pushed above its items, and put in their place once it has them */
    clipsearch_status status = cs_machine_push_value(m, (cs_pickle_value){.kind = CS_PICKLE_TUPLE});
    if (status != CLIPSEARCH_OK)
        return status;
    cs_pickle_ref tuple = cs_machine_pop(m);
    status = cs_machine_pop_items(m, tuple, n, false);
    return status == CLIPSEARCH_OK ? cs_machine_push(m, tuple) : status;
}

static clipsearch_status do_tuple(cs_machine *m)
{
    if (!m->mark_count)
        return cs_machine_fail(m, "no mark on the stack");
    size_t n = cs_machine_available(m);
    m->mark_count--;
    return make_tuple(m, n);
}

/* Add the `n` topmost values to the list or dictionary below them. */
static clipsearch_status extend(cs_machine *m, size_t n, bool keyed)
{
    if (cs_machine_available(m) < n + 1)
        return cs_machine_fail(m, "the stack is empty");
    if (keyed && n % 2)
        return cs_machine_fail(m, "a key without a value");
    cs_pickle_ref to = m->stack[m->stacked.count - n - 1];
    if (keyed ? !cs_pickle_is_dict(m->pickle, to) : m->pickle->values[to].kind != CS_PICKLE_LIST)
        return cs_machine_fail(m, "items for what is no list or dictionary");
    return cs_machine_pop_items(m, to, n, keyed);
}

static clipsearch_status extend_to_mark(cs_machine *m, bool keyed)
{
    if (!m->mark_count)
        return cs_machine_fail(m, "no mark on the stack");
    size_t n = cs_machine_available(m);
    m->mark_count--;
    return extend(m, n, keyed);
}

static clipsearch_status do_pop(cs_machine *m, bool to_mark)
{
    if (to_mark) {
        if (!m->mark_count)
            return cs_machine_fail(m, "no mark on the stack");
        m->stacked.count = m->marks[--m->mark_count];
    } else {
        if (cs_machine_available(m) < 1)
            return cs_machine_fail(m, "the stack is empty");
        cs_machine_pop(m);
    }
    return CLIPSEARCH_OK;
}

/* ---------------------------------------------------------------- memo */

static clipsearch_status do_put(cs_machine *m, int bytes)
{
    uint64_t place;
    return read_number(m, bytes, &place) ? cs_machine_memorise(m, place) : cut_short(m);
}

static clipsearch_status do_get(cs_machine *m, int bytes)
{
    uint64_t place;
    if (!read_number(m, bytes, &place))
        return cut_short(m);
    return cs_machine_recall(m, place);
}

/* ---------------------------------------------------------------- the machine */

static clipsearch_status do_stop(cs_machine *m)
{
    if (m->mark_count || m->stacked.count != 1)
        return cs_machine_fail(m, "it ends with other than one value on the stack");
    m->pickle->root = cs_machine_pop(m);
    m->pickle->end = m->at;
    m->pickle->value_count = (uint32_t)m->values.count;
    m->stopped = true;
    return CLIPSEARCH_OK;
}

static clipsearch_status do_proto(cs_machine *m)
{
    uint64_t protocol;
    if (!read_number(m, 1, &protocol))
        return cut_short(m);
    return protocol <= MAX_PROTOCOL ? CLIPSEARCH_OK : cs_machine_fail(m, "a protocol above 5");
}

static clipsearch_status refuse_opcode(const cs_machine *m, unsigned op)
{
    return cs_fail(m->err, CLIPSEARCH_E_MODEL,
                   "%s: byte %zu: pickle: the opcode 0x%02x is not one that torch.save writes", m->path,
                   m->base + m->op_at, op);
}

/* One opcode that makes a plain value. */
static clipsearch_status step_value(cs_machine *m, unsigned op)
{
    switch (op) {
    case OP_NONE:
        return cs_machine_push(m, 0);
    case OP_NEWTRUE:
    case OP_NEWFALSE:
        return cs_machine_push_value(m, (cs_pickle_value){.kind = CS_PICKLE_BOOL, .integer = op == OP_NEWTRUE});
    case OP_BININT:
        return push_int(m, 4, true);
    case OP_BININT1:
        return push_int(m, 1, false);
    case OP_BININT2:
        return push_int(m, 2, false);
    case OP_LONG1:
        return push_long(m);
    case OP_BINFLOAT:
        return read_bytes(m, 8) ? cs_machine_push_value(m, (cs_pickle_value){.kind = CS_PICKLE_NUMBER}) : cut_short(m);
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
        return cs_machine_push_value(m, (cs_pickle_value){.kind = CS_PICKLE_TUPLE});
    case OP_EMPTY_LIST:
    case OP_EMPTY_SET:
        return cs_machine_push_value(m, (cs_pickle_value){.kind = CS_PICKLE_LIST});
    case OP_EMPTY_DICT:
        return cs_machine_push_value(m, (cs_pickle_value){.kind = CS_PICKLE_DICT});
    default:
        return refuse_opcode(m, op);
    }
}

static clipsearch_status step(cs_machine *m, unsigned op)
{
    switch (op) {
    case OP_PROTO:
        return do_proto(m);
    case OP_FRAME:
        return read_bytes(m, 8) ? CLIPSEARCH_OK : cut_short(m);
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
        return cs_machine_memorise(m, m->memorised.count);
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
    cs_machine m = {.pickle = pickle, .path = path, .base = base, .err = err};
    m.size = size < MAX_BYTES ? size : MAX_BYTES;
    clipsearch_status status = cs_machine_open(&m);
    while (status == CLIPSEARCH_OK && !m.stopped) {
        m.op_at = m.at;
        const uint8_t *op = read_bytes(&m, 1);
        status = op ? step(&m, *op) : size > MAX_BYTES ? cs_machine_fail(&m, "longer than 100 MB") : cut_short(&m);
    }
    cs_machine_close(&m);
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
