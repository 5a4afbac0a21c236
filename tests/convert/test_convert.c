/* SPDX-License-Identifier: MIT
 * test_convert.c - converted models: the same bits from f32, bounded differences from shorter numbers, whole
 * directories or none. */
#include "base/file.h"
#include "base/json.h"
#include "base/digest.h"
#include "support/folder.h"
#include "support/gallery.h"
#include "tap.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST = 4096, TEXTS = 3, IMAGES = 2, SIDE = 50 };

static clipsearch_error err;

/* Vectors of some texts and images, for the towers that are asked for. */
typedef struct vectors {
    size_t dim;
    char fingerprint[65];
    float texts[TEXTS * MOST], images[IMAGES * MOST];
} vectors;

static clipsearch_precision precision; /* that encode asks for */

static bool encode(const char *model, unsigned towers, vectors *out)
{
    static const char *const texts[TEXTS] = {"a white dog", "x", "two red cars in the snow"};
    static uint8_t pixels[IMAGES][SIDE * (SIDE + 7) * 3];
    clipsearch_image images[IMAGES];
    memset(out, 0, sizeof *out);
    for (unsigned i = 0; i < IMAGES; i++) {
        for (size_t p = 0; p < sizeof pixels[i]; p++)
            pixels[i][p] = (uint8_t)(p * (3 + i) + p / 150 * 11);
        images[i] = (clipsearch_image){.rgb = pixels[i], .width = SIDE, .height = SIDE + 7};
    }
    clipsearch_encoder_options options;
    clipsearch_encoder_options_init(&options);
    options.towers = towers;
    options.precision = precision;
    clipsearch_encoder *encoder = NULL;
    clipsearch_session *session = NULL;
    bool ok = clipsearch_encoder_open(model, &options, &encoder, &err) == CLIPSEARCH_OK &&
              clipsearch_session_open(encoder, NULL, &session, &err) == CLIPSEARCH_OK;
    if (ok) {
        clipsearch_encoder_info info;
        clipsearch_encoder_info_init(&info);
        clipsearch_encoder_describe(encoder, &info, NULL);
        out->dim = info.dim;
        memcpy(out->fingerprint, info.fingerprint, sizeof out->fingerprint);
    }
    if (ok && towers & CLIPSEARCH_TEXT_TOWER)
        ok = clipsearch_encode_texts(session, texts, TEXTS, out->texts, &err) == CLIPSEARCH_OK;
    if (ok && towers & CLIPSEARCH_IMAGE_TOWER)
        ok = clipsearch_encode_images(session, images, IMAGES, out->images, &err) == CLIPSEARCH_OK;
    clipsearch_session_close(&session);
    clipsearch_encoder_close(&encoder);
    return ok;
}

static double greatest_difference(const vectors *a, const vectors *b)
{
    double most = 0;
    for (size_t i = 0; i < TEXTS * a->dim; i++)
        most = fmax(most, fabs((double)a->texts[i] - b->texts[i]));
    for (size_t i = 0; i < IMAGES * a->dim; i++)
        most = fmax(most, fabs((double)a->images[i] - b->images[i]));
    return most;
}

static clipsearch_status convert(const char *from, const char *to, unsigned towers, clipsearch_number_type type,
                                 clipsearch_convert_report *report)
{
    clipsearch_convert_options options;
    clipsearch_convert_options_init(&options);
    options.towers = towers;
    options.type = type;
    return clipsearch_model_convert(from, to, &options, report, &err);
}

static const unsigned both = CLIPSEARCH_IMAGE_TOWER | CLIPSEARCH_TEXT_TOWER;

/* The path of clip-tiny's file `name`; valid until the next call. */
static const char *tiny(const char *name)
{
    static char path[4096];
    snprintf(path, sizeof path, "%s/tests/data/clip-tiny/%s", getenv("CLIPSEARCH_SOURCE_ROOT"), name);
    return path;
}

