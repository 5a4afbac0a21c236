/* SPDX-License-Identifier: MIT
 * pickle.h - the values a Python pickle describes, read as data: nothing is called, nothing is imported. */
#ifndef CS_MODEL_PICKLE_H
#define CS_MODEL_PICKLE_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* A value's number. 0 is None, and also what a look-up returns that finds nothing. */
typedef uint32_t cs_pickle_ref;

typedef enum cs_pickle_kind {
    CS_PICKLE_NONE,
    CS_PICKLE_BOOL,   /* integer */
    CS_PICKLE_INT,    /* integer */
    CS_PICKLE_NUMBER, /* a float, or an integer beyond 64 bits: the value is not kept */
    CS_PICKLE_TEXT,   /* text_at, text_len */
    CS_PICKLE_BYTES,  /* text_at, text_len */
    CS_PICKLE_TUPLE,  /* items */
    CS_PICKLE_LIST,   /* items; sets as well */
    CS_PICKLE_DICT,   /* items with keys */
    CS_PICKLE_GLOBAL, /* global */
    CS_PICKLE_CALL,   /* what a call of `global` with the tuple `args` would have made; `state` and items set later */
    CS_PICKLE_PERSISTENT, /* something kept outside the pickle, which the value `args` describes */
} cs_pickle_kind;

/* What a pickle may name, and nothing else: what tensors and their containers need. */
typedef enum cs_pickle_global {
    CS_GLOBAL_ORDERED_DICT,
    CS_GLOBAL_DEFAULT_DICT,
    CS_GLOBAL_SIZE,
    CS_GLOBAL_DEVICE,
    CS_GLOBAL_TYPED_LIST,   /* TorchScript's lists of one type: build_intlist and the like */
    CS_GLOBAL_RESTORE_TYPE, /* TorchScript's restore_type_tag(value, type) */
    CS_GLOBAL_TENSOR,       /* _rebuild_tensor(storage, offset, size, stride), _v2 with more behind */
    CS_GLOBAL_TENSOR_V3,    /* _rebuild_tensor_v3: the type is the seventh argument */
    CS_GLOBAL_TENSOR_TYPE,  /* _rebuild_from_type_v2(function, type, arguments, state) */
    CS_GLOBAL_PARAMETER,    /* _rebuild_parameter(tensor, ...), or the class itself */
    CS_GLOBAL_TENSOR_CLASS, /* torch.Tensor, torch.FloatTensor: made empty and filled by its state */
    CS_GLOBAL_STORAGE,      /* a storage class of `type` */
    CS_GLOBAL_UNTYPED_STORAGE,
    CS_GLOBAL_DTYPE,        /* torch.float32 and the like: `type` */
    CS_GLOBAL_SCRIPT_CLASS, /* a class of a TorchScript archive: __torch__... */
} cs_pickle_global;

/* A type of numbers, by the name safetensors gives it. */
typedef struct cs_pickle_type {
    const char *name;
    uint8_t bytes;
} cs_pickle_type;

typedef struct cs_pickle_value {
    uint8_t kind, global;       /* cs_pickle_kind, cs_pickle_global */
    uint8_t type;               /* of STORAGE and DTYPE: cs_pickle_type_of */
    uint32_t first, last, size; /* items: the first and last cell (0: none), and how many */
    union {
        int64_t integer;
        struct {
            uint32_t text_at, text_len; /* in the pickle's bytes */
        };
        struct {
            cs_pickle_ref args, state;
        };
    };
} cs_pickle_value;

/* An item of a tuple, list or dictionary. */
typedef struct cs_pickle_cell {
    cs_pickle_ref key, value;
    uint32_t next;
} cs_pickle_cell;

typedef struct cs_pickle {
    const uint8_t *data;     /* [end] */
    size_t end;              /* the byte behind its STOP */
    cs_pickle_value *values; /* [value_count] */
    uint32_t value_count;
    cs_pickle_cell *cells;
    cs_pickle_ref root;
} cs_pickle;

/* Read the pickle that begins at data[0], of at most `size` bytes; they must outlive it. Messages say `path` and count
 * bytes from `base`, the place of data[0] in the file. Of the opcodes only those that torch.save and torch.jit.save
 * write are known (protocol 2; the harmless ones of 3 to 5 too), and of the names only those of cs_pickle_global: any
 * other is an error that has its name. There is no recursion. A value may contain itself, so a caller that walks values
 * must limit its steps.
 * Limits: 100 MB, 2^21 values, 2^22 items, 2^20 on the stack, a memo of 2^21, 256 open marks.
 * Errors: CLIPSEARCH_E_MODEL, _UNSUPPORTED (a name that is not allowed), _MEMORY. On failure it is empty. */
clipsearch_status cs_pickle_read(const uint8_t *data, size_t size, const char *path, size_t base, cs_pickle *pickle,
                                 clipsearch_error *err);
void cs_pickle_free(cs_pickle *pickle);

/* The text or bytes of a value, not NUL-terminated; NULL when it is neither. */
const char *cs_pickle_text(const cs_pickle *pickle, cs_pickle_ref ref, size_t *n);
bool cs_pickle_is_text(const cs_pickle *pickle, cs_pickle_ref ref, const char *text);

/* Item `i` of a tuple or list; 0 when there is none. */
cs_pickle_ref cs_pickle_item(const cs_pickle *pickle, cs_pickle_ref ref, size_t i);

/* The value under the text `key`, the last one where there are several; 0: none. */
cs_pickle_ref cs_pickle_get(const cs_pickle *pickle, cs_pickle_ref ref, const char *key);

/* Whether it can have items under keys: a dictionary, or an ordered or default one made by a call. */
bool cs_pickle_is_dict(const cs_pickle *pickle, cs_pickle_ref ref);

const cs_pickle_type *cs_pickle_type_of(const cs_pickle_value *value);

#endif
