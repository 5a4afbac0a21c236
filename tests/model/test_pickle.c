/* SPDX-License-Identifier: MIT
 * test_pickle.c - pickles and zip archives written by hand, each with one fault, each refused with its reason. */
#include "base/mem.h"
#include "model/weights.h"
#include "model/zip.h"
#include "tap.h"
#include "zip_file.h"

#include <stdio.h>
#include <stdlib.h>

/* Parts of the pickles below. A storage "0" of 64 bytes is in the archive, and a "1" of 6. */
#define STORAGE(class, key, count) "(X\x07\0\0\0storagec" class "\nX\x01\0\0\0" key "X\x03\0\0\0cpuJ" count "tQ"
#define FLOATS STORAGE("torch\nFloatStorage", "0", "\x10\0\0\0")
#define REBUILD "ctorch._utils\n_rebuild_tensor_v2\n"
/* the tensor "w": from offset, of size and stride (each an expression), of the storage before */
#define TENSOR(storage, offset, size, stride) REBUILD "(" storage offset size stride "\x89}tR"
#define STATE(tensor) "\x80\x02}X\x01\0\0\0w" tensor "s."
#define WITH(tensor) STATE(tensor), sizeof STATE(tensor) - 1
#define RAW(text) text, sizeof text - 1

static const struct {
    const char *pickle;
    size_t size;
    clipsearch_status status;
    const char *message;
} pickles[] = {
    /* good ones */
    {WITH(TENSOR(FLOATS, "K\0", "K\x10\x85", "K\x01\x85")), CLIPSEARCH_OK, ""},
    {WITH(TENSOR(FLOATS, "K\x04", "K\x03K\x04\x86", "K\x04K\x01\x86")), CLIPSEARCH_OK, ""},
    {WITH(TENSOR(FLOATS, "K\x0f", ")", ")")), CLIPSEARCH_OK, ""},
    {WITH(TENSOR(FLOATS, "K\0", "K\x10K\x10\x86", "K\x01K\0\x86")), CLIPSEARCH_OK, ""},
    {WITH(TENSOR(FLOATS, "K\0", "K\0K\x05\x86", "K\x05K\x01\x86")), CLIPSEARCH_OK, ""},
    {WITH(TENSOR(FLOATS, "K\0",
                 "]K\x08"
                 "a",
                 "]K\x02"
                 "a")),
     CLIPSEARCH_OK, ""},
    {WITH(TENSOR(FLOATS, "K\0", "ctorch\nSize\nK\x08\x85\x85R", "K\x01\x85")), CLIPSEARCH_OK, ""},
    {WITH("ctorch.nn.parameter\nParameter\n" TENSOR(FLOATS, "K\0", "K\x10\x85", "K\x01\x85") "\x85R\x88\x89}\x87"
                                                                                             "b"),
     CLIPSEARCH_OK, ""}, /* as version 0.1 wrote parameters */
    {WITH("ctorch\nFloatTensor\n)R(" FLOATS "K\0K\x10\x85K\x01\x85tb"), CLIPSEARCH_OK, ""}, /* and tensors */
    {WITH(TENSOR(STORAGE("torch.cuda\nHalfStorage", "0", "\x20\0\0\0"), "K\0", "K\x20\x85", "K\x01\x85")),
     CLIPSEARCH_OK, ""},
    {WITH(TENSOR("(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0"
                 "0X\x03\0\0\0cpuK\x10(X\x01\0\0\0vK\x04K\x02ttQ",
                 "K\0", "K\x02\x85", "K\x01\x85")),
     CLIPSEARCH_OK, ""},
    {RAW("\x80\x04\x95\0\0\0\0\0\0\0\0}\x94\x8c\x01w\x94\x8c\x0ctorch._utils\x94\x8c\x12_rebuild_tensor_"
         "v2\x94\x93\x94(" FLOATS "K\0K\x10\x85K\x01\x85\x89}t\x94R\x94s."),
     CLIPSEARCH_OK, ""},
    /* shapes, strides, places */
    {WITH(TENSOR(FLOATS, "K\0", "K\x11\x85", "K\x01\x85")), CLIPSEARCH_E_MODEL,
     "reaches beyond its storage of 64 bytes"},
    {WITH(TENSOR(FLOATS, "K\x01", "K\x10\x85", "K\x01\x85")), CLIPSEARCH_E_MODEL, "from element 1 on, reaches beyond"},
    {WITH(TENSOR(FLOATS, "K\x10", ")", ")")), CLIPSEARCH_E_MODEL, "reaches beyond"},
    {WITH(TENSOR(FLOATS, "K\0", "K\x02\x85", "K\x10\x85")), CLIPSEARCH_E_MODEL, "reaches beyond"},
    {WITH(TENSOR(FLOATS, "J\xff\xff\xff\xff", "K\x02\x85", "K\x01\x85")), CLIPSEARCH_E_MODEL, "its offset wants"},
    {WITH(TENSOR(FLOATS, "K\0", "J\xff\xff\xff\xff\x85", "K\x01\x85")), CLIPSEARCH_E_MODEL,
     "its size and strides want"},
    {WITH(TENSOR(FLOATS, "K\0", "K\x02\x85", "J\xff\xff\xff\xff\x85")), CLIPSEARCH_E_MODEL,
     "its size and strides want"},
    {WITH(TENSOR(FLOATS, "K\0", "K\x02\x85", "\x8a\x08\0\0\0\0\0\0\0\x40\x85")), CLIPSEARCH_E_MODEL, "reaches beyond"},
    {WITH(TENSOR(FLOATS, "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f", "K\x02\x85",
                 "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f"
                 "\x85")),
     CLIPSEARCH_E_MODEL, "reaches beyond"},
    {WITH(TENSOR(FLOATS, "\x8a\x09\0\0\0\0\0\0\0\0\x01", "K\x02\x85", "K\x01\x85")), CLIPSEARCH_E_MODEL,
     "its offset wants"},
    {WITH(TENSOR(FLOATS, "K\0", "J\0\0\0\x40J\0\0\0\x40J\0\0\0\x40\x87", "K\0K\0K\0\x87")), CLIPSEARCH_E_MODEL,
     "overflows"},
    {WITH(TENSOR(FLOATS, "K\0", "J\0\0\0\x40K\x10\x86", "K\0K\x01\x86")), CLIPSEARCH_E_MODEL,
     "with its 68719476736 bytes the copies take more"},
    {WITH(TENSOR(FLOATS, "K\0", "K\x02\x85", "K\x01K\x01\x86")), CLIPSEARCH_E_MODEL, "as many strides as dimensions"},
    {WITH(TENSOR(FLOATS, "K\0", "(K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01t",
                 "(K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01t")),
     CLIPSEARCH_E_MODEL, "more dimensions than the limit"},
    {WITH(TENSOR(FLOATS, "K\0", "X\x01\0\0\0x", "K\x01\x85")), CLIPSEARCH_E_MODEL, "its size and strides want"},
    {WITH(TENSOR("N", "K\0", "K\x02\x85", "K\x01\x85")), CLIPSEARCH_E_MODEL, "it has no storage"},
    {WITH(TENSOR("K\x01Q", "K\0", "K\x02\x85", "K\x01\x85")), CLIPSEARCH_E_MODEL, "it has no storage"},
    {WITH(TENSOR(STORAGE("collections\nOrderedDict", "0", "\x10\0\0\0"), "K\0", "K\x02\x85", "K\x01\x85")),
     CLIPSEARCH_E_MODEL, "it has no storage"},
    {WITH(TENSOR(STORAGE("torch\nFloatStorage", "0", "\x11\0\0\0"), "K\0", "K\x02\x85", "K\x01\x85")),
     CLIPSEARCH_E_MODEL, "should have 17 elements of 4 bytes, and has 64 bytes in the file"},
    {WITH(TENSOR(STORAGE("torch\nFloatStorage", "0", "\xff\xff\xff\xff"), "K\0", "K\x02\x85", "K\x01\x85")),
     CLIPSEARCH_E_MODEL, "it has no storage"},
    {WITH(TENSOR(STORAGE("torch\nFloatStorage", "9", "\x10\0\0\0"), "K\0", "K\x02\x85", "K\x01\x85")),
     CLIPSEARCH_E_MODEL, "the storage \"9\", which its pickle names, is not in the archive"},
    {WITH(TENSOR("(X\x07\0\0\0storagectorch\nFloatStorage\nX\x0b\0\0\0../data.pklX\x03\0\0\0cpuK\x01tQ", "K\0",
                 "K\x01\x85", "K\x01\x85")),
     CLIPSEARCH_E_MODEL, "\"../data.pkl\", which its pickle names, is not in the archive"},
    {WITH(TENSOR("(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0"
                 "0X\x03\0\0\0cpuK\x10(X\x01\0\0\0vK\x0fK\x02ttQ",
                 "K\0", "K\x02\x85", "K\x01\x85")),
     CLIPSEARCH_E_MODEL, "its part of a storage does not lie inside it"},
    {WITH("ctorch._utils\n_rebuild_tensor_v3\n(" FLOATS "K\0K\x02\x85K\x01\x85\x89}NtR"), CLIPSEARCH_E_MODEL,
     "it has no type"},
    /* names */
    {WITH("cos\nsystem\nX\x04\0\0\0true\x85R"), CLIPSEARCH_E_UNSUPPORTED, "os.system is not allowed in a weight file"},
    {WITH("cbuiltins\nexec\n"), CLIPSEARCH_E_UNSUPPORTED, "builtins.exec is not allowed"},
    {WITH("c__builtin__\ncompile\n"), CLIPSEARCH_E_UNSUPPORTED, "__builtin__.compile is not allowed"},
    {WITH("ctypes\nCodeType\n)R"), CLIPSEARCH_E_UNSUPPORTED, "types.CodeType is not allowed"},
    {WITH("ctorch\nload\n"), CLIPSEARCH_E_UNSUPPORTED, "torch.load is not allowed"},
    {WITH("ctorch.cuda\nSize\n"), CLIPSEARCH_E_UNSUPPORTED, "torch.cuda.Size is not allowed"},
    {WITH("ctorch\nStorageTensor\n"), CLIPSEARCH_E_UNSUPPORTED, "torch.StorageTensor is not allowed"},
    {WITH("c__torch__x\ny\n"), CLIPSEARCH_E_UNSUPPORTED, "__torch__x.y is not allowed"},
    {WITH("c\x1b[2J\n\xff\n"), CLIPSEARCH_E_UNSUPPORTED, "?[2J.? is not allowed"},
    {WITH("X\x02\0\0\0osX\x06\0\0\0system\x93"), CLIPSEARCH_E_UNSUPPORTED, "os.system is not allowed"},
    {WITH("NN\x93"), CLIPSEARCH_E_MODEL, "a name that is no text"},
    /* opcodes */
    {WITH("(cos\nsystem\no"), CLIPSEARCH_E_UNSUPPORTED, "os.system is not allowed"},
    {WITH("(ios\nsystem\n"), CLIPSEARCH_E_MODEL, "the opcode 0x69 is not one that torch.save writes"},
    {WITH("\x82\x01"), CLIPSEARCH_E_MODEL, "the opcode 0x82 is not"},
    {WITH("P0\n"), CLIPSEARCH_E_MODEL, "the opcode 0x50 is not"},
    {WITH("\xff"), CLIPSEARCH_E_MODEL, "the opcode 0xff is not"},
    {RAW("\x80\x06}."), CLIPSEARCH_E_MODEL, "a protocol above 5"},
    {RAW("\x80\x02}"), CLIPSEARCH_E_MODEL, "it ends in the middle"},
    {RAW(""), CLIPSEARCH_E_MODEL, "it ends in the middle"},
    {RAW("\x80\x02X\xff\xff\xff\xffy"), CLIPSEARCH_E_MODEL, "it ends in the middle"},
    {RAW("\x80\x02\x8d\xff\xff\xff\xff\xff\xff\xff\xffy"), CLIPSEARCH_E_MODEL, "it ends in the middle"},
    {RAW("\x80\x02\x8a\xff\x01"), CLIPSEARCH_E_MODEL, "it ends in the middle"},
    {RAW("\x80\x02"
         "ccollections"),
     CLIPSEARCH_E_MODEL, "it ends in the middle"},
    /* the stack */
    {RAW("."), CLIPSEARCH_E_MODEL, "other than one value on the stack"},
    {RAW("NN."), CLIPSEARCH_E_MODEL, "other than one value on the stack"},
    {RAW("(N."), CLIPSEARCH_E_MODEL, "other than one value on the stack"},
    {RAW("t"), CLIPSEARCH_E_MODEL, "no mark"},
    {RAW("]e"), CLIPSEARCH_E_MODEL, "no mark"},
    {RAW("1"), CLIPSEARCH_E_MODEL, "no mark"},
    {RAW("0"), CLIPSEARCH_E_MODEL, "the stack is empty"},
    {RAW("N(0"), CLIPSEARCH_E_MODEL, "the stack is empty"},
    {RAW("N\x86"), CLIPSEARCH_E_MODEL, "the stack is empty"},
    {RAW("N(\x85"), CLIPSEARCH_E_MODEL, "the stack is empty"},
    {RAW("}Ns"), CLIPSEARCH_E_MODEL, "the stack is empty"},
    {RAW("}(Nu"), CLIPSEARCH_E_MODEL, "a key without a value"},
    {RAW("(Ne"), CLIPSEARCH_E_MODEL, "the stack is empty"},
    {RAW("NNa"), CLIPSEARCH_E_MODEL, "items for what is no list or dictionary"},
    {RAW(")NNs"), CLIPSEARCH_E_MODEL, "items for what is no list or dictionary"},
    {RAW("N)R"), CLIPSEARCH_E_MODEL, "a call of what is no name"},
    {RAW("ctorch\nSize\nNR"), CLIPSEARCH_E_MODEL, "without a tuple of arguments"},
    {RAW("}Nb"), CLIPSEARCH_E_MODEL, "a state for what was not made by a call"},
    {RAW("ccollections\nOrderedDict\n]Na\x85R"), CLIPSEARCH_E_MODEL, "a dictionary of what are no pairs"},
    {RAW("\x93"), CLIPSEARCH_E_MODEL, "the stack is empty"},
    {RAW("Q"), CLIPSEARCH_E_MODEL, "the stack is empty"},
    /* the memo */
    {RAW("Nq\0h\x01."), CLIPSEARCH_E_MODEL, "a place in the memo where nothing was put"},
    {RAW("h\0."), CLIPSEARCH_E_MODEL, "a place in the memo where nothing was put"},
    {RAW("q\0."), CLIPSEARCH_E_MODEL, "the stack is empty"},
    {RAW("}r\xff\xff\xff\xff."), CLIPSEARCH_E_MODEL, "far beyond those in use"},
    {RAW("}r\0\x01\0\0."), CLIPSEARCH_E_MODEL, "far beyond those in use"},
    {RAW("}j\xff\xff\xff\xff."), CLIPSEARCH_E_MODEL, "where nothing was put"},
    /* what it holds */
    {RAW("]q\0h\0a."), CLIPSEARCH_E_MODEL, "it holds another object"},               /* a list that holds itself */
    {RAW("}q\0X\x05\0\0\0modelh\0s."), CLIPSEARCH_E_MODEL, "no tensors at its top"}, /* so a dictionary */
    {RAW("c__torch__\nM\n)\x81q\0}X\x01\0\0\0mh\0sb."), CLIPSEARCH_E_MODEL, "modules nested deeper than 64"},
    {RAW("c__torch__\nM\n)\x81}b."), CLIPSEARCH_E_MODEL, "there are no tensors in it"},
    {RAW("c__torch__\nM\n)\x81."), CLIPSEARCH_E_MODEL, "it holds another object"},
};

