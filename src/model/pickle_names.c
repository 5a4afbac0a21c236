/* SPDX-License-Identifier: MIT
 * pickle_names.c - the only names a weight file's pickle may use. */
#include "model/pickle_names.h"

#include <string.h>

/* Types by their names in safetensors where it has one, so that a fingerprint does not depend on the container. */
static const cs_pickle_type types[] = {
    {"F32", 4}, {"F16", 2}, {"BF16", 2},    {"F64", 8},     {"I64", 8},     {"I32", 4}, {"I16", 2},
    {"I8", 1},  {"U8", 1},  {"BOOL", 1},    {"C64", 8},     {"C128", 16},   {"C32", 4}, {"U16", 2},
    {"U32", 4}, {"U64", 8}, {"F8_E4M3", 1}, {"F8_E5M2", 1}, {"F8_E8M0", 1},
};
enum type {
    F32,
    F16,
    BF16,
    F64,
    I64,
    I32,
    I16,
    I8,
    U8,
    BOOL,
    C64,
    C128,
    C32,
    U16,
    U32,
    U64,
    F8_E4M3,
    F8_E5M2,
    F8_E8M0
};

static const struct {
    const char *module, *name;
    uint8_t global, type;
} names[] = {
    {"collections", "OrderedDict", CS_GLOBAL_ORDERED_DICT, 0},
    {"collections", "defaultdict", CS_GLOBAL_DEFAULT_DICT, 0},
    {"torch", "Size", CS_GLOBAL_SIZE, 0},
    {"torch", "device", CS_GLOBAL_DEVICE, 0},
    {"torch._utils", "_rebuild_tensor", CS_GLOBAL_TENSOR, 0},
    {"torch._utils", "_rebuild_tensor_v2", CS_GLOBAL_TENSOR, 0},
    {"torch._utils", "_rebuild_tensor_v3", CS_GLOBAL_TENSOR_V3, 0},
    {"torch._utils", "_rebuild_parameter", CS_GLOBAL_PARAMETER, 0},
    {"torch._utils", "_rebuild_parameter_with_state", CS_GLOBAL_PARAMETER, 0},
    {"torch._tensor", "_rebuild_from_type_v2", CS_GLOBAL_TENSOR_TYPE, 0},
    {"torch.nn.parameter", "Parameter", CS_GLOBAL_PARAMETER, 0},
    {"torch.nn.parameter", "Buffer", CS_GLOBAL_PARAMETER, 0},
    {"torch", "Tensor", CS_GLOBAL_TENSOR_CLASS, 0},
    {"torch._tensor", "Tensor", CS_GLOBAL_TENSOR_CLASS, 0},
    {"torch.jit._pickle", "build_intlist", CS_GLOBAL_TYPED_LIST, 0},
    {"torch.jit._pickle", "build_doublelist", CS_GLOBAL_TYPED_LIST, 0},
    {"torch.jit._pickle", "build_boollist", CS_GLOBAL_TYPED_LIST, 0},
    {"torch.jit._pickle", "build_tensorlist", CS_GLOBAL_TYPED_LIST, 0},
    {"torch.jit._pickle", "restore_type_tag", CS_GLOBAL_RESTORE_TYPE, 0},
    {"torch.storage", "UntypedStorage", CS_GLOBAL_UNTYPED_STORAGE, U8},
    {"torch", "UntypedStorage", CS_GLOBAL_UNTYPED_STORAGE, U8},
    {"torch.storage", "_UntypedStorage", CS_GLOBAL_UNTYPED_STORAGE, U8},
    {"torch", "FloatStorage", CS_GLOBAL_STORAGE, F32},
    {"torch", "HalfStorage", CS_GLOBAL_STORAGE, F16},
    {"torch", "BFloat16Storage", CS_GLOBAL_STORAGE, BF16},
    {"torch", "DoubleStorage", CS_GLOBAL_STORAGE, F64},
    {"torch", "LongStorage", CS_GLOBAL_STORAGE, I64},
    {"torch", "IntStorage", CS_GLOBAL_STORAGE, I32},
    {"torch", "ShortStorage", CS_GLOBAL_STORAGE, I16},
    {"torch", "CharStorage", CS_GLOBAL_STORAGE, I8},
    {"torch", "ByteStorage", CS_GLOBAL_STORAGE, U8},
    {"torch", "BoolStorage", CS_GLOBAL_STORAGE, BOOL},
    {"torch", "ComplexFloatStorage", CS_GLOBAL_STORAGE, C64},
    {"torch", "ComplexDoubleStorage", CS_GLOBAL_STORAGE, C128},
    {"torch", "float32", CS_GLOBAL_DTYPE, F32},
    {"torch", "float", CS_GLOBAL_DTYPE, F32},
    {"torch", "float16", CS_GLOBAL_DTYPE, F16},
    {"torch", "half", CS_GLOBAL_DTYPE, F16},
    {"torch", "bfloat16", CS_GLOBAL_DTYPE, BF16},
    {"torch", "float64", CS_GLOBAL_DTYPE, F64},
    {"torch", "double", CS_GLOBAL_DTYPE, F64},
    {"torch", "int64", CS_GLOBAL_DTYPE, I64},
    {"torch", "int32", CS_GLOBAL_DTYPE, I32},
    {"torch", "int16", CS_GLOBAL_DTYPE, I16},
    {"torch", "int8", CS_GLOBAL_DTYPE, I8},
    {"torch", "uint8", CS_GLOBAL_DTYPE, U8},
    {"torch", "uint16", CS_GLOBAL_DTYPE, U16},
    {"torch", "uint32", CS_GLOBAL_DTYPE, U32},
    {"torch", "uint64", CS_GLOBAL_DTYPE, U64},
    {"torch", "bool", CS_GLOBAL_DTYPE, BOOL},
    {"torch", "complex32", CS_GLOBAL_DTYPE, C32},
    {"torch", "complex64", CS_GLOBAL_DTYPE, C64},
    {"torch", "complex128", CS_GLOBAL_DTYPE, C128},
    {"torch", "float8_e4m3fn", CS_GLOBAL_DTYPE, F8_E4M3},
    {"torch", "float8_e5m2", CS_GLOBAL_DTYPE, F8_E5M2},
    {"torch", "float8_e8m0fnu", CS_GLOBAL_DTYPE, F8_E8M0},
};

