/* SPDX-License-Identifier: MIT
 * test_torch.c - PyTorch's files: what its versions write is read to the bit, what is hostile is refused. */
#include "base/file.h"
#include "base/mem.h"
#include "model/weights.h"
#include "tap.h"
#include "weight_fixture.h"

#include <stdio.h>
#include <string.h>

/* Every file of the list holds the same tensors as the safetensors package wrote. */
static void test_writers(void)
{
    static const struct {
        const char *file, *container, *inside, *prefix;
    } files[] = {
        {"state-current.pt", "PyTorch archive", "", ""},
        {"state-1.12.pt", "PyTorch archive", "", ""},
        {"protocol-4.pt", "PyTorch archive", "", ""},
        {"parameters.pt", "PyTorch archive", "", ""},
        {"checkpoint.pt", "PyTorch archive", "model", "module._orig_mod."},
        {"script-current.pt", "TorchScript archive", "", ""},
        {"script-1.12.pt", "TorchScript archive", "", ""},
        {"script-1.5.pt", "TorchScript archive", "", ""},
        {"script-1.4-python2.pt", "TorchScript archive", "", ""},
        {"legacy-current.pth", "PyTorch file (before 1.6)", "", ""},
        {"legacy-1.12.pth", "PyTorch file (before 1.6)", "", ""},
        {"legacy-1.5.pth", "PyTorch file (before 1.6)", "", ""},
        {"legacy-1.4-python2.pth", "PyTorch file (before 1.6)", "", ""},
        {"nested.pt", "PyTorch file (before 1.6)", "teacher.state_dict", ""},
    };
    cs_weights *expected = open_fixture("tensors.safetensors");
    for (size_t i = 0; expected && i < sizeof files / sizeof *files; i++) {
        cs_weights *weights = open_fixture(files[i].file);
        if (!weights)
            continue;
        expect_same_tensors(files[i].file, weights, expected, 16);
        const cs_weights_source *source = cs_weights_source_of(weights);
        TAP_OK(strcmp(source->container, files[i].container) == 0 && strcmp(source->inside, files[i].inside) == 0 &&
                   strcmp(source->prefix, files[i].prefix) == 0,
               "%s: a %s, below \"%s\", without \"%s\"", files[i].file, source->container, source->inside,
               source->prefix);
        /* only the three that have no row-major order in the file: 15, 6 and 12 elements of 4 bytes */
        TAP_OK(source->copied_bytes == (15 + 6 + 12) * 4, "%s: %zu bytes were copied", files[i].file,
               source->copied_bytes);
        cs_weights_close(&weights);
    }
    cs_weights_close(&expected);
}

static void test_new_types(void)
{
    cs_weights *weights = open_fixture("new-types.pt");
    if (!weights)
        return;
    const cs_tensor *e4m3 = cs_weights_find(weights, "e4m3"), *u16 = cs_weights_find(weights, "u16"), *found;
    clipsearch_error err;
    TAP_OK(e4m3 && strcmp(e4m3->stored, "F8_E4M3") == 0 && !e4m3->is_float && e4m3->bytes == 3, "an 8-bit float");
    TAP_OK(u16 && strcmp(u16->stored, "U16") == 0 && !u16->is_float && u16->bytes == 6, "an unsigned short");
    TAP_OK(cs_weights_get(weights, "e4m3", 1, (size_t[]){3}, &found, &err) == CLIPSEARCH_E_MODEL &&
               strstr(err.message, "stored as F8_E4M3"),
           "is not computed with: %s", err.message);
    cs_weights_close(&weights);
}

