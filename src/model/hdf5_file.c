/* SPDX-License-Identifier: MIT
 * hdf5_file.c - Keras weights in HDF5, through libhdf5; the only file that uses it. It is loaded when it is first
 * needed: with the libraries that it needs itself that takes 5 ms, a third of a query. */
#include "base/mem.h"
#include "base/symbol.h"
#include "model/hdf5_check.h"
#include "model/hdf5_text.h"
#include "model/keras_names.h"
#include "model/tensor_list.h"

#include <hdf5.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * libhdf5 only finds things: it walks the groups and gives each data set's type, shape and offset, and the values are
 * used in the mapped file. libhdf5 is not hardened against hostile files, so it gets as little as possible: only files
 * whose structures were all checked before (hdf5_check.c); the file as memory, not by its name; hard links only, so
 * that no other file is opened; data sets stored in one piece without filters, so that no plugin is loaded and nothing
 * is expanded; and no texts (hdf5_text.c).
 */

enum {
    MAX_DEPTH = 16,      /* groups inside groups */
    MAX_LINKS = 1 << 14, /* of one group: looking one up takes longer the more there are */
    MAX_OBJECTS = 1 << 17,
    MAX_PATH = CS_MAX_TENSOR_NAME,
    MAX_LAYER = 256
};

#define FUNCTIONS(F)                                                                                                   \
    F(H5Dget_create_plist)                                                                                             \
    F(H5Dget_offset)                                                                                                   \
    F(H5Dget_space)                                                                                                    \
    F(H5Dget_type)                                                                                                     \
    F(H5Eclear2)                                                                                                       \
    F(H5Eget_auto2)                                                                                                    \
    F(H5Eset_auto2)                                                                                                    \
    F(H5Fclose)                                                                                                        \
    F(H5Fopen)                                                                                                         \
    F(H5Gget_info)                                                                                                     \
    F(H5Iget_type)                                                                                                     \
    F(H5Lget_info)                                                                                                     \
    F(H5Lget_name_by_idx)                                                                                              \
    F(H5Oclose)                                                                                                        \
    F(H5Oopen)                                                                                                         \
    F(H5PLget_loading_state)                                                                                           \
    F(H5PLset_loading_state)                                                                                           \
    F(H5Pclose)                                                                                                        \
    F(H5Pcreate)                                                                                                       \
    F(H5Pget_external_count)                                                                                           \
    F(H5Pget_layout)                                                                                                   \
    F(H5Pset_fapl_core)                                                                                                \
    F(H5Pset_fclose_degree)                                                                                            \
    F(H5Pset_file_image)                                                                                               \
    F(H5Pset_file_image_callbacks)                                                                                     \
    F(H5Sclose)                                                                                                        \
    F(H5Sget_simple_extent_dims)                                                                                       \
    F(H5Sget_simple_extent_ndims)                                                                                      \
    F(H5Sget_simple_extent_type)                                                                                       \
    F(H5Tclose)                                                                                                        \
    F(H5Tequal)                                                                                                        \
    F(H5Tget_class)                                                                                                    \
    F(H5Tget_ebias)                                                                                                    \
    F(H5Tget_fields)                                                                                                   \
    F(H5Tget_order)                                                                                                    \
    F(H5Tget_size)                                                                                                     \
    F(H5dont_atexit)                                                                                                   \
    F(H5get_libversion)                                                                                                \
    F(H5open)

/* Variables: the numbers of its types and of one kind of property list. */
#define NUMBERS(F)                                                                                                     \
    F(H5P_CLS_FILE_ACCESS_ID_g)                                                                                        \
    F(H5T_IEEE_F32LE_g)                                                                                                \
    F(H5T_IEEE_F64LE_g)                                                                                                \
    F(H5T_STD_I64LE_g)                                                                                                 \
    F(H5T_STD_I32LE_g)                                                                                                 \
    F(H5T_STD_I16LE_g)                                                                                                 \
    F(H5T_STD_I8LE_g)                                                                                                  \
    F(H5T_STD_U64LE_g)                                                                                                 \
    F(H5T_STD_U32LE_g)                                                                                                 \
    F(H5T_STD_U16LE_g)                                                                                                 \
    F(H5T_STD_U8LE_g)

