/* SPDX-License-Identifier: MIT
 * test_catalogue.c - the known models: the entries of models.yaml, every mistake, files compared with digests. */
#include "base/mem.h"
#include "base/replace.h"
#include "models/catalogue.h"
#include "models/file_digest.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static clipsearch_error err;

static clipsearch_status read_text(const char *text, cs_catalogue *catalogue)
{
    cs_yaml *yaml = NULL;
    *catalogue = (cs_catalogue){0};
    clipsearch_status status = cs_yaml_parse(text, strlen(text), "models.yaml", &yaml, &err);
    return status == CLIPSEARCH_OK ? cs_catalogue_read(yaml, catalogue, &err) : status;
}

/* Properties of every entry of the file that comes with the program. */
static void test_own(void)
{
    char path[4096];
    cs_catalogue catalogue;
    snprintf(path, sizeof path, "%s/weights/models.yaml", getenv("CLIPSEARCH_SOURCE_ROOT"));
    TAP_OK(cs_catalogue_load(path, &catalogue, &err) == CLIPSEARCH_OK && catalogue.count > 20,
           "weights/models.yaml: %s", catalogue.count ? "read" : err.message);
    bool licence = true, digest = true, weights_last = true, https = true, openai = true;
    for (size_t i = 0; i < catalogue.count; i++) {
        const cs_known_model *model = &catalogue.models[i];
        const cs_known_file *last = &model->files[model->file_count - 1];
        licence = licence && model->licence && model->source && model->preprocessing;
        for (size_t f = 0; f < model->file_count; f++) {
            const cs_known_file *file = &model->files[f];
            digest = digest && (file->content || file->digest);
            https = https && (file->content || strncmp(file->url, "https://", 8) == 0);
            if (file->url && strstr(file->url, "openaipublic"))
                openai = openai && strstr(file->url, file->digest) != NULL; /* OpenAI's URLs hold the hash */
        }
        weights_last = weights_last && last->url && last->digest;
    }
    TAP_OK(licence, "every model has a licence, a source and its preprocessing");
    TAP_OK(digest, "every file can be checked");
    TAP_OK(https, "every URL is https");
    TAP_OK(openai, "OpenAI's digests are those of its URLs");
    TAP_OK(weights_last, "the weights come last");
    const cs_known_model *model;
    TAP_OK(cs_catalogue_find(&catalogue, "clip-vit-b32", &model, &err) == CLIPSEARCH_OK &&
               model->acceptance_count == 2 && model->acceptance[0].probabilities && model->acceptance[0].count == 3 &&
               model->acceptance[0].expected[0] == 0.9928 && !model->acceptance[1].probabilities &&
               model->acceptance[1].expected[1] == 19.3049,
           "CLIP's acceptance values");
    bool exact;
    TAP_OK(cs_known_bytes(model, &exact) == 355333439 && exact, "its size");
    cs_catalogue_close(&catalogue);
}

/* The files that model fetch writes itself can be read: a clipsearch.json beside a small network of its kind, an
 * open_clip_config.json up to the missing weights. */