static clipsearch_status open_zip(zip_file *zip, clipsearch_error *err)
{
    char *exact = cs_alloc_array(zip->file.len, 1); /* so that the sanitizer sees a read past the end */
    memcpy(exact, zip->file.data, zip->file.len);
    cs_weights *weights;
    clipsearch_status status = cs_weights_open_memory(exact, zip->file.len, "w", &weights, err);
    cs_weights_close(&weights);
    cs_free(exact);
    return status;
}

/* An archive with this pickle, and storages "0" of 64 bytes and "1" of 6. */
static zip_file archive_of(const void *pickle, size_t size, bool zip64)
{
    static const char storage[64];
    zip_file zip = zip_file_make(zip64);
    zip_file_add(&zip, "w/data.pkl", pickle, size);
    zip_file_add(&zip, "w/data/0", storage, sizeof storage);
    zip_file_add(&zip, "w/data/1", storage, 6);
    zip_file_end(&zip);
    return zip;
}

static clipsearch_status open_pickle(const void *pickle, size_t size, clipsearch_error *err)
{
    zip_file zip = archive_of(pickle, size, false);
    clipsearch_status status = open_zip(&zip, err);
    zip_file_free(&zip);
    return status;
}

static void test_pickles(void)
{
    for (size_t i = 0; i < sizeof pickles / sizeof *pickles; i++) {
        clipsearch_error err = {0};
        clipsearch_status status = open_pickle(pickles[i].pickle, pickles[i].size, &err);
        TAP_OK(status == pickles[i].status && strstr(err.message, pickles[i].message), "pickle %zu: %s", i,
               err.message);
    }
}