static void copy_tiny(const folder *f, const char *to, const char *layout, const char *const *names, bool vocabulary)
{
    char target[128], source[128];
    for (size_t i = 0; names[i]; i++) {
        snprintf(target, sizeof target, "%s/%s", to, names[i]);
        snprintf(source, sizeof source, "%s/%s", layout, names[i]);
        folder_copy(f, target, tiny(source));
    }
    static const char *const others[] = {"merges.txt", "vocab.json", "preprocessor_config.json"};
    for (size_t i = 0; i < 3 && vocabulary; i++) {
        snprintf(target, sizeof target, "%s/%s", to, others[i]);
        snprintf(source, sizeof source, "hf/%s", others[i]);
        folder_copy(f, target, tiny(source));
    }
}

static bool same_file(const char *a, const char *b)
{
    cs_map x = {0}, y = {0};
    bool same = cs_map_open(a, &x, &err) == CLIPSEARCH_OK && cs_map_open(b, &y, &err) == CLIPSEARCH_OK &&
                x.size == y.size && memcmp(x.data, y.data, x.size) == 0;
    cs_map_close(&x);
    cs_map_close(&y);
    return same;
}

/* Both are JSON objects with the same members of whole numbers. */
static bool same_vocabulary(const char *a, const char *b)
{
    cs_json_document *x = NULL, *y = NULL;
    cs_buf text = cs_buf_make(1 << 20);
    bool same = cs_file_read(a, &text, NULL, &err) == CLIPSEARCH_OK &&
                cs_json_parse(text.data, text.len, a, 1 << 17, &x, &err) == CLIPSEARCH_OK &&
                cs_file_read(b, &text, NULL, &err) == CLIPSEARCH_OK &&
                cs_json_parse(text.data, text.len, b, 1 << 17, &y, &err) == CLIPSEARCH_OK &&
                cs_json_root(x)->count == cs_json_root(y)->count;
    for (const cs_json *member = same ? cs_json_root(x)->first : NULL; member && same; member = member->next) {
        const cs_json *other = cs_json_get(cs_json_root(y), member->key);
        same = other && other->is_integer && other->integer == member->integer;
    }
    cs_json_close(&x);
    cs_json_close(&y);
    cs_buf_free(&text);
    return same;
}

/* From each layout and type, f32 gives the same bits. Every weight of clip-tiny is exact in all three types, so the
 * shorter ones do too. */
static void test_same_bits(const folder *f)
{
    static const char *const hf[] = {"config.json", "model.safetensors", NULL};
    static const char *const open_clip[] = {"open_clip_config.json", "open_clip_model.safetensors", NULL};
    static const struct {
        const char *layout;
        const char *const *names;
    } sources[] = {{"hf", hf}, {"hf-f16", hf}, {"hf-bf16", hf}, {"open-clip", open_clip}};
    static vectors before, after;
    for (size_t i = 0; i < 4; i++)
        for (int type = CLIPSEARCH_F32; type <= CLIPSEARCH_BF16; type++) {
            char from[64], to[64], file[96];
            snprintf(from, sizeof from, "from-%s", sources[i].layout);
            snprintf(to, sizeof to, "to-%s-%d", sources[i].layout, type);
            copy_tiny(f, from, sources[i].layout, sources[i].names, true);
            clipsearch_convert_report report;
            clipsearch_convert_report_init(&report);
            bool ok = convert(folder_path(f, from), folder_path(f, to), 0, (clipsearch_number_type)type, &report) ==
                          CLIPSEARCH_OK &&
                      encode(folder_path(f, from), both, &before) && encode(folder_path(f, to), both, &after);
            TAP_OK(ok && memcmp(before.texts, after.texts, sizeof before.texts) == 0 &&
                       memcmp(before.images, after.images, sizeof before.images) == 0,
                   "%s as type %d: the same bits%s%s", sources[i].layout, type, ok ? "" : ": ", ok ? "" : err.message);
            snprintf(file, sizeof file, "%s/model.safetensors", to);
            struct stat st;
            TAP_OK(report.rounded == 0 && stat(folder_path(f, file), &st) == 0 && (uint64_t)st.st_size == report.bytes,
                   "nothing was rounded; %d bytes", (int)report.bytes);
            snprintf(file, sizeof file, "%s/merges.txt", to);
            TAP_OK(same_file(folder_path(f, file), tiny("hf/merges.txt")), "merges.txt is transformers'");
            snprintf(file, sizeof file, "%s/vocab.json", to);
            TAP_OK(same_vocabulary(folder_path(f, file), tiny("hf/vocab.json")), "vocab.json too");
        }
    encode(folder_path(f, "from-hf"), both, &before);
    encode(folder_path(f, "to-open-clip-0"), both, &after);
    TAP_OK(strcmp(before.fingerprint, after.fingerprint) == 0,
           "the same tensors, types and names are the same encoder to a collection");
}