static bool same(const char *text, const char *bytes, size_t n)
{
    return strlen(text) == n && memcmp(text, bytes, n) == 0;
}

/* The first versions named a tensor's class torch.FloatTensor, as its storage's torch.FloatStorage. */
static bool tensor_class(const char *name, size_t n, uint8_t *type)
{
    static const char tensor[] = "Tensor", storage[] = "Storage";
    if (n <= sizeof tensor - 1 || memcmp(name + n - (sizeof tensor - 1), tensor, sizeof tensor - 1) != 0)
        return false;
    size_t stem = n - (sizeof tensor - 1);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].global == CS_GLOBAL_STORAGE && strlen(names[i].name) == stem + sizeof storage - 1 &&
            memcmp(names[i].name, name, stem) == 0) {
            *type = names[i].type;
            return true;
        }
    return false;
}

bool cs_pickle_name(const char *module, size_t module_len, const char *name, size_t name_len, cs_pickle_value *value)
{
    static const char script[] = "__torch__";
    *value = (cs_pickle_value){.kind = CS_PICKLE_GLOBAL};
    if (module_len >= sizeof script - 1 && memcmp(module, script, sizeof script - 1) == 0 &&
        (module_len == sizeof script - 1 || module[sizeof script - 1] == '.')) {
        value->global = CS_GLOBAL_SCRIPT_CLASS;
        return true;
    }
    /* a tensor saved from a GPU has the same bytes */
    bool gpu = same("torch.cuda", module, module_len);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (same(names[i].name, name, name_len) &&
            (same(names[i].module, module, module_len) || (gpu && names[i].global == CS_GLOBAL_STORAGE))) {
            value->global = names[i].global;
            value->type = names[i].type;
            return true;
        }
    value->global = CS_GLOBAL_TENSOR_CLASS;
    return (gpu || same("torch", module, module_len)) && tensor_class(name, name_len, &value->type);
}

const cs_pickle_type *cs_pickle_type_of(const cs_pickle_value *value)
{
    return &types[value->type];
}