/* ---------------------------------------------------------------- pickles too large to write down */

/* `text` n times, between a beginning and an end. */
static cs_buf repeated(const char *begin, const char *text, size_t text_len, size_t n, const char *end)
{
    cs_buf buf = cs_buf_make(SIZE_MAX / 2);
    cs_buf_puts(&buf, begin);
    for (size_t i = 0; i < n; i++)
        cs_buf_append(&buf, text, text_len);
    cs_buf_puts(&buf, end);
    return buf;
}

static void expect_pickle(cs_buf buf, const char *what, const char *message)
{
    clipsearch_error err = {0};
    clipsearch_status status = open_pickle(buf.data, buf.len, &err);
    TAP_OK(status == CLIPSEARCH_E_MODEL && strstr(err.message, message), "%s: %s", what, err.message);
    cs_buf_free(&buf);
}

static void test_limits(void)
{
    expect_pickle(repeated("", "(", 1, 257, ""), "marks", "nested deeper than 256");
    expect_pickle(repeated("]", "]", 1, 5000, ""), "lists on the stack", "it ends in the middle");
    expect_pickle(repeated("N", "\x85", 1, 1 << 22, "."), "tuples in tuples", "more than 2097152 values");
    expect_pickle(repeated("", "N", 1, (1 << 20) + 1, "."), "the stack", "more than 1048576 values on the stack");
    expect_pickle(repeated("]q", "\0", 1, 1, ""), "a cut memo", "it ends in the middle");
    expect_pickle(repeated("]", "Na", 2, 1 << 22, "."), "items", "more than 4194304 items");
    expect_pickle(repeated("}", "\x94", 1, (1 << 21) + 1, "."), "the memo", "memo");
    expect_pickle(repeated("c", "x", 1, 5000, "\n\n."), "a long name", "a name of more than 1024 bytes");
    expect_pickle(repeated("X", "\xff", 1, 5000, "."), "a long text", "it ends in the middle");

    /* each module holds the next one twice: 2^40 ways down */
    cs_buf twice = cs_buf_make(SIZE_MAX / 2);
    cs_buf_append(&twice, RAW("c__torch__\nM\n)\x81}bq\0"
                              "0"));
    for (int i = 1; i <= 40; i++) {
        char level[] = "c__torch__\nM\n)\x81}(X\x01\0\0\0ah!X\x01\0\0\0bh!ubq?";
        for (size_t k = 0; k < sizeof level - 1; k++)
            level[k] = (char)(level[k] == '!' ? i - 1 : level[k] == '?' ? i : level[k]);
        cs_buf_append(&twice, level, sizeof level - 1);
        if (i < 40)
            cs_buf_putc(&twice, '0');
    }
    cs_buf_putc(&twice, '.');
    expect_pickle(twice, "a module there 2^40 times", "more than 1048576 attributes of modules");
}