#define NUMBER(number) const hid_t *number;
static struct {
    FUNCTIONS(CS_SYMBOL_FIELD)
    NUMBERS(NUMBER)
} lib;

static const cs_symbol symbols[] = {FUNCTIONS(CS_SYMBOL_ENTRY) NUMBERS(CS_SYMBOL_ENTRY)};
static bool loaded;

/* Programs and library must be of the same minor version: its types change. */
static void load(void)
{
#if H5_VERSION_GE(1, 14, 0)
    static const char *const names[] = {"libhdf5_serial.so.310", "libhdf5.so.310", NULL};
#elif H5_VERSION_GE(1, 12, 0)
    static const char *const names[] = {"libhdf5_serial.so.200", "libhdf5.so.200", NULL};
#else
    static const char *const names[] = {"libhdf5_serial.so.103", "libhdf5.so.103", NULL};
#endif
    unsigned major, minor, release;
    loaded = cs_symbols_load(names, symbols, sizeof symbols / sizeof *symbols) &&
             lib.H5get_libversion(&major, &minor, &release) >= 0 && major == H5_VERS_MAJOR && minor == H5_VERS_MINOR;
}

static bool is_loaded(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return loaded;
}

/* A group that the walk is inside of. */
struct level {
    hid_t group;
    haddr_t address; /* of its header */
    hsize_t next, count;
    size_t prefix_len; /* of its path with the slash */
    int first_rank;    /* of its first data set; -1: none yet */
};

struct walk {
    cs_weights *weights;
    cs_tensor_list list;
    struct level levels[MAX_DEPTH];
    int depth;
    size_t objects;
    char path[MAX_PATH + 1];
    clipsearch_error *err;
};

/* libhdf5 as distributions build it keeps its state in globals that no lock guards. */
static pthread_mutex_t library = PTHREAD_MUTEX_INITIALIZER;

static clipsearch_status bad(const struct walk *walk, const char *what)
{
    return cs_fail(walk->err, CLIPSEARCH_E_MODEL, "%s: HDF5: \"%.200s\": %s", walk->weights->path, walk->path, what);
}

/* ---------------------------------------------------------------- the file as memory */

struct image {
    void *data;
    size_t size;
};

/* The library asks for memory and copies the file into it. It gets the mapped file, and nothing is copied. */
static void *image_malloc(size_t size, H5FD_file_image_op_t op, void *context)
{
    const struct image *image = context;
    (void)op;
    return size == image->size ? image->data : NULL;
}

static void *image_memcpy(void *to, const void *from, size_t size, H5FD_file_image_op_t op, void *context)
{
    (void)size;
    (void)op;
    (void)context;
    return to == from ? to : NULL;
}

static void *image_realloc(void *block, size_t size, H5FD_file_image_op_t op, void *context)
{
    (void)block;
    (void)size;
    (void)op;
    (void)context;
    return NULL;
}

static herr_t image_free(void *block, H5FD_file_image_op_t op, void *context)
{
    (void)block;
    (void)op;
    (void)context;
    return 0;
}

static void *context_copy(void *context)
{
    return context;
}

static herr_t context_free(void *context)
{
    (void)context;
    return 0;
}

/* For a file in memory the library wants a name that no file has; a path below a non-directory never exists. */
static const char no_such_file[] = "/dev/null/weights";
static const unsigned read_only = 0; /* H5F_ACC_RDONLY, whose macro calls functions of the library */

