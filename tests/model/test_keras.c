/* SPDX-License-Identifier: MIT
 * test_keras.c - Keras' HDF5 files of three versions are one model; damaged and foreign ones are refused. */
#include "base/file.h"
#include "base/mem.h"
#include "model/keras_names.h"
#include "model/weights.h"
#include "tap.h"
#include "weight_fixture.h"

#include <stdio.h>
#include <string.h>

static void test_names(void)
{
    static const struct {
        const char *path, *name; /* NULL: no weight of the model */
    } names[] = {
        /* keras-applications' VGG16, by Keras 1 */
        {"block1_conv1/block1_conv1_W_1:0", "block1_conv1/kernel"},
        {"block1_conv1/block1_conv1_b_1:0", "block1_conv1/bias"},
        {"bn/bn_running_std:0", "bn/moving_variance"},
        {"convolution2d_1/convolution2d_1_W", "convolution2d_1/kernel"},
        {"a/a_WW:0", "a/a_WW"},
        {"a/a_:0", "a/a_"},
        /* Keras 2 */
        {"block1_conv1/block1_conv1/kernel:0", "block1_conv1/kernel"},
        {"block1_conv1/block1_conv1_1/kernel:0", "block1_conv1/kernel"},
        {"block1_conv1/kernel", "block1_conv1/kernel"},
        {"block1_conv1/block1_conv12/kernel:0", "block1_conv1/block1_conv12/kernel"},
        {"model_weights/dense/dense/bias:0", "dense/bias"},
        {"resnet50/conv1/kernel:0", "resnet50/conv1/kernel"},
        {"optimizer_weights/Adam/m/kernel:0", NULL},
        /* Keras 3 */
        {"layers/conv2d/vars/0", "conv2d/0"},
        {"layers/block1_conv1/kernel", "block1_conv1/kernel"},
        {"layers/functional/layers/block1_conv1/kernel", "functional/block1_conv1/kernel"},
        {"_layer_checkpoint_dependencies/dense/bias", "dense/bias"},
        {"optimizer/vars/0", NULL},
        {"vars", "vars"},
        {"", NULL},
        {"//", NULL},
        {"a//b", "a/b"},
        {"1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21/22/23/24/25/26/27/28/29/30/31/32/33", NULL},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char out[100] = "";
        bool found = cs_keras_name(names[i].path, out, sizeof out);
        TAP_OK(found == (names[i].name != NULL) && (!found || strcmp(out, names[i].name) == 0), "\"%s\" is \"%s\"",
               names[i].path, found ? out : "-");
    }
    char small[8];
    TAP_OK(!cs_keras_name("block1_conv1/kernel", small, sizeof small), "a name that does not fit");
    TAP_OK(strcmp(cs_keras_variable(0, 2, 4, 4), "kernel") == 0 && strcmp(cs_keras_variable(1, 2, 4, 1), "bias") == 0 &&
               strcmp(cs_keras_variable(3, 4, 1, 1), "moving_variance") == 0 && !cs_keras_variable(1, 3, 2, 1) &&
               !cs_keras_variable(0, 2, 1, 1) && !cs_keras_variable(4, 4, 1, 1),
           "variables by their number");
}

static void test_writers(void)
{
    static const char *const files[] = {"keras1.h5", "keras2.h5", "keras2-model.h5", "keras3.weights.h5",
                                        "keras3-model.h5"};
    cs_weights *expected = open_fixture("keras.safetensors");
    for (size_t i = 0; expected && i < sizeof files / sizeof *files; i++) {
        cs_weights *weights = open_fixture(files[i]);
        if (!weights)
            continue;
        expect_same_tensors(files[i], weights, expected, 6);
        size_t floats = 0;
        for (size_t j = 0; j < cs_weights_count(weights); j++)
            floats += cs_weights_at(weights, j)->is_float;
        TAP_OK(floats == 6, "%s: all of them are weights", files[i]);
        TAP_OK(strcmp(cs_weights_source_of(weights)->container, "HDF5 (Keras)") == 0 &&
                   cs_weights_source_of(weights)->copied_bytes == 0,
               "%s: used in the mapped file", files[i]);
        cs_weights_close(&weights);
    }
    cs_weights_close(&expected);
}