/* ---------------------------------------------------------------- files from before version 1.6 */

#define MAGIC "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
#define VERSION "\x80\x02M\xe9\x03."
#define MACHINE "\x80\x02}X\x0d\0\0\0little_endian\x88s."
#define OBJECT(storage) STATE(TENSOR(storage, "K\0", "K\x02\x85", "K\x01\x85"))
#define TWO(key) STORAGE("torch\nFloatStorage", key, "\x02\0\0\0")
#define KEYS                                                                                                           \
    "\x80\x02]X\x01\0\0\0"                                                                                             \
    "0a."
#define COUNT "\x02\0\0\0\0\0\0\0"
#define VALUES "\0\0\x80\x3f\0\0\0\x40"

static const struct {
    const char *bytes;
    size_t size;
    clipsearch_status status;
    const char *message;
} legacy[] = {
    {RAW(MAGIC VERSION MACHINE OBJECT(TWO("0")) KEYS COUNT VALUES), CLIPSEARCH_OK, ""},
    {RAW(MAGIC "\x80\x02M\xea\x03." MACHINE OBJECT(TWO("0")) KEYS COUNT VALUES), CLIPSEARCH_E_UNSUPPORTED,
     "a protocol other than 1001"},
    {RAW(MAGIC VERSION "\x80\x02}." OBJECT(TWO("0")) KEYS COUNT VALUES), CLIPSEARCH_E_UNSUPPORTED, "not little-endian"},
    {RAW(MAGIC VERSION MACHINE OBJECT(TWO("0")) "\x80\x02}." COUNT VALUES), CLIPSEARCH_E_MODEL, "is no list"},
    {RAW(MAGIC VERSION MACHINE OBJECT(TWO("0")) "\x80\x02]Na." COUNT VALUES), CLIPSEARCH_E_MODEL, "key is no text"},
    {RAW(MAGIC VERSION MACHINE OBJECT(TWO("1")) KEYS COUNT VALUES), CLIPSEARCH_E_MODEL,
     "the storage \"0\" is of a size that nothing tells"},
    {RAW(MAGIC VERSION MACHINE OBJECT(TWO("0")) "\x80\x02]."), CLIPSEARCH_E_MODEL,
     "the storage \"0\", which its pickle names, is not in the file"},
    {RAW(MAGIC VERSION MACHINE OBJECT(TWO("0")) "\x80\x02](X\x01\0\0\0"
                                                "0X\x01\0\0\0"
                                                "0e." COUNT VALUES COUNT VALUES),
     CLIPSEARCH_E_MODEL, "the storage \"0\" is there twice"},
    {RAW(MAGIC VERSION MACHINE OBJECT(TWO("0")) KEYS "\x03\0\0\0\0\0\0\0" VALUES), CLIPSEARCH_E_MODEL,
     "has 3 elements, but its pickle says 2"},
    {RAW(MAGIC VERSION MACHINE OBJECT(TWO("0")) KEYS "\x02\0\0"), CLIPSEARCH_E_MODEL,
     "the file ends before the storage"},
    {RAW(MAGIC VERSION MACHINE OBJECT(TWO("0")) KEYS COUNT "\0\0\x80\x3f"), CLIPSEARCH_E_MODEL, "it was cut short"},
    {RAW(MAGIC VERSION MACHINE OBJECT(TWO("0")) KEYS COUNT VALUES "x"), CLIPSEARCH_E_MODEL, "belong to none"},
    {RAW(MAGIC VERSION MACHINE
         "\x80\x02}(X\x01\0\0\0w" TENSOR(TWO("0"), "K\0", "K\x02\x85", "K\x01\x85") "X\x01\0\0\0v" TENSOR(
             STORAGE("torch\nHalfStorage", "0", "\x02\0\0\0"), "K\0", "K\x02\x85", "K\x01\x85") "u." KEYS COUNT VALUES),
     CLIPSEARCH_E_MODEL, "its pickle gives the storage \"0\" two sizes"},
    {RAW(MAGIC VERSION MACHINE "\x80\x02"
                               "cos\nsystem\n."),
     CLIPSEARCH_E_UNSUPPORTED, "os.system is not allowed"},
};