static hid_t open_image(struct image *image)
{
    H5FD_file_image_callbacks_t callbacks = {.image_malloc = image_malloc,
                                             .image_memcpy = image_memcpy,
                                             .image_realloc = image_realloc,
                                             .image_free = image_free,
                                             .udata_copy = context_copy,
                                             .udata_free = context_free,
                                             .udata = image};
    hid_t file = H5I_INVALID_HID, access = lib.H5Pcreate(*lib.H5P_CLS_FILE_ACCESS_ID_g);
    if (access < 0)
        return access;
    if (lib.H5Pset_fapl_core(access, 1 << 16, 0) >= 0 && lib.H5Pset_fclose_degree(access, H5F_CLOSE_STRONG) >= 0 &&
        lib.H5Pset_file_image_callbacks(access, &callbacks) >= 0 &&
        lib.H5Pset_file_image(access, image->data, image->size) >= 0)
        file = lib.H5Fopen(no_such_file, read_only, access);
    lib.H5Pclose(access);
    return file;
}

/* ---------------------------------------------------------------- data sets */

/* Half precision, which has no predefined type in this library. */
static bool is_half(hid_t type)
{
    size_t sign, exponent, exponent_bits, mantissa, mantissa_bits;
    return lib.H5Tget_class(type) == H5T_FLOAT && lib.H5Tget_size(type) == 2 &&
           lib.H5Tget_order(type) == H5T_ORDER_LE &&
           lib.H5Tget_fields(type, &sign, &exponent, &exponent_bits, &mantissa, &mantissa_bits) >= 0 && sign == 15 &&
           exponent == 10 && exponent_bits == 5 && mantissa == 0 && mantissa_bits == 10 && lib.H5Tget_ebias(type) == 15;
}

/* Set the tensor's type; false: not numbers, or not little-endian. */
static bool read_type(hid_t type, cs_tensor *tensor, size_t *element)
{
    const struct {
        hid_t type;
        const char *name;
    } types[] = {{*lib.H5T_IEEE_F32LE_g, "F32"}, {*lib.H5T_IEEE_F64LE_g, "F64"}, {*lib.H5T_STD_I64LE_g, "I64"},
                 {*lib.H5T_STD_I32LE_g, "I32"},  {*lib.H5T_STD_I16LE_g, "I16"},  {*lib.H5T_STD_I8LE_g, "I8"},
                 {*lib.H5T_STD_U64LE_g, "U64"},  {*lib.H5T_STD_U32LE_g, "U32"},  {*lib.H5T_STD_U16LE_g, "U16"},
                 {*lib.H5T_STD_U8LE_g, "U8"}};
    *element = lib.H5Tget_size(type);
    tensor->stored = NULL;
    for (size_t i = 0; i < sizeof types / sizeof *types && !tensor->stored; i++)
        if (lib.H5Tequal(type, types[i].type) > 0)
            tensor->stored = types[i].name;
    if (!tensor->stored && is_half(type))
        tensor->stored = "F16";
    if (!tensor->stored)
        return false;
    tensor->is_float = strcmp(tensor->stored, "F32") == 0 || strcmp(tensor->stored, "F16") == 0;
    tensor->dtype = tensor->stored[1] == '1' ? CS_F16 : CS_F32;
    return true;
}

static clipsearch_status read_shape(const struct walk *walk, hid_t space, size_t element, cs_tensor *tensor)
{
    hsize_t dims[CS_TENSOR_RANK];
    H5S_class_t class = lib.H5Sget_simple_extent_type(space);
    int rank = class == H5S_SCALAR ? 0 : lib.H5Sget_simple_extent_ndims(space);
    if ((class != H5S_SCALAR && class != H5S_SIMPLE) || rank < 0)
        return bad(walk, "it has no shape");
    if (rank > CS_TENSOR_RANK)
        return bad(walk, "more dimensions than the limit of 8");
    if (rank && lib.H5Sget_simple_extent_dims(space, dims, NULL) != rank)
        return bad(walk, "its shape cannot be read");
    tensor->rank = rank;
    tensor->count = 1;
    for (int i = 0; i < rank; i++) {
        tensor->shape[i] = (size_t)dims[i];
        if (dims[i] > SIZE_MAX || __builtin_mul_overflow(tensor->count, tensor->shape[i], &tensor->count))
            return bad(walk, "the product of its dimensions overflows");
    }
    if (__builtin_mul_overflow(tensor->count, element, &tensor->bytes))
        return bad(walk, "the product of its dimensions overflows");
    return CLIPSEARCH_OK;
}

