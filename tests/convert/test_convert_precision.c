/* SPDX-License-Identifier: MIT
 * test_convert_precision.c - models converted to int8 and to pairs of bf16: as when opened in that precision. */
#include "convert_support.h"
#include "tap.h"

#include <math.h>
#include <string.h>

/* The least cosine between two vectors of the same text or image, which have length 1. */
static float least_cosine(const vectors *a, const vectors *b)
{
    double least = 1;
    for (size_t i = 0; i < TEXTS + IMAGES; i++) {
        const float *x = i < TEXTS ? a->texts + i * a->dim : a->images + (i - TEXTS) * a->dim;
        const float *y = i < TEXTS ? b->texts + i * b->dim : b->images + (i - TEXTS) * b->dim;
        double dot = 0;
        for (size_t d = 0; d < a->dim; d++)
            dot += (double)x[d] * y[d];
        least = fmin(least, dot);
    }
    return (float)least;
}

/* The tiny model's numbers are the same in f16, so a conversion changes nothing but what is quantized, and that is
 * quantized as when the model is opened with this precision. */
static void test_int8(const folder *f)
{
    vectors exact, quantized, converted;
    clipsearch_convert_report report;
    clipsearch_convert_report_init(&report);
    encode(folder_path(f, "from-hf"), both, &exact);
    TAP_OK(encode_as(folder_path(f, "from-hf"), both, CLIPSEARCH_PRECISION_INT8, &quantized), "opened in int8: %s",
           err.message);
    TAP_OK(convert(folder_path(f, "from-hf"), folder_path(f, "int8"), 0, CLIPSEARCH_INT8, &report) == CLIPSEARCH_OK &&
               encode(folder_path(f, "int8"), both, &converted),
           "converted to int8 and opened: %s", err.message);
    TAP_OK(memcmp(&quantized, &converted, sizeof converted) == 0,
           "the same vectors and fingerprint as when opened in int8");
    TAP_OK(strcmp(exact.fingerprint, converted.fingerprint) == 0,
           "its fingerprint is that of the model it was made of");
    const float cosine = least_cosine(&exact, &converted);
    TAP_OK(cosine > 0.998F && cosine < 1, "cosine to the vectors in f32: at least %.6f", (double)cosine);
    clipsearch_encoder *encoder = NULL;
    clipsearch_encoder_options options;
    clipsearch_encoder_info info;
    clipsearch_encoder_options_init(&options);
    clipsearch_encoder_info_init(&info);
    clipsearch_encoder_open(folder_path(f, "int8"), &options, &encoder, &err);
    TAP_OK(encoder && clipsearch_encoder_describe(encoder, &info, &err) == CLIPSEARCH_OK &&
               info.image_precision == CLIPSEARCH_PRECISION_INT8 && info.text_precision == CLIPSEARCH_PRECISION_INT8,
           "an encoder says that it computes in int8");
    clipsearch_encoder_close(&encoder);
    options.precision = CLIPSEARCH_PRECISION_F32;
    TAP_OK(clipsearch_encoder_open(folder_path(f, "int8"), &options, &encoder, &err) == CLIPSEARCH_E_ARGUMENT &&
               strstr(err.message, "cannot be computed in f32"),
           "f32 from int8 weights: %s", err.message);
    TAP_OK(convert(folder_path(f, "int8"), folder_path(f, "back"), 0, CLIPSEARCH_F32, &report) ==
                   CLIPSEARCH_E_UNSUPPORTED &&
               strstr(err.message, "convert the model that they were made from"),
           "converting it back: %s", err.message);
}

/* What the image tower is computed in when this precision is asked for. */
static clipsearch_precision image_precision(const char *model, clipsearch_precision asked)
{
    clipsearch_encoder *encoder = NULL;
    clipsearch_encoder_options options;
    clipsearch_encoder_info info;
    clipsearch_encoder_options_init(&options);
    clipsearch_encoder_info_init(&info);
    options.precision = asked;
    if (clipsearch_encoder_open(model, &options, &encoder, &err) == CLIPSEARCH_OK)
        clipsearch_encoder_describe(encoder, &info, &err);
    clipsearch_encoder_close(&encoder);
    return info.image_precision;
}

