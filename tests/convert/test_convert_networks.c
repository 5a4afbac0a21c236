/* SPDX-License-Identifier: MIT
 * test_convert_networks.c - converted image networks, CLIP's ResNet and CLIP on an EfficientNet-Lite. */
#include "convert_support.h"
#include "tap.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool same_vectors(const char *a, const char *b, unsigned towers)
{
    static vectors x, y;
    return encode(a, towers, &x) && encode(b, towers, &y) && x.dim == y.dim &&
           memcmp(x.images, y.images, sizeof x.images) == 0 && memcmp(x.texts, y.texts, sizeof x.texts) == 0;
}

/* Image networks keep their names; a clipsearch.json says all that was known of them. */
static void test_image_networks(const folder *f)
{
    static const char *const networks[] = {"resnet50",    "resnet34",     "vgg16",
                                           "vgg16-keras", "mobilenet-v2", "efficientnet-lite0"};
    char from[4096], to[64], file[96];
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++) {
        static vectors before, after;
        clipsearch_convert_report report;
        clipsearch_convert_report_init(&report);
        snprintf(from, sizeof from, "%s/tests/data/cnn-tiny/%s", getenv("CLIPSEARCH_SOURCE_ROOT"), networks[i]);
        snprintf(to, sizeof to, "net-%s", networks[i]);
        snprintf(file, sizeof file, "%s/model.safetensors", to);
        bool ok = convert(from, folder_path(f, to), 0, CLIPSEARCH_F32, &report) == CLIPSEARCH_OK;
        TAP_OK(ok && same_vectors(from, folder_path(f, to), CLIPSEARCH_IMAGE_TOWER), "%s: the same bits%s%s",
               networks[i], ok ? "" : ": ", ok ? "" : err.message);
        clipsearch_encoder *encoder = NULL, *converted = NULL;
        clipsearch_encoder_info one, other;
        clipsearch_encoder_info_init(&one);
        clipsearch_encoder_info_init(&other);
        if (clipsearch_encoder_open(from, NULL, &encoder, &err) == CLIPSEARCH_OK &&
            clipsearch_encoder_open(folder_path(f, to), NULL, &converted, &err) == CLIPSEARCH_OK) {
            clipsearch_encoder_describe(encoder, &one, NULL);
            clipsearch_encoder_describe(converted, &other, NULL);
        }
        TAP_OK(converted && strcmp(one.preprocessing, other.preprocessing) == 0 && one.metric == other.metric &&
                   one.normalized == other.normalized && strcmp(one.architecture, other.architecture) == 0,
               "prepared and compared the same: %s", converted ? other.preprocessing : err.message);
        clipsearch_encoder_close(&encoder);
        clipsearch_encoder_close(&converted);
        /* random networks a few channels wide magnify what rounding does: seen are 0.01 and 0.1 */
        make_uneven(f, file, 0.5F);
        for (int type = CLIPSEARCH_F16; type <= CLIPSEARCH_BF16; type++) {
            ok = convert(folder_path(f, to), folder_path(f, "short"), 0, (clipsearch_number_type)type, &report) ==
                     CLIPSEARCH_OK &&
                 encode(folder_path(f, to), CLIPSEARCH_IMAGE_TOWER, &before) &&
                 encode(folder_path(f, "short"), CLIPSEARCH_IMAGE_TOWER, &after);
            double greatest = 0;
            for (size_t d = 0; d < IMAGES * before.dim; d++)
                greatest = fmax(greatest, fabs((double)before.images[d]));
            double most = greatest_difference(&before, &after) / greatest;
            TAP_OK(ok && report.rounded && most > 0 && most < (type == CLIPSEARCH_F16 ? 0.03 : 0.3),
                   "%s: at most %.2g of the greatest number apart", type == CLIPSEARCH_F16 ? "f16" : "bf16", most);
        }
        TAP_OK(convert(from, folder_path(f, "none"), CLIPSEARCH_TEXT_TOWER, CLIPSEARCH_F32, &report) ==
                       CLIPSEARCH_E_ARGUMENT &&
                   strstr(err.message, "no text tower"),
               "it has no text tower: %s", err.message);
    }
}

/* A vector of length 1 for each text, and no two the same. */
static bool texts_differ(const vectors *v)
{
    for (size_t i = 0; i < TEXTS; i++) {
        const float *a = v->texts + i * v->dim, *b = v->texts + (i + 1) % TEXTS * v->dim;
        double square = 0, product = 0;
        for (size_t d = 0; d < v->dim; d++) {
            square += (double)a[d] * a[d];
            product += (double)a[d] * b[d];
        }
        if (fabs(square - 1) > 1e-5 || product > 0.9999)
            return false;
    }
    return true;
}