/* Set tensor->data, in the mapped file. */
static clipsearch_status read_place(const struct walk *walk, hid_t set, hid_t creation, cs_tensor *tensor)
{
    const cs_weights *weights = walk->weights;
    if (lib.H5Pget_layout(creation) != H5D_CONTIGUOUS || lib.H5Pget_external_count(creation) != 0)
        return cs_fail(
            walk->err, CLIPSEARCH_E_UNSUPPORTED,
            "%s: HDF5: \"%.200s\" is compressed, in pieces, virtual or in another file, and weights are used "
            "where they lie; load the model in Python and save its weights again without compression",
            weights->path, walk->path);
    tensor->data = weights->data;
    if (tensor->count == 0)
        return CLIPSEARCH_OK;
    haddr_t at = lib.H5Dget_offset(set);
    if (at == HADDR_UNDEF)
        return bad(walk, "its values were never written");
    if (at > weights->size || tensor->bytes > weights->size - at)
        return bad(walk, "its values reach beyond the end of the file");
    tensor->data = weights->data + at;
    return CLIPSEARCH_OK;
}

/* Replace the path's end "CLASS/vars/0" by "LAYER/kernel" in a file of Keras 3. `out` has room for both. */
static void keras3_path(const struct walk *walk, const struct level *level, const cs_tensor *tensor, char *out)
{
    static const char vars[] = "vars/";
    const cs_weights *weights = walk->weights;
    char layer[MAX_LAYER]; /* Keras 3 stores the layer's name in an attribute of the group of its variables */
    size_t prefix = level->prefix_len, n = sizeof vars - 1;
    memcpy(out, walk->path, strlen(walk->path) + 1);
    if (prefix < n || strncmp(walk->path + prefix - n, vars, n) != 0)
        return;
    const char *digits = walk->path + prefix, *known = NULL;
    if (strlen(digits) < 4 && strspn(digits, "0123456789") == strlen(digits))
        known = cs_keras_variable((size_t)atoi(digits), (size_t)level->count, level->first_rank, tensor->rank);
    size_t at = prefix - n; /* after "CLASS/" */
    if (at && cs_hdf5_text(weights->data, weights->size, level->address, "name", layer, sizeof layer) &&
        !strchr(layer, '/')) {
        at--;
        while (at && out[at - 1] != '/')
            at--;
        at += (size_t)snprintf(out + at, MAX_PATH + MAX_LAYER - at, "%s/", layer);
    }
    snprintf(out + at, MAX_PATH + MAX_LAYER - at, "%s", known ? known : digits);
}

static clipsearch_status add_set(struct walk *walk, struct level *level, hid_t set)
{
    char path[MAX_PATH + 2 * MAX_LAYER], name[MAX_PATH + 2 * MAX_LAYER];
    cs_tensor tensor = {0};
    size_t element = 0;
    hid_t type = lib.H5Dget_type(set), space = lib.H5Dget_space(set), creation = lib.H5Dget_create_plist(set);
    clipsearch_status status = CLIPSEARCH_OK;
    if (type < 0 || space < 0 || creation < 0)
        status = bad(walk, "its description cannot be read; the file is damaged");
    else if (!read_type(type, &tensor, &element))
        goto done; /* texts and the like */
    if (status == CLIPSEARCH_OK)
        status = read_shape(walk, space, element, &tensor);
    if (status != CLIPSEARCH_OK)
        goto done;
    if (level->first_rank < 0)
        level->first_rank = tensor.rank;
    keras3_path(walk, level, &tensor, path);
    if (!cs_keras_name(path, name, sizeof name))
        goto done;
    status = read_place(walk, set, creation, &tensor);
    if (status == CLIPSEARCH_OK)
        status = cs_tensor_list_add(&walk->list, name, strlen(name), &tensor, walk->err);
done:
    lib.H5Pclose(creation);
    lib.H5Sclose(space);
    lib.H5Tclose(type);
    return status;
}