static void test_legacy(void)
{
    for (size_t i = 0; i < sizeof legacy / sizeof *legacy; i++) {
        char *exact = cs_alloc_array(legacy[i].size, 1);
        memcpy(exact, legacy[i].bytes, legacy[i].size);
        cs_weights *weights;
        clipsearch_error err = {0};
        clipsearch_status status = cs_weights_open_memory(exact, legacy[i].size, "w", &weights, &err);
        TAP_OK(status == legacy[i].status && strstr(err.message, legacy[i].message), "old file %zu: %s", i,
               err.message);
        cs_weights_close(&weights);
        cs_free(exact);
    }
}

/* ---------------------------------------------------------------- archives */

static const char good[] = STATE(TENSOR(FLOATS, "K\0", "K\x10\x85", "K\x01\x85"));
enum { PICKLE_SIZE = sizeof good - 1 };

/* Where things are in archive_of(good): three entries. */
enum place { CENTRAL_0, CENTRAL_1, CENTRAL_2, LOCAL_0, LOCAL_1, END };

static size_t place_of(const zip_file *zip, enum place place)
{
    size_t central = zip->directory_at, first = ZIP_CENTRAL_BYTES + 10, other = ZIP_CENTRAL_BYTES + 8;
    switch (place) {
    case CENTRAL_0:
        return central;
    case CENTRAL_1:
        return central + first;
    case CENTRAL_2:
        return central + first + other;
    case LOCAL_0:
        return 0;
    case LOCAL_1:
        return ZIP_LOCAL_BYTES + 10 + PICKLE_SIZE;
    default:
        return zip->file.len - ZIP_END_BYTES;
    }
}