/* As in 8 bits, but that a processor without instructions for bf16 computes in f32, and the encoder says so. */
static void test_bf16(const folder *f)
{
    static vectors exact, rounded, converted, plain;
    clipsearch_convert_report report;
    clipsearch_convert_report_init(&report);
    encode(folder_path(f, "from-hf"), both, &exact);
    TAP_OK(encode_as(folder_path(f, "from-hf"), both, CLIPSEARCH_PRECISION_BF16, &rounded), "opened in bf16: %s",
           err.message);
    TAP_OK(convert(folder_path(f, "from-hf"), folder_path(f, "bf16"), 0, CLIPSEARCH_BF16_PAIRS, &report) ==
                   CLIPSEARCH_OK &&
               encode(folder_path(f, "bf16"), both, &converted),
           "converted to pairs of bf16 and opened: %s", err.message);
    TAP_OK(encode_as(folder_path(f, "bf16"), both, CLIPSEARCH_PRECISION_F32, &plain), "its weights computed in f32: %s",
           err.message);
    const bool fast =
        image_precision(folder_path(f, "from-hf"), CLIPSEARCH_PRECISION_BF16) == CLIPSEARCH_PRECISION_BF16;
    tap_note("%s", fast ? "this processor has bf16" : "this processor has no bf16: f32 is computed");
    if (fast)
        TAP_OK(memcmp(&rounded, &converted, sizeof converted) == 0,
               "the same vectors and fingerprint as when opened in bf16");
    else
        TAP_OK(memcmp(&rounded, &exact, sizeof exact) == 0 && memcmp(&converted, &plain, sizeof plain) == 0,
               "without bf16: those of f32");
    TAP_OK(strcmp(exact.fingerprint, converted.fingerprint) == 0 && strcmp(exact.fingerprint, plain.fingerprint) == 0,
           "its fingerprint is that of the model it was made of");
    const float cosine = least_cosine(&exact, &converted), of_plain = least_cosine(&exact, &plain);
    TAP_OK(cosine > 0.9999F && of_plain > 0.9999F && (!fast || memcmp(&converted, &plain, sizeof plain) != 0),
           "cosine to the vectors in f32: at least %.7f, of bf16 weights in f32 %.7f", (double)cosine,
           (double)of_plain);
    TAP_OK(image_precision(folder_path(f, "bf16"), CLIPSEARCH_PRECISION_AUTO) ==
                   (fast ? CLIPSEARCH_PRECISION_BF16 : CLIPSEARCH_PRECISION_F32) &&
               image_precision(folder_path(f, "bf16"), CLIPSEARCH_PRECISION_F32) == CLIPSEARCH_PRECISION_F32,
           "an encoder says what it computes in");
    clipsearch_encoder *encoder = NULL;
    clipsearch_encoder_options options;
    clipsearch_encoder_options_init(&options);
    options.precision = CLIPSEARCH_PRECISION_BF16;
    TAP_OK(clipsearch_encoder_open(folder_path(f, "int8"), &options, &encoder, &err) == CLIPSEARCH_E_ARGUMENT &&
               strstr(err.message, "cannot be computed in bf16"),
           "bf16 from int8 weights: %s", err.message);
    TAP_OK(convert(folder_path(f, "bf16"), folder_path(f, "back"), 0, CLIPSEARCH_F32, &report) ==
                   CLIPSEARCH_E_UNSUPPORTED &&
               strstr(err.message, "convert the model that they were made from"),
           "converting it back: %s", err.message);
}

int main(void)
{
    static const char *const names[] = {"config.json", "model.safetensors", NULL};
    folder f;
    folder_make(&f);
    copy_tiny(&f, "from-hf", "hf", names, true);
    test_int8(&f);
    test_bf16(&f);
    folder_remove(&f);
    return tap_done();
}