/* ---------------------------------------------------------------- groups */

/* Enter a group; the walk closes it later. */
static clipsearch_status enter(struct walk *walk, hid_t group, haddr_t address, size_t prefix_len)
{
    H5G_info_t info;
    clipsearch_status status = CLIPSEARCH_OK;
    if (walk->depth == MAX_DEPTH)
        status = bad(walk, "groups nested deeper than 16");
    else if (lib.H5Gget_info(group, &info) < 0)
        status = bad(walk, "the group cannot be read; the file is damaged");
    else if (info.nlinks > MAX_LINKS)
        status = bad(walk, "a group of more than 16384 members");
    if (status != CLIPSEARCH_OK) {
        lib.H5Oclose(group);
        return status;
    }
    walk->levels[walk->depth++] = (struct level){
        .group = group, .address = address, .count = info.nlinks, .prefix_len = prefix_len, .first_rank = -1};
    return CLIPSEARCH_OK;
}

/* Read the name of the level's next member to the end of walk->path, and fail unless it is a hard link. */
static clipsearch_status next_link(struct walk *walk, struct level *level, haddr_t *address)
{
    H5L_info_t info;
    char *name = walk->path + level->prefix_len;
    size_t room = MAX_PATH + 1 - level->prefix_len;
    hsize_t i = level->next++;
    *name = '\0';
    ssize_t n = lib.H5Lget_name_by_idx(level->group, ".", H5_INDEX_NAME, H5_ITER_INC, i, name, room, H5P_DEFAULT);
    if (n <= 0 || (size_t)n >= room || strlen(name) != (size_t)n || strchr(name, '/') || strcmp(name, ".") == 0)
        return bad(walk, "a member's name is missing, too long or broken");
    if (lib.H5Lget_info(level->group, name, &info, H5P_DEFAULT) < 0)
        return bad(walk, "the member cannot be read; the file is damaged");
    if (info.type != H5L_TYPE_HARD)
        return cs_fail(walk->err, CLIPSEARCH_E_UNSUPPORTED,
                       "%s: HDF5: \"%.200s\" is a link to another place or file, which is not followed",
                       walk->weights->path, walk->path);
    if (info.u.address >= walk->weights->size)
        return bad(walk, "it lies beyond the end of the file");
    *address = info.u.address;
    return CLIPSEARCH_OK;
}

static clipsearch_status visit(struct walk *walk, struct level *level)
{
    haddr_t address = HADDR_UNDEF;
    clipsearch_status status = next_link(walk, level, &address);
    if (status != CLIPSEARCH_OK)
        return status;
    if (++walk->objects > MAX_OBJECTS)
        return bad(walk, "more than 131072 members in all");
    hid_t object = lib.H5Oopen(level->group, walk->path + level->prefix_len, H5P_DEFAULT);
    if (object < 0)
        return bad(walk, "it cannot be opened; the file is damaged");
    H5I_type_t kind = lib.H5Iget_type(object);
    size_t n = strlen(walk->path);
    if (kind == H5I_GROUP && n < MAX_PATH) {
        walk->path[n] = '/';
        walk->path[n + 1] = '\0';
        return enter(walk, object, address, n + 1);
    }
    if (kind == H5I_DATASET)
        status = add_set(walk, level, object);
    lib.H5Oclose(object);
    return status;
}