static void test_contents(void)
{
    char path[4096], directory[] = "/tmp/clipsearch-test-XXXXXX", file[256], weights[4096], link[256];
    const char *root = getenv("CLIPSEARCH_SOURCE_ROOT");
    cs_catalogue catalogue;
    snprintf(path, sizeof path, "%s/weights/models.yaml", root);
    if (!TAP_OK(mkdtemp(directory) && cs_catalogue_load(path, &catalogue, &err) == CLIPSEARCH_OK, "the catalogue"))
        return;
    int seen = 0;
    for (size_t i = 0; i < catalogue.count; i++)
        for (size_t f = 0; f < catalogue.models[i].file_count; f++) {
            const cs_known_model *model = &catalogue.models[i];
            const cs_known_file *known = &model->files[f];
            if (!known->content)
                continue;
            bool clip = strcmp(known->name, "open_clip_config.json") == 0;
            const char *like = clip ? "clip-rn50" : model->dim == 2048 ? "resnet50" : "resnet34";
            snprintf(weights, sizeof weights, "%s/tests/data/cnn-tiny/%s/model.safetensors", root, like);
            snprintf(link, sizeof link, "%s/model.safetensors", directory);
            snprintf(file, sizeof file, "%s/%s", directory, known->name);
            cs_replace_file(file, known->content, strlen(known->content), &err);
            clipsearch_encoder *encoder = NULL;
            clipsearch_status status = CLIPSEARCH_E_IO;
            if (symlink(weights, link) == 0)
                status = clipsearch_encoder_open(directory, NULL, &encoder, &err);
            /* the small CLIP does not fit the configuration, which its tensors reveal */
            TAP_OK(clip ? status == CLIPSEARCH_E_MODEL && strstr(err.message, "model.safetensors: the tensor")
                        : status == CLIPSEARCH_OK,
                   "%s of %s: %s", known->name, model->name, status == CLIPSEARCH_OK ? "taken" : err.message);
            clipsearch_encoder_close(&encoder);
            unlink(file);
            unlink(link);
            seen++;
        }
    TAP_OK(seen >= 5, "%d files", seen);
    rmdir(directory);
    cs_catalogue_close(&catalogue);
}

#define ONE(rest) "models:\n  a: {title: A, encoder: c, dim: 1, files: [{name: f, url: \"http://h/f\"}]" rest "}\n"
#define ACCEPT(rest) ONE(", acceptance: [{name: n, image: i.png, texts: [x, y], tolerance: \"0.1\"" rest "}]")

static void test_mistakes(void)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", ":1:1: the file is empty"},
        {"[]", "must be a map"},
        {"models: []", "models must be a map"},
        {"{}", "has no models"},
        {"models:\n  a/b: {}", "is not a valid model name"},
        {"models:\n  .a: {}", "is not a valid model name"},
        {"models:\n  a: {}", "a has no title"},
        {"models:\n  a: {title: A, encoder: c, dim: 0, files: []}", "dim must be a whole number from 1"},
        {"models:\n  a: {title: A, encoder: c, dim: 1, files: []}", "files must have 1 to 64 elements"},
        {"models:\n  a: {title: A, encoder: c, dim: 1, files: [{url: \"http://h/f\"}]}", "a file has no name"},
        {"models:\n  a: {title: A, encoder: c, dim: 1, files: [{name: .f, content: x}]}",
         "is not a valid file name in a model directory"},
        {"models:\n  a: {title: A, encoder: c, dim: 1, files: [{name: f.part, content: x}]}",
         "is not a valid file name in a model directory"},
        {"models:\n  a: {title: A, encoder: c, dim: 1, files: [{name: f, content: x}, {name: f, content: y}]}",
         "two files have the name f"},
        {"models:\n  a: {title: A, encoder: c, dim: 1, files: [{name: f, content: x, md5: abc}]}", "md5 must be 32"},
        {"models:\n  a: {title: A, encoder: c, dim: 1, files: [{name: f, content: x, sha256_begins: abc}]}",
         "sha256_begins must be 8 to 63"},
        {"models:\n  a: {title: A, encoder: c, dim: 1, files: [{name: f, content: x, sha256_begins: 01234567, md5: "
         "00000000000000000000000000000000}]}",
         "a file must have only one digest"},
        {ACCEPT(""), "either probabilities or logits"},
        {ACCEPT(", logits: [\"1\"]"), "logits must have as many elements as texts"},
        {ACCEPT(", logits: [\"1\", \"x\"]"), "\"x\" is not a number"},
        {ACCEPT(", logits: [\"1\", \"inf\"]"), "\"inf\" is not a number"},
        {ACCEPT(", logits: [\"1\", \"2\"], image_sha256: abc"), "image_sha256 must be 64"},
        {ONE(", acceptance: [{name: n, image: ../i, texts: x, logits: \"1\", tolerance: \"0\"}]"),
         "image must be a file name without a directory"},
        {ONE(", acceptance: [{name: n, image: i, texts: x, logits: \"1\", tolerance: \"-1\"}]"),
         "tolerance must be a number"},
        {ONE(", acceptance: [{name: n, image: i, texts: [], logits: [], tolerance: \"1\"}]"),
         "texts must have 1 to 64 elements"},
        {ONE(", acceptance: [{name: n, image: i, texts: x, logits: \"1\"}]"), "has no tolerance"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cs_catalogue catalogue;
        clipsearch_status status = read_text(cases[i].text, &catalogue);
        TAP_OK(status == CLIPSEARCH_E_FORMAT && strstr(err.message, cases[i].message), "%s",
               status == CLIPSEARCH_OK ? "it was accepted" : err.message);
        cs_catalogue_close(&catalogue);
    }
    cs_catalogue catalogue;
    TAP_OK(read_text(ACCEPT(", logits: [\"1\", \"-2.5e1\"]"), &catalogue) == CLIPSEARCH_OK &&
               catalogue.models[0].acceptance[0].expected[1] == -25,
           "and what is right is taken");
    cs_catalogue_close(&catalogue);
}