/* The vocabulary in OpenAI's file, which holds more merges than the model uses and another first line. */
static void test_openai_merges(const folder *f)
{
    static const char *const names[] = {"open_clip_config.json", "open_clip_model.safetensors", NULL};
    copy_tiny(f, "gz", "open-clip", names, false);
    cs_buf text = cs_buf_make(1 << 20), with = cs_buf_make(1 << 20);
    bool ok = cs_file_read(tiny("hf/merges.txt"), &text, NULL, &err) == CLIPSEARCH_OK;
    cs_buf_puts(&with, "\"bpe_simple_vocab_16e6.txt#version: 0.2\n");
    cs_buf_puts(&with, ok ? strchr(text.data, '\n') + 1 : "");
    cs_buf_puts(&with, "to day</w>\nto night</w>\n");
    folder_write(f, "gz/bpe_simple_vocab_16e6.txt", with.data, with.len);
    clipsearch_convert_report report;
    clipsearch_convert_report_init(&report);
    TAP_OK(ok && convert(folder_path(f, "gz"), folder_path(f, "gz-to"), 0, CLIPSEARCH_F32, &report) == CLIPSEARCH_OK &&
               same_file(folder_path(f, "gz-to/merges.txt"), tiny("hf/merges.txt")) &&
               access(folder_path(f, "gz-to/vocab.compiled"), R_OK) == 0 &&
               same_vocabulary(folder_path(f, "gz-to/vocab.json"), tiny("hf/vocab.json")),
           "OpenAI's merges become merges.txt, vocab.json and vocab.compiled");
    cs_buf_free(&text);
    cs_buf_free(&with);
}

/* The vocabulary compiled beside the files it was read from: once, and again when these have changed. */
static void test_compile(const folder *f)
{
    static const char *const names[] = {
        "config.json", "preprocessor_config.json", "model.safetensors", "vocab.json", "merges.txt", NULL};
    bool first, again, changed, image = true, file = true;
    copy_tiny(f, "plain", "hf", names, false);
    const char *dir = folder_path(f, "plain");
    vectors before, after, later;
    bool ok = encode(dir, both, &before) && clipsearch_model_compile(dir, &first, &err) == CLIPSEARCH_OK &&
              clipsearch_model_compile(dir, &again, &err) == CLIPSEARCH_OK && encode(dir, both, &after);
    TAP_OK(ok && first && !again && memcmp(&before, &after, sizeof before) == 0,
           "a vocabulary is compiled once, and gives the same vectors");
    cs_buf merges = cs_buf_make(1 << 20);
    ok = cs_file_read(tiny("hf/merges.txt"), &merges, NULL, &err) == CLIPSEARCH_OK;
    cs_buf_puts(&merges, "q z\n"); /* beyond those that the vocabulary has ids for */
    folder_write(f, "plain/merges.txt", merges.data, merges.len);
    cs_buf_free(&merges);
    ok = ok && clipsearch_model_compile(dir, &changed, &err) == CLIPSEARCH_OK && encode(dir, both, &later);
    TAP_OK(ok && changed && memcmp(&before, &later, sizeof before) == 0,
           "and compiled again when the merges have changed");
    TAP_OK(clipsearch_model_compile(tiny("../cnn-tiny/resnet50"), &image, &err) == CLIPSEARCH_OK && !image,
           "an image network has none");
    TAP_OK(clipsearch_model_compile(tiny("hf/model.safetensors"), &file, &err) == CLIPSEARCH_E_ARGUMENT && !file &&
               strstr(err.message, "is a file"),
           "a weight file is no directory: %s", err.message);
    TAP_OK(clipsearch_model_compile(folder_path(f, "none"), NULL, &err) == CLIPSEARCH_E_NOT_FOUND,
           "a model that is not there: %s", err.message);
}

