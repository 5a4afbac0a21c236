/* SPDX-License-Identifier: MIT
 * convert_support.c - small models to convert, and the vectors they give. */
#include "convert_support.h"

#include "base/file.h"
#include "base/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 50 };

clipsearch_error err;

bool encode_as(const char *model, unsigned towers, clipsearch_precision precision, vectors *out)
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

bool encode(const char *model, unsigned towers, vectors *out)
{
    return encode_as(model, towers, CLIPSEARCH_PRECISION_AUTO, out);
}

double greatest_difference(const vectors *a, const vectors *b)
{
    double most = 0;
    for (size_t i = 0; i < TEXTS * a->dim; i++)
        most = fmax(most, fabs((double)a->texts[i] - b->texts[i]));
    for (size_t i = 0; i < IMAGES * a->dim; i++)
        most = fmax(most, fabs((double)a->images[i] - b->images[i]));
    return most;
}

clipsearch_status convert(const char *from, const char *to, unsigned towers, clipsearch_number_type type,
                          clipsearch_convert_report *report)
{
    clipsearch_convert_options options;
    clipsearch_convert_options_init(&options);
    options.towers = towers;
    options.type = type;
    return clipsearch_model_convert(from, to, &options, report, &err);
}

const char *tiny(const char *name)
{
    static char path[4096];
    snprintf(path, sizeof path, "%s/tests/data/clip-tiny/%s", getenv("CLIPSEARCH_SOURCE_ROOT"), name);
    return path;
}

void copy_tiny(const folder *f, const char *to, const char *layout, const char *const *names, bool vocabulary)
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

const char *resnet(const char *name)
{
    static char path[4096];
    snprintf(path, sizeof path, "%s/tests/data/cnn-tiny/clip-rn50/%s", getenv("CLIPSEARCH_SOURCE_ROOT"), name);
    return path;
}

void copy_resnet(const folder *f, const char *to)
{
    static const char *const names[] = {"model.safetensors", "open_clip_config.json", "merges.txt", "vocab.json"};
    char target[96], source[96];
    for (size_t i = 0; i < 4; i++) {
        snprintf(target, sizeof target, "%s/%s", to, names[i]);
        snprintf(source, sizeof source, "hf/%s", names[i]);
        folder_copy(f, target, i < 2 ? resnet(names[i]) : tiny(source));
    }
}

bool same_file(const char *a, const char *b)
{
    cs_map x = {0}, y = {0};
    bool same = cs_map_open(a, &x, &err) == CLIPSEARCH_OK && cs_map_open(b, &y, &err) == CLIPSEARCH_OK &&
                x.size == y.size && memcmp(x.data, y.data, x.size) == 0;
    cs_map_close(&x);
    cs_map_close(&y);
    return same;
}

bool same_vocabulary(const char *a, const char *b)
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

void make_uneven(const folder *f, const char *path, float odd)
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