static void test_memory(void)
{
    int failures = 0;
    for (uint64_t n = 1; n < 400; n++) {
        cs_catalogue catalogue;
        cs_mem_fail_at(n);
        clipsearch_status status = read_text(ACCEPT(", logits: [\"1\", \"2\"]"), &catalogue);
        cs_mem_fail_at(0);
        cs_catalogue_close(&catalogue);
        if (status == CLIPSEARCH_OK)
            break;
        failures += status == CLIPSEARCH_E_MEMORY;
    }
    TAP_OK(failures > 3, "the n-th allocation fails: %d places", failures);
}

static void test_digest(void)
{
    char directory[] = "/tmp/clipsearch-test-XXXXXX", path[64];
    if (!TAP_OK(mkdtemp(directory) != NULL, "temporary directory"))
        return;
    snprintf(path, sizeof path, "%s/f", directory);
    cs_replace_file(path, "abc", 3, &err);
    cs_file_digest digest;
    static const struct {
        cs_known_file file;
        bool right;
    } cases[] = {
        {{.digest_kind = CS_DIGEST_SHA256_BEGIN, .digest = "ba7816bf"}, true},
        {{.digest_kind = CS_DIGEST_SHA256_BEGIN, .digest = "ba7816be"}, false},
        {{.digest_kind = CS_DIGEST_SHA256,
          .digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
         true},
        {{.digest_kind = CS_DIGEST_SHA256,
          .digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ae"},
         false},
        {{.digest_kind = CS_DIGEST_MD5, .digest = "900150983cd24fb0d6963f7d28e17f72"}, true},
        {{.digest_kind = CS_DIGEST_MD5, .digest = "900150983cd24fb0d6963f7d28e17f73"}, false},
        {{.bytes = 3, .exact = true}, true},
        {{.bytes = 4, .exact = true}, false},
        {{.bytes = 4, .exact = false}, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        clipsearch_status status =
            cs_file_digest_read(path, cases[i].file.digest_kind, NULL, NULL, &digest, &err) == CLIPSEARCH_OK
                ? cs_file_digest_check(&digest, &cases[i].file, path, &err)
                : CLIPSEARCH_E_IO;
        TAP_OK(status == (cases[i].right ? CLIPSEARCH_OK : CLIPSEARCH_E_MODEL), "file %zu: %s", i,
               status == CLIPSEARCH_OK ? "as published" : err.message);
    }
    /* a complete file gets its name in one step */
    char ready[64];
    snprintf(ready, sizeof ready, "%s/g", directory);
    TAP_OK(cs_put_in_place(path, ready, &err) == CLIPSEARCH_OK && access(path, F_OK) != 0 && access(ready, F_OK) == 0,
           "put in place");
    TAP_OK(cs_put_in_place(path, ready, &err) == CLIPSEARCH_E_IO && access(ready, F_OK) == 0,
           "what is not there changes nothing: %s", err.message);
    unlink(ready);
    rmdir(directory);
}

int main(void)
{
    test_own();
    test_contents();
    test_mistakes();
    test_memory();
    test_digest();
    return tap_done();
}