static void test_metadata(const folder *f)
{
    cs_map map = {0};
    char hex[65] = "";
    uint8_t digest[CS_SHA256_BYTES];
    if (cs_map_open(folder_path(f, "from-open-clip/open_clip_model.safetensors"), &map, &err) == CLIPSEARCH_OK) {
        cs_digest_of(CS_SHA256, map.data, map.size, digest, NULL);
        cs_digest_hex(digest, sizeof digest, hex);
    }
    cs_map_close(&map);
    cs_json_document *document = NULL;
    TAP_OK(cs_map_open(folder_path(f, "to-open-clip-1/model.safetensors"), &map, &err) == CLIPSEARCH_OK &&
               cs_json_parse((const char *)map.data + 8, map.data[0] | (size_t)map.data[1] << 8, "header", 10000,
                             &document, &err) == CLIPSEARCH_OK,
           "a converted file's header");
    const cs_json *metadata = cs_json_get(cs_json_root(document), "__metadata__");
    const cs_json *source = cs_json_get(metadata, "source_sha256"), *what = cs_json_get(metadata, "conversion");
    const cs_json *first = metadata ? metadata->next : NULL;
    TAP_OK(source && strcmp(source->string, hex) == 0, "it names the source by its SHA-256");
    TAP_OK(what && strcmp(what->string, "image and text tower, float16") == 0, "and what was done");
    TAP_OK(first && strcmp(first->key, "logit_scale") == 0 && first->next &&
               strcmp(first->next->key, "vision_model.embeddings.patch_embedding.weight") == 0 &&
               strcmp(first->next->next->key, "vision_model.embeddings.class_embedding") == 0,
           "tensors lie in the order they are read");
    cs_json_close(&document);
    cs_map_close(&map);
}

static void test_towers(const folder *f)
{
    static vectors before, after;
    clipsearch_convert_report report, whole;
    clipsearch_convert_report_init(&report);
    clipsearch_convert_report_init(&whole);
    convert(folder_path(f, "from-hf"), folder_path(f, "whole"), both, CLIPSEARCH_F32, &whole);
    encode(folder_path(f, "from-hf"), both, &before);
    TAP_OK(convert(folder_path(f, "from-hf"), folder_path(f, "image"), CLIPSEARCH_IMAGE_TOWER, CLIPSEARCH_F32,
                   &report) == CLIPSEARCH_OK &&
               encode(folder_path(f, "image"), CLIPSEARCH_IMAGE_TOWER, &after) &&
               memcmp(before.images, after.images, sizeof before.images) == 0,
           "the image tower alone: the same bits");
    TAP_OK(report.bytes < whole.bytes && report.parameters < whole.parameters && report.tensors < whole.tensors,
           "in a smaller file");
    TAP_OK(access(folder_path(f, "image/merges.txt"), F_OK) != 0 && !encode(folder_path(f, "image"), both, &after) &&
               strstr(err.message, "no text tower"),
           "it says that it has no text tower: %s", err.message);
    TAP_OK(convert(folder_path(f, "from-hf"), folder_path(f, "text"), CLIPSEARCH_TEXT_TOWER, CLIPSEARCH_F32, &report) ==
                   CLIPSEARCH_OK &&
               encode(folder_path(f, "text"), CLIPSEARCH_TEXT_TOWER, &after) &&
               memcmp(before.texts, after.texts, sizeof before.texts) == 0,
           "the text tower alone: the same bits");
    TAP_OK(convert(folder_path(f, "text"), folder_path(f, "again"), 0, CLIPSEARCH_F32, &report) == CLIPSEARCH_OK &&
               encode(folder_path(f, "again"), CLIPSEARCH_TEXT_TOWER, &after) &&
               memcmp(before.texts, after.texts, sizeof before.texts) == 0,
           "and converted again, all that it has");
    TAP_OK(convert(folder_path(f, "text"), folder_path(f, "no"), CLIPSEARCH_IMAGE_TOWER, CLIPSEARCH_F32, &report) ==
                   CLIPSEARCH_E_ARGUMENT &&
               strstr(err.message, "no image tower"),
           "a tower that is not there: %s", err.message);
}