static const struct {
    enum place place;
    size_t offset;
    const char *bytes;
    size_t size;
    clipsearch_status status;
    const char *message;
} changes[] = {
    {END, 0, RAW("PK\x05\x07"), CLIPSEARCH_E_MODEL, "without the directory at its end"},
    {END, 20, RAW("\x01"), CLIPSEARCH_E_MODEL, "without the directory at its end"},
    {END, 4, RAW("\x01"), CLIPSEARCH_E_MODEL, "one part of several"},
    {END, 8, RAW("\x02\0\x03\0"), CLIPSEARCH_E_MODEL, "one part of several"},
    {END, 8, RAW("\x02\0\x02\0"), CLIPSEARCH_E_MODEL, "its directory holds more than its entries"},
    {END, 8, RAW("\x04\0\x04\0"), CLIPSEARCH_E_MODEL, "more entries than its directory can hold"},
    {END, 8, RAW("\xff\xff\xff\xff"), CLIPSEARCH_E_MODEL, "more entries than its directory can hold"},
    {END, 12, RAW("\x01"), CLIPSEARCH_E_MODEL, "does not lie where it is said to"},
    {END, 16, RAW("\xff\xff\xff\xff"), CLIPSEARCH_E_MODEL, "does not lie where it is said to"},
    {CENTRAL_1, 0, RAW("PK\x01\x03"), CLIPSEARCH_E_MODEL, "no entry where the directory should have one"},
    {CENTRAL_1, 8, RAW("\x01"), CLIPSEARCH_E_UNSUPPORTED, "the zip entry \"w/data/0\" is encrypted"},
    {CENTRAL_1, 28, RAW("\xff\xff"), CLIPSEARCH_E_MODEL, "an entry reaches beyond the directory"},
    {CENTRAL_2, 30, RAW("\x01"), CLIPSEARCH_E_MODEL, "an entry reaches beyond the directory"},
    {CENTRAL_1, 20, RAW("\xff\xff\0\0\xff\xff\0\0"), CLIPSEARCH_E_MODEL, "reaches beyond the entries' part"},
    {CENTRAL_1, 20, RAW("\x40\0\0\0\xff\xff\xff\x7f"), CLIPSEARCH_E_MODEL, "stored, but in another size"}, /* a bomb */
    {CENTRAL_1, 20, RAW("\x41\0\0\0\x41\0\0\0"), CLIPSEARCH_E_MODEL, "of another size by its own header"},
    {CENTRAL_1, 42, RAW("\xff\xff\xff\x7f"), CLIPSEARCH_E_MODEL, "begins beyond the entries' part"},
    {CENTRAL_1, 42, RAW("\x01\0\0\0"), CLIPSEARCH_E_MODEL, "has no header where the directory says"},
    {CENTRAL_1, 42, RAW("\0\0\0\0"), CLIPSEARCH_E_MODEL, "is called otherwise in its own header"},
    {CENTRAL_2, ZIP_CENTRAL_BYTES, RAW("w/data/0"), CLIPSEARCH_E_MODEL, "is called otherwise in its own header"},
    {CENTRAL_1, ZIP_CENTRAL_BYTES, RAW("../ata/0"), CLIPSEARCH_E_MODEL, "leads out of the archive"},
    {CENTRAL_1, ZIP_CENTRAL_BYTES, RAW("/"), CLIPSEARCH_E_MODEL, "leads out of the archive"},
    {CENTRAL_1, ZIP_CENTRAL_BYTES, RAW("w\\"), CLIPSEARCH_E_MODEL, "leads out of the archive"},
    {CENTRAL_1, ZIP_CENTRAL_BYTES + 7, RAW("\0"), CLIPSEARCH_E_MODEL, "leads out of the archive"},
    {LOCAL_1, 0, RAW("PK\x03\x05"), CLIPSEARCH_E_MODEL, "has no header where the directory says"},
    {LOCAL_1, ZIP_LOCAL_BYTES + 7, RAW("1"), CLIPSEARCH_E_MODEL, "is called otherwise in its own header"},
    {LOCAL_1, 8, RAW("\x08"), CLIPSEARCH_E_MODEL, "is packed otherwise by its own header"},
    {LOCAL_1, 18, RAW("\x3f"), CLIPSEARCH_E_MODEL, "of another size by its own header"},
    {LOCAL_1, 28, RAW("\xff\xff"), CLIPSEARCH_E_MODEL, "is called otherwise in its own header"},
    {LOCAL_1, 28, RAW("\x08"), CLIPSEARCH_E_MODEL, "overlaps another"},
};