static void test_types(void)
{
    cs_weights *weights = open_fixture("other-types.h5");
    if (!weights)
        return;
    const cs_tensor *kernel = cs_weights_find(weights, "a/kernel"), *steps = cs_weights_find(weights, "a/steps"),
                    *other = cs_weights_find(weights, "a/double");
    TAP_OK(kernel && kernel->is_float && kernel->dtype == CS_F16 && strcmp(kernel->stored, "F16") == 0, "f16");
    TAP_OK(steps && !steps->is_float && strcmp(steps->stored, "I64") == 0 && steps->bytes == 8, "i64");
    TAP_OK(other && !other->is_float && strcmp(other->stored, "F64") == 0, "f64");
    TAP_OK(cs_weights_count(weights) == 3, "texts, flags, big-endian numbers and optimizers are skipped");
    cs_weights_close(&weights);
}

static void test_refused(void)
{
    static const struct {
        const char *file;
        clipsearch_status status;
        const char *message;
    } files[] = {
        {"compressed.h5", CLIPSEARCH_E_UNSUPPORTED, "a compressed array"},
        {"pieces.h5", CLIPSEARCH_E_UNSUPPORTED, "in pieces"},
        {"external-data.h5", CLIPSEARCH_E_UNSUPPORTED, "in another file"},
        {"external-link.h5", CLIPSEARCH_E_UNSUPPORTED, "an object of the newer form"},
        {"soft-link.h5", CLIPSEARCH_E_UNSUPPORTED, "link to another place or file"},
        {"virtual.h5", CLIPSEARCH_E_UNSUPPORTED, "virtual"},
        {"itself.h5", CLIPSEARCH_E_MODEL, "an object with two names"},
        {"latest-format.h5", CLIPSEARCH_E_UNSUPPORTED, "superblock of version 3"},
        {"never-written.h5", CLIPSEARCH_E_MODEL, "its values were never written"},
        {"no-weights.h5", CLIPSEARCH_E_MODEL, "there are no weights in this HDF5 file"},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        refuse_fixture(files[i].file, files[i].status, files[i].message);
}

/* ---------------------------------------------------------------- damage */

static void test_damage(void)
{
    static const char *const names[] = {"keras1.h5", "keras3.weights.h5"};
    for (size_t f = 0; f < 2; f++) {
        cs_buf bytes = read_fixture(names[f]);
        size_t refused = 0;
        clipsearch_error err = {0};
        for (size_t n = 8; n < bytes.len; n += 31)
            refused += open_bytes(bytes.data, n, &err) != CLIPSEARCH_OK && strstr(err.message, "cut short");
        TAP_OK(refused == (bytes.len - 8 + 30) / 31, "%s: each of %zu prefixes is refused", names[f], refused);
        flip_bits(names[f], &bytes, false);
        bytes.data[8] = 9;
        TAP_OK(open_bytes(bytes.data, bytes.len, &err) == CLIPSEARCH_E_UNSUPPORTED &&
                   strstr(err.message, "superblock of version 9"),
               "%s", err.message);
        cs_buf_free(&bytes);
    }
}

/* In a build without libhdf5 such files are refused, and say how to be read. */
static bool has_library(void)
{
    char *path = fixture("keras2.h5");
    cs_weights *weights;
    clipsearch_error err = {0};
    clipsearch_status status = cs_weights_open(path, &weights, &err);
    cs_weights_close(&weights);
    cs_free(path);
    if (status != CLIPSEARCH_E_UNSUPPORTED)
        return true;
    TAP_OK(strstr(err.message, "this build was made without libhdf5") != NULL, "%s", err.message);
    return false;
}

int main(void)
{
    test_names();
    if (has_library()) {
        test_writers();
        test_types();
        test_refused();
        test_damage();
        fail_allocations("keras3.weights.h5", 5);
    } else {
        tap_skip("Keras files", "built without libhdf5");
    }
    return tap_done();
}