/* Make an f32 weight file's numbers need all of f32: each grown by a different small part of itself. One of them
 * becomes `odd`. */
static void make_uneven(const folder *f, const char *path, float odd)
{
    cs_buf bytes = cs_buf_make(16 << 20);
    if (cs_file_read(folder_path(f, path), &bytes, NULL, &err) != CLIPSEARCH_OK)
        return;
    size_t begin = 8;
    for (size_t i = 0; i < 8; i++)
        begin += (size_t)(uint8_t)bytes.data[i] << (8 * i);
    for (size_t at = begin; at + 4 <= bytes.len; at += 4) {
        float value;
        memcpy(&value, bytes.data + at, 4);
        value *= 1 + (float)((at / 4 * 7919) % 1009) * 1e-5F;
        if (at == begin + 4000)
            value = odd;
        memcpy(bytes.data + at, &value, 4);
    }
    folder_write(f, path, bytes.data, bytes.len);
    cs_buf_free(&bytes);
}

static void make_uneven_clip(const folder *f, const char *to, float odd)
{
    static const char *const names[] = {"config.json", "model.safetensors", NULL};
    char path[96];
    copy_tiny(f, to, "hf", names, true);
    snprintf(path, sizeof path, "%s/model.safetensors", to);
    make_uneven(f, path, odd);
}

/* Measured with these weights, as printed below; the bounds are four times that. docs/model.md names them. */
static void test_rounding(const folder *f)
{
    static vectors before, f16, bf16;
    clipsearch_convert_report report;
    clipsearch_convert_report_init(&report);
    make_uneven_clip(f, "uneven", 0.5F);
    encode(folder_path(f, "uneven"), both, &before);
    TAP_OK(convert(folder_path(f, "uneven"), folder_path(f, "uneven-f16"), 0, CLIPSEARCH_F16, &report) ==
                   CLIPSEARCH_OK &&
               encode(folder_path(f, "uneven-f16"), both, &f16),
           "f16");
    TAP_OK(report.rounded > report.parameters / 2, "%d of %d numbers were rounded", (int)report.rounded,
           (int)report.parameters);
    double most = greatest_difference(&before, &f16);
    TAP_OK(most > 1e-6 && most < 1.4e-3, "vectors differ by at most %.2g", most);
    TAP_OK(convert(folder_path(f, "uneven"), folder_path(f, "uneven-bf16"), 0, CLIPSEARCH_BF16, &report) ==
                   CLIPSEARCH_OK &&
               encode(folder_path(f, "uneven-bf16"), both, &bf16),
           "bf16");
    most = greatest_difference(&before, &bf16);
    TAP_OK(most > 1e-5 && most < 1.5e-2, "vectors differ by at most %.2g", most);
}

static bool stop(void *context, uint64_t done, uint64_t total)
{
    uint64_t *calls = context;
    (void)total;
    return done < 1 || ++*calls < 5;
}