static void test_archives(void)
{
    for (int zip64 = 0; zip64 < 2; zip64++) {
        zip_file zip = archive_of(good, PICKLE_SIZE, zip64);
        clipsearch_error err = {0};
        TAP_OK(open_zip(&zip, &err) == CLIPSEARCH_OK, "a good archive%s %s", zip64 ? " with zip64 fields" : "",
               err.message);
        zip_file_free(&zip);
    }
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        zip_file zip = archive_of(good, PICKLE_SIZE, false);
        clipsearch_error err = {0};
        memcpy(zip.file.data + place_of(&zip, changes[i].place) + changes[i].offset, changes[i].bytes, changes[i].size);
        clipsearch_status status = open_zip(&zip, &err);
        TAP_OK(status == changes[i].status && strstr(err.message, changes[i].message), "changed archive %zu: %s", i,
               err.message);
        zip_file_free(&zip);
    }
}

/* Archives that need other entries. */
static void test_entries(void)
{
    static const struct {
        const char *names[4];
        clipsearch_status status;
        const char *message;
    } cases[] = {
        {{"w/data.pkl", "w/data/0", "w/data/0"}, CLIPSEARCH_E_MODEL, "\"w/data/0\" is there twice"},
        {{"w/data.pkl", "v/data.pkl", "w/data/0"}, CLIPSEARCH_E_MODEL, "more than one data.pkl"},
        {{"data.pkl", "data/0"}, CLIPSEARCH_E_UNSUPPORTED, "not PyTorch's"},
        {{"a/b/data.pkl", "a/b/data/0"}, CLIPSEARCH_E_UNSUPPORTED, "not PyTorch's"},
        {{"word/document.xml"}, CLIPSEARCH_E_UNSUPPORTED, "not PyTorch's"},
        {{"w/model.json", "w/tensors/0"}, CLIPSEARCH_E_UNSUPPORTED, "before version 1.4"},
        {{"config.json", "model.weights.h5"}, CLIPSEARCH_E_UNSUPPORTED, "a .keras archive"},
        {{"a.npy"}, CLIPSEARCH_E_UNSUPPORTED, "a NumPy archive"},
        {{"w/data.pkl", "w/byteorder", "w/data/0"}, CLIPSEARCH_E_UNSUPPORTED, "not little-endian"},
        {{"w/data.pkl"}, CLIPSEARCH_E_MODEL, "the storage \"0\", which its pickle names, is not in the archive"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        zip_file zip = zip_file_make(false);
        for (int k = 0; k < 4 && cases[i].names[k]; k++)
            zip_file_add(&zip, cases[i].names[k], good, PICKLE_SIZE);
        zip_file_end(&zip);
        clipsearch_error err = {0};
        clipsearch_status status = open_zip(&zip, &err);
        TAP_OK(status == cases[i].status && strstr(err.message, cases[i].message), "archive %zu: %s", i, err.message);
        zip_file_free(&zip);
    }
    /* compressed by both headers: the storage, the pickle */
    for (int k = 0; k < 2; k++) {
        zip_file zip = archive_of(good, PICKLE_SIZE, false);
        clipsearch_error err = {0};
        zip.file.data[place_of(&zip, k ? CENTRAL_1 : CENTRAL_0) + 10] = 8;
        zip.file.data[place_of(&zip, k ? LOCAL_1 : LOCAL_0) + 8] = 8;
        TAP_OK(open_zip(&zip, &err) == CLIPSEARCH_E_UNSUPPORTED && strstr(err.message, "is compressed"), "%s",
               err.message);
        zip_file_free(&zip);
    }
    /* a damaged zip64 locator */
    zip_file zip = archive_of(good, PICKLE_SIZE, true);
    clipsearch_error err = {0};
    size_t locator = zip.file.len - ZIP_END_BYTES - ZIP_LOCATOR_BYTES;
    zip.file.data[locator + 9] = 1;
    TAP_OK(open_zip(&zip, &err) == CLIPSEARCH_E_MODEL && strstr(err.message, "zip64 record is not where"), "%s",
           err.message);
    memset(zip.file.data + locator + 8, 0xFF, 8);
    TAP_OK(open_zip(&zip, &err) == CLIPSEARCH_E_MODEL && strstr(err.message, "zip64 record is not where"), "%s",
           err.message);
    zip_file_free(&zip);
}

int main(void)
{
    test_pickles();
    test_limits();
    test_legacy();
    test_archives();
    test_entries();
    return tap_done();
}