static void test_refused(void)
{
    static const struct {
        const char *file;
        clipsearch_status status;
        const char *message;
    } files[] = {
        {"os-system.pt", CLIPSEARCH_E_UNSUPPORTED, "posix.system is not allowed in a weight file"},
        {"eval.pth", CLIPSEARCH_E_UNSUPPORTED, "__builtin__.eval is not allowed in a weight file"},
        {"code.pt", CLIPSEARCH_E_UNSUPPORTED, "marshal.loads is not allowed"},
        {"namespace.pt", CLIPSEARCH_E_UNSUPPORTED, "argparse.Namespace is not allowed"},
        {"numpy.pt", CLIPSEARCH_E_UNSUPPORTED, "numpy._core.multiarray.scalar is not allowed"},
        {"whole-module.pt", CLIPSEARCH_E_UNSUPPORTED, "torch.nn.modules.linear.Linear is not allowed"},
        {"sparse.pt", CLIPSEARCH_E_UNSUPPORTED, "torch._utils._rebuild_sparse_tensor is not allowed"},
        {"one-tensor.pt", CLIPSEARCH_E_MODEL, "it holds one tensor, not a dictionary"},
        {"list.pt", CLIPSEARCH_E_MODEL, "it holds another object, not a dictionary"},
        {"unknown-key.pt", CLIPSEARCH_E_MODEL, "below these keys there are: \"a\""},
        {"no-tensors.pt", CLIPSEARCH_E_MODEL, "no tensors at its top"},
        {"expanded.pt", CLIPSEARCH_E_MODEL, "with its 4294967296 bytes the copies take more than the limit"},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        refuse_fixture(files[i].file, files[i].status, files[i].message);
}

/* ---------------------------------------------------------------- damage */

static void test_damage(void)
{
    static const char *const files[] = {"state-current.pt", "script-1.5.pt", "legacy-1.4-python2.pth"};
    for (size_t f = 0; f < sizeof files / sizeof *files; f++) {
        cs_buf bytes = read_fixture(files[f]);
        size_t refused = 0;
        for (size_t n = 4; n < bytes.len; n += 7)
            refused += open_bytes(bytes.data, n, NULL) != CLIPSEARCH_OK;
        TAP_OK(refused == (bytes.len - 4 + 6) / 7, "%s: each of %zu prefixes is refused", files[f], refused);
        flip_bits(files[f], &bytes, true);
        cs_buf_free(&bytes);
    }
}

/* Change `from` to `to` (of `n` bytes) where it first is, and see how the file is refused. */
static void expect_after(const char *name, const char *from, const char *to, size_t n, clipsearch_status expected,
                         const char *message)
{
    cs_buf bytes = read_fixture(name);
    clipsearch_error err = {0};
    char *place = memmem(bytes.data, bytes.len, from, n);
    if (TAP_OK(place != NULL, "%s: there is something to change", name)) {
        memcpy(place, to, n);
        clipsearch_status status = open_bytes(bytes.data, bytes.len, &err);
        TAP_OK(status == expected && strstr(err.message, message), "%s, changed: %s", name, err.message);
    }
    cs_buf_free(&bytes);
}

static void test_changed(void)
{
    expect_after("state-current.pt", "little", "big\0\0\0", 6, CLIPSEARCH_E_UNSUPPORTED, "not little-endian");
    expect_after("state-current.pt", "BFloat16Storage", "QUInt4x2Storage", 15, CLIPSEARCH_E_UNSUPPORTED,
                 "torch.QUInt4x2Storage is not allowed");
    expect_after("state-current.pt", "conv1.weight", "conv1.bias\0\0", 12, CLIPSEARCH_E_MODEL, "NUL character");
    expect_after("state-current.pt", "layer.1.other_part", "layer.1.one_row\xc3\xa9.", 18, CLIPSEARCH_OK, "");
    expect_after("state-current.pt", "conv1.bias", "conv2.bias", 10, CLIPSEARCH_OK, "");
    expect_after("state-current.pt", "mask", "empt", 4, CLIPSEARCH_OK, "");
    expect_after("state-current.pt", "layer.0.f16", "layer.0.f64", 11, CLIPSEARCH_E_MODEL,
                 "the tensor \"layer.0.f64\" is there twice");
    expect_after("legacy-current.pth", "little_endianq\x02\x88", "little_endianq\x02\x89", 16, CLIPSEARCH_E_UNSUPPORTED,
                 "not little-endian");
    expect_after("legacy-current.pth", "\x80\x02M\xe9\x03", "\x80\x02M\xe8\x03", 5, CLIPSEARCH_E_UNSUPPORTED,
                 "a protocol other than 1001");
    cs_buf bytes = read_fixture("legacy-current.pth");
    clipsearch_error err = {0};
    cs_buf_putc(&bytes, 'x');
    TAP_OK(open_bytes(bytes.data, bytes.len, &err) == CLIPSEARCH_E_MODEL && strstr(err.message, "belong to none"), "%s",
           err.message);
    /* the last storage's count of elements: the file ends with it and its data */
    TAP_OK(open_bytes(bytes.data, bytes.len - 2, &err) == CLIPSEARCH_E_MODEL && strstr(err.message, "cut short"), "%s",
           err.message);
    cs_buf_free(&bytes);
}

static void test_memory(void)
{
    static const char *const files[] = {"checkpoint.pt", "script-current.pt", "nested.pt"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        fail_allocations(files[i], 10);
}

int main(void)
{
    test_writers();
    test_new_types();
    test_refused();
    test_damage();
    test_changed();
    test_memory();
    return tap_done();
}