/* After every failure in the weights the old directory is as it was, and no temporary file is left. */
static void test_failure(const folder *f)
{
    static vectors before, after;
    clipsearch_convert_report report;
    clipsearch_convert_report_init(&report);
    make_uneven_clip(f, "large", 70000);
    TAP_OK(convert(folder_path(f, "from-hf"), folder_path(f, "kept"), 0, CLIPSEARCH_F16, &report) == CLIPSEARCH_OK &&
               encode(folder_path(f, "kept"), both, &before),
           "a model that is there");
    TAP_OK(convert(folder_path(f, "large"), folder_path(f, "kept"), 0, CLIPSEARCH_F16, &report) ==
                   CLIPSEARCH_E_UNSUPPORTED &&
               strstr(err.message, "70000") && strstr(err.message, "bf16"),
           "f16 cannot hold 70000: %s", err.message);
    TAP_OK(encode(folder_path(f, "kept"), both, &after) && memcmp(&before, &after, sizeof before) == 0,
           "the old model is as it was");
    TAP_OK(convert(folder_path(f, "large"), folder_path(f, "large-bf16"), 0, CLIPSEARCH_BF16, &report) == CLIPSEARCH_OK,
           "bf16 can");
    uint64_t calls = 0;
    clipsearch_convert_options options;
    clipsearch_convert_options_init(&options);
    options.progress = stop;
    options.context = &calls;
    TAP_OK(clipsearch_model_convert(folder_path(f, "large"), folder_path(f, "kept"), &options, &report, &err) ==
                   CLIPSEARCH_E_CANCELLED &&
               encode(folder_path(f, "kept"), both, &after) && memcmp(&before, &after, sizeof before) == 0,
           "stopped: the old model is as it was");
    TAP_OK(convert(folder_path(f, "kept"), folder_path(f, "kept"), 0, CLIPSEARCH_F32, &report) == CLIPSEARCH_E_ARGUMENT,
           "onto itself: %s", err.message);
    TAP_OK(convert(folder_path(f, "kept"), folder_path(f, "no/where"), 0, CLIPSEARCH_F32, &report) == CLIPSEARCH_E_IO,
           "a directory that cannot be made: %s", err.message);
    TAP_OK(convert(folder_path(f, "none"), folder_path(f, "x"), 0, CLIPSEARCH_F32, &report) == CLIPSEARCH_E_NOT_FOUND,
           "a model that is not there: %s", err.message);
    unlink(folder_path(f, "kept/config.json"));
    unlink(folder_path(f, "kept/preprocessor_config.json"));
    unlink(folder_path(f, "kept/vocab.json"));
    unlink(folder_path(f, "kept/merges.txt"));
    unlink(folder_path(f, "kept/vocab.compiled"));
    unlink(folder_path(f, "kept/model.safetensors"));
    TAP_OK(rmdir(folder_path(f, "kept")) == 0, "six files, and no temporary one");
}

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

/* The path of CLIP's small ResNet or of a file of it; valid until the next call. */
static const char *resnet(const char *name)
{
    static char path[4096];
    snprintf(path, sizeof path, "%s/tests/data/cnn-tiny/clip-rn50/%s", getenv("CLIPSEARCH_SOURCE_ROOT"), name);
    return path;
}