static clipsearch_status walk_file(struct walk *walk, hid_t file)
{
    hid_t root = lib.H5Oopen(file, "/", H5P_DEFAULT);
    if (root < 0)
        return bad(walk, "its first group cannot be read; the file is damaged");
    clipsearch_status status = enter(walk, root, HADDR_UNDEF, 0);
    while (walk->depth) {
        struct level *level = &walk->levels[walk->depth - 1];
        if (status == CLIPSEARCH_OK && level->next < level->count) {
            status = visit(walk, level);
        } else {
            lib.H5Oclose(level->group);
            walk->depth--;
        }
    }
    if (status == CLIPSEARCH_OK && walk->weights->count == 0)
        status =
            cs_fail(walk->err, CLIPSEARCH_E_MODEL, "%s: there are no weights in this HDF5 file", walk->weights->path);
    return status;
}

/* Under the lock, with the library's messages and plugins turned off. */
static clipsearch_status read_quietly(cs_weights *weights, clipsearch_error *err)
{
    struct walk *walk = cs_zalloc_array(1, sizeof *walk);
    if (!walk)
        return cs_fail_memory(err, weights->path);
    walk->weights = weights;
    walk->list = cs_tensor_list_make(weights);
    walk->err = err;
    /* the library wants a pointer to writable memory, but opens the file for reading only */
    struct image image = {.data = (void *)(uintptr_t)weights->data, .size = weights->size};
    hid_t file = open_image(&image);
    clipsearch_status status =
        file < 0 ? cs_fail(err, CLIPSEARCH_E_MODEL, "%s: libhdf5 cannot open it; the file is damaged", weights->path)
                 : walk_file(walk, file);
    if (file >= 0)
        lib.H5Fclose(file);
    if (status == CLIPSEARCH_OK)
        status = cs_tensor_list_finish(&walk->list, err);
    if (status != CLIPSEARCH_OK)
        weights->count = 0; /* their names were never set */
    cs_tensor_list_free(&walk->list);
    cs_free(walk);
    return status;
}

clipsearch_status cs_hdf5_read(cs_weights *weights, clipsearch_error *err)
{
    weights->source = (cs_weights_source){.container = "HDF5 (Keras)", .inside = "", .prefix = ""};
    clipsearch_status status = cs_hdf5_check(weights->data, weights->size, weights->path, err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (!is_loaded())
        return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                       "%s: this is an HDF5 (Keras) file, and the library libhdf5 %d.%d, which reads it, is not "
                       "installed; install it, or save the arrays in Python with safetensors.numpy.save_file",
                       weights->path, H5_VERS_MAJOR, H5_VERS_MINOR);
    pthread_mutex_lock(&library);
    H5E_auto2_t print;
    void *print_to;
    unsigned plugins;
    /* after a damaged file its exit handler prints messages, and it cleans up nothing that matters */
    lib.H5dont_atexit();
    if (lib.H5open() < 0 || lib.H5Eget_auto2(H5E_DEFAULT, &print, &print_to) < 0 ||
        lib.H5PLget_loading_state(&plugins) < 0 || lib.H5PLset_loading_state(0) < 0) {
        status = cs_fail(err, CLIPSEARCH_E_UNSUPPORTED, "%s: libhdf5 cannot be set up", weights->path);
    } else {
        lib.H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
        status = read_quietly(weights, err);
        lib.H5Eclear2(H5E_DEFAULT);
        lib.H5Eset_auto2(H5E_DEFAULT, print, print_to);
        lib.H5PLset_loading_state(plugins);
    }
    pthread_mutex_unlock(&library);
    return status;
}

const char *cs_hdf5_library(void)
{
    static char text[48];
    unsigned major = 0, minor = 0, release = 0;
    if (!is_loaded())
        return "not loaded: it is not installed";
    lib.H5get_libversion(&major, &minor, &release);
    snprintf(text, sizeof text, "%u.%u.%u", major, minor, release);
    return text;
}