/* CLIP's ResNet: OpenAI's names, and an open_clip_config.json, as one tower alone does not say the model's sizes. */
static void test_clip_resnet(const folder *f)
{
    static vectors before, after;
    clipsearch_convert_report report, whole;
    clipsearch_convert_report_init(&report);
    clipsearch_convert_report_init(&whole);
    copy_resnet(f, "rn");
    TAP_OK(encode(folder_path(f, "rn"), both, &before) && before.dim == 24 && texts_differ(&before),
           "CLIP's ResNet encodes texts: %s", err.message);
    for (int type = CLIPSEARCH_F32; type <= CLIPSEARCH_BF16; type++) {
        char to[32];
        snprintf(to, sizeof to, "rn-%d", type);
        bool ok = convert(folder_path(f, "rn"), folder_path(f, to), 0, (clipsearch_number_type)type, &whole) ==
                      CLIPSEARCH_OK &&
                  encode(folder_path(f, to), both, &after);
        TAP_OK(ok && whole.rounded == 0 && memcmp(before.texts, after.texts, sizeof before.texts) == 0 &&
                   memcmp(before.images, after.images, sizeof before.images) == 0,
               "as type %d: both towers give the same bits%s%s", type, ok ? "" : ": ", ok ? "" : err.message);
    }
    TAP_OK(same_file(folder_path(f, "rn-0/merges.txt"), tiny("hf/merges.txt")) &&
               same_vocabulary(folder_path(f, "rn-0/vocab.json"), tiny("hf/vocab.json")),
           "with its tokenizer");
    TAP_OK(convert(folder_path(f, "rn"), folder_path(f, "rn-image"), CLIPSEARCH_IMAGE_TOWER, CLIPSEARCH_F32, &report) ==
                   CLIPSEARCH_OK &&
               same_vectors(folder_path(f, "rn"), folder_path(f, "rn-image"), CLIPSEARCH_IMAGE_TOWER) &&
               access(folder_path(f, "rn-image/merges.txt"), F_OK) != 0 &&
               !encode(folder_path(f, "rn-image"), CLIPSEARCH_TEXT_TOWER, &after) &&
               strstr(err.message, "no text tower"),
           "its image tower alone: %s", err.message);
    uint64_t parameters = report.parameters;
    TAP_OK(convert(folder_path(f, "rn"), folder_path(f, "rn-text"), CLIPSEARCH_TEXT_TOWER, CLIPSEARCH_F32, &report) ==
                   CLIPSEARCH_OK &&
               same_vectors(folder_path(f, "rn"), folder_path(f, "rn-text"), CLIPSEARCH_TEXT_TOWER) &&
               !encode(folder_path(f, "rn-text"), CLIPSEARCH_IMAGE_TOWER, &after) &&
               strstr(err.message, "no image tower"),
           "its text tower alone: %s", err.message);
    TAP_OK(parameters + report.parameters == whole.parameters + 1,
           "the towers' %d and %d numbers are those of the whole, and the logit scale twice", (int)parameters,
           (int)report.parameters);
    TAP_OK(convert(resnet(""), folder_path(f, "rn-no"), 0, CLIPSEARCH_F32, &report) == CLIPSEARCH_E_MODEL &&
               strstr(err.message, "no tokenizer"),
           "without a tokenizer: %s", err.message);
    /* with numbers that are rounded; seen are 0.0034 and 0.1: a network a few channels wide magnifies rounding */
    make_uneven(f, "rn-0/model.safetensors", 0.5F);
    for (int type = CLIPSEARCH_F16; type <= CLIPSEARCH_BF16; type++) {
        bool ok = encode(folder_path(f, "rn-0"), both, &before) &&
                  convert(folder_path(f, "rn-0"), folder_path(f, "rn-short"), 0, (clipsearch_number_type)type,
                          &report) == CLIPSEARCH_OK &&
                  encode(folder_path(f, "rn-short"), both, &after);
        double most = greatest_difference(&before, &after);
        TAP_OK(ok && report.rounded > report.parameters / 2 && most > 0 && texts_differ(&after) &&
                   most < (type == CLIPSEARCH_F16 ? 0.01 : 0.3),
               "as type %d, rounded: vectors differ by at most %.2g", type, most);
    }
}

/* CLIP on an EfficientNet-Lite: each tower alone and both, in its own kind of config.json. */
static void test_clip_lite(const folder *f)
{
    static const char *const names[] = {"model.safetensors", "config.json", "preprocessor_config.json", "merges.txt",
                                        "vocab.json"};
    static const unsigned towers[] = {0, CLIPSEARCH_IMAGE_TOWER, CLIPSEARCH_TEXT_TOWER};
    static vectors unused;
    char source[4096], target[96];
    clipsearch_convert_report report;
    clipsearch_convert_report_init(&report);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(target, sizeof target, "hf/%s", names[i]);
        if (i < 3)
            snprintf(source, sizeof source, "%s/tests/data/cnn-tiny/clip-lite0/%s", getenv("CLIPSEARCH_SOURCE_ROOT"),
                     names[i]);
        else
            snprintf(source, sizeof source, "%s", tiny(target));
        snprintf(target, sizeof target, "lite/%s", names[i]);
        folder_copy(f, target, source);
    }
    for (size_t i = 0; i < 3; i++) {
        snprintf(target, sizeof target, "lite-%zu", i);
        const unsigned which = towers[i] ? towers[i] : both;
        bool ok = convert(folder_path(f, "lite"), folder_path(f, target), towers[i], CLIPSEARCH_F32, &report) ==
                  CLIPSEARCH_OK;
        TAP_OK(ok && same_vectors(folder_path(f, "lite"), folder_path(f, target), which),
               "EfficientNet-Lite, towers %u: the same bits%s%s", which, ok ? "" : ": ", ok ? "" : err.message);
        TAP_OK(encode(folder_path(f, target), both, &unused) == (towers[i] == 0), "and no other tower");
    }
}

int main(void)
{
    folder f;
    folder_make(&f);
    test_image_networks(&f);
    test_clip_resnet(&f);
    test_clip_lite(&f);
    folder_remove(&f);
    return tap_done();
}