/* CLIP's ResNet with both towers: the fixture has a text tower of clip-tiny's vocabulary, and no tokenizer. */
static void copy_resnet(const folder *f, const char *to)
{
    static const char *const names[] = {"model.safetensors", "open_clip_config.json", "merges.txt", "vocab.json"};
    char target[96], source[96];
    for (size_t i = 0; i < 4; i++) {
        snprintf(target, sizeof target, "%s/%s", to, names[i]);
        snprintf(source, sizeof source, "hf/%s", names[i]);
        folder_copy(f, target, i < 2 ? resnet(names[i]) : tiny(source));
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

/* Each kind of configuration, written while the process has a decimal comma, is the file that is written without one,
 * and the model opens in that locale too. */
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
    precision = CLIPSEARCH_PRECISION_INT8;
    TAP_OK(encode(folder_path(f, "from-hf"), both, &quantized), "opened in int8: %s", err.message);
    precision = CLIPSEARCH_PRECISION_AUTO;
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
    precision = CLIPSEARCH_PRECISION_BF16;
    TAP_OK(encode(folder_path(f, "from-hf"), both, &rounded), "opened in bf16: %s", err.message);
    precision = CLIPSEARCH_PRECISION_AUTO;
    TAP_OK(convert(folder_path(f, "from-hf"), folder_path(f, "bf16"), 0, CLIPSEARCH_BF16_PAIRS, &report) ==
                   CLIPSEARCH_OK &&
               encode(folder_path(f, "bf16"), both, &converted),
           "converted to pairs of bf16 and opened: %s", err.message);
    precision = CLIPSEARCH_PRECISION_F32;
    TAP_OK(encode(folder_path(f, "bf16"), both, &plain), "its weights computed in f32: %s", err.message);
    precision = CLIPSEARCH_PRECISION_AUTO;
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

static void test_comma_locale(const folder *f)
{
    static const struct {
        const char *from, *config;
        unsigned towers;
    } models[] = {{"comma-vit", "config.json", CLIPSEARCH_IMAGE_TOWER | CLIPSEARCH_TEXT_TOWER},
                  {"comma-rn", "open_clip_config.json", CLIPSEARCH_IMAGE_TOWER | CLIPSEARCH_TEXT_TOWER},
                  {"comma-net", "clipsearch.json", CLIPSEARCH_IMAGE_TOWER}};
    static const char *const names[] = {"config.json", "model.safetensors", NULL};
    char network[4096];
    snprintf(network, sizeof network, "%s/tests/data/cnn-tiny/resnet34", getenv("CLIPSEARCH_SOURCE_ROOT"));
    copy_tiny(f, "comma-vit", "hf", names, true);
    copy_resnet(f, "comma-rn");
    for (size_t i = 0; i < 3; i++) {
        static vectors before, after;
        clipsearch_convert_report report;
        clipsearch_convert_report_init(&report);
        char to[64], file[128], comma_file[128];
        const char *from = i < 2 ? models[i].from : network;
        snprintf(to, sizeof to, "%s-point", models[i].from);
        snprintf(file, sizeof file, "%s/%s", to, models[i].config);
        setlocale(LC_ALL, "C");
        bool ok = convert(i < 2 ? folder_path(f, from) : from, folder_path(f, to), 0, CLIPSEARCH_F32, &report) ==
                      CLIPSEARCH_OK &&
                  encode(folder_path(f, to), models[i].towers, &before);
        if (!tap_set_comma_locale()) {
            tap_skip("conversions under a decimal comma", TAP_NO_COMMA);
            return;
        }
        snprintf(to, sizeof to, "%s-comma", models[i].from);
        snprintf(comma_file, sizeof comma_file, "%s/%s", to, models[i].config);
        ok = ok &&
             convert(i < 2 ? folder_path(f, from) : from, folder_path(f, to), 0, CLIPSEARCH_F32, &report) ==
                 CLIPSEARCH_OK &&
             encode(folder_path(f, to), models[i].towers, &after);
        TAP_OK(ok && memcmp(before.texts, after.texts, sizeof before.texts) == 0 &&
                   memcmp(before.images, after.images, sizeof before.images) == 0,
               "%s, converted under a decimal comma: the same bits%s%s", models[i].from, ok ? "" : ": ",
               ok ? "" : err.message);
        TAP_OK(same_file(folder_path(f, file), folder_path(f, comma_file)), "and the same %s", models[i].config);
    }
    TAP_OK(same_file(folder_path(f, "comma-vit-point/preprocessor_config.json"),
                     folder_path(f, "comma-vit-comma/preprocessor_config.json")),
           "and the same preprocessor_config.json");
    setlocale(LC_ALL, "C");
}

int main(void)
{
    folder f;
    folder_make(&f);
    test_same_bits(&f);
    test_openai_merges(&f);
    test_compile(&f);
    test_metadata(&f);
    test_towers(&f);
    test_rounding(&f);
    test_int8(&f);
    test_bf16(&f);
    test_failure(&f);
    test_image_networks(&f);
    test_clip_resnet(&f);
    test_clip_lite(&f);
    test_comma_locale(&f);
    folder_remove(&f);
    return tap_done();
}
