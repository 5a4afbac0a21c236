/* SPDX-License-Identifier: MIT
 * test_model_dir.c - model directories: which files count, and what is said when something is wrong. */
#include "base/file.h"
#include "base/mem.h"
#include "base/replace.h"
#include "model/clip_tensors.h"
#include "model/model_dir.h"
#include "model_file.h"
#include "tap.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/clipsearch-test-XXXXXX";

static const struct model_sizes hf_sizes = {64, 2, 128, 32, 16, 64, 1, 256, 8, 30, 24};
static const struct model_sizes openai_sizes = {128, 3, 512, 48, 16, 64, 2, 256, 10, 40, 20};

#define HF_CONFIG                                                                                                      \
    "{\"model_type\":\"clip\",\"projection_dim\":24,\"vision_config\":{\"hidden_size\":64,\"num_hidden_layers\":2,"    \
    "\"num_attention_heads\":4,\"intermediate_size\":128,\"image_size\":32,\"patch_size\":16},\"text_config\":{"       \
    "\"hidden_size\":64,\"num_hidden_layers\":1,\"num_attention_heads\":2,\"intermediate_size\":256,"                  \
    "\"max_position_embeddings\":8,\"vocab_size\":30}}"
#define OC_CONFIG                                                                                                      \
    "{\"model_cfg\":{\"embed_dim\":20,\"vision_cfg\":{\"width\":128,\"layers\":3,\"image_size\":48,\"patch_size\":16," \
    "\"head_width\":32},\"text_cfg\":{\"width\":64,\"layers\":2,\"heads\":4,\"context_length\":10,\"vocab_size\":40}}" \
    "}"
#define TIMM_CONFIG "{\"architecture\":\"vit_base_patch16_clip_224\",\"num_classes\":512}"

/* Remove every file of the directory. */
static void clear(void)
{
    DIR *dir = opendir(directory);
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            char *path = cs_path_join(directory, entry->d_name);
            if (unlink(path) != 0)
                rmdir(path);
            cs_free(path);
        }
    if (dir)
        closedir(dir);
}

static void put(const char *name, const char *text)
{
    char *path = cs_path_join(directory, name);
    if (cs_replace_file(path, text, strlen(text), NULL) != CLIPSEARCH_OK)
        tap_note("cannot write %s", path);
    cs_free(path);
}

static void put_weights(const char *name, bool openai)
{
    char *path = cs_path_join(directory, name);
    struct model_file file = model_file_make();
    if (openai)
        model_file_add_openai(&file, &openai_sizes);
    else
        model_file_add_hugging_face(&file, &hf_sizes);
    if (!model_file_write(&file, path))
        tap_note("cannot write %s", path);
    cs_free(path);
}

static bool base_is(const char *path, const char *name)
{
    return name ? path && strcmp(cs_path_base(path), name) == 0 : path == NULL;
}

/* Open the directory as it is now and expect these files and sizes. */
static void expect(const char *what, const char *weights_name, const char *vocab, const char *merges, size_t width,
                   size_t heads, cs_activation activation)
{
    cs_model_dir dir;
    cs_weights *weights;
    clipsearch_error err = {0};
    if (!TAP_OK(cs_model_dir_open(directory, &dir, &weights, &err) == CLIPSEARCH_OK, "%s: opens %s", what, err.message))
        return;
    TAP_OK(strcmp(dir.path, directory) == 0 && base_is(dir.weights, weights_name) && base_is(dir.vocab, vocab) &&
               base_is(dir.merges, merges) && strcmp(cs_weights_path(weights), dir.weights) == 0,
           "%s: the right files", what);
    TAP_OK(dir.config.vision.width == width && dir.config.vision.heads == heads &&
               dir.config.vision.activation == activation,
           "%s: the right configuration", what);
    cs_clip_naming naming;
    cs_vision_tensors vision;
    cs_text_tensors text;
    cs_block_tensors block;
    TAP_OK(cs_clip_naming_detect(weights, &naming, &err) == CLIPSEARCH_OK &&
               cs_clip_vision(weights, naming, &dir.config, &vision, &err) == CLIPSEARCH_OK &&
               cs_clip_text(weights, naming, &dir.config, &text, &err) == CLIPSEARCH_OK &&
               cs_clip_vision_block(weights, naming, &dir.config, dir.config.vision.layers - 1, &block, &err) ==
                   CLIPSEARCH_OK &&
               cs_clip_text_block(weights, naming, &dir.config, dir.config.text.layers - 1, &block, &err) ==
                   CLIPSEARCH_OK,
           "%s: the tensors fit %s", what, err.message);
    cs_weights_close(&weights);
    cs_model_dir_free(&dir);
}

#define LITE(size)                                                                                                     \
    "{\"model_type\": \"clip\", \"vision_config\": {\"model_type\": \"efficientnet_lite\", \"image_size\": " size "}}"

static void expect_refusal(const char *what, clipsearch_status expected, const char *message)
{
    cs_model_dir dir;
    cs_weights *weights;
    clipsearch_error err = {0};
    clipsearch_status status = cs_model_dir_open(directory, &dir, &weights, &err);
    TAP_OK(status == expected && err.code == status && strstr(err.message, directory) && strstr(err.message, message) &&
               !weights && !dir.path && !dir.weights,
           "%s: %s", what, err.message);
    if (status == CLIPSEARCH_OK) {
        cs_weights_close(&weights);
        cs_model_dir_free(&dir);
    }
}

static void test_layouts(void)
{
    put_weights("model.safetensors", false);
    put("config.json", HF_CONFIG);
    expect("transformers", "model.safetensors", NULL, NULL, 64, 4, CS_ACT_QUICK_GELU);
    put("vocab.json", "{}");
    put("merges.txt", "");
    put("bpe_simple_vocab_16e6.txt.gz", "");
    put("preprocessor_config.json", "{\"size\":40,\"crop_size\":32,\"resample\":2}");
    expect("transformers with vocabulary", "model.safetensors", "vocab.json", "merges.txt", 64, 4, CS_ACT_QUICK_GELU);
    /* repositories that serve both libraries */
    put_weights("open_clip_model.safetensors", true);
    put("open_clip_config.json", OC_CONFIG);
    put("model.safetensors.index.json", "{}");
    expect("both libraries' files", "model.safetensors", "vocab.json", "merges.txt", 64, 4, CS_ACT_QUICK_GELU);
    put("config.json", TIMM_CONFIG);
    expect("open_clip beside timm", "open_clip_model.safetensors", "vocab.json", "merges.txt", 128, 4, CS_ACT_GELU);
    clear();

    put_weights("open_clip_model.safetensors", true);
    put("open_clip_config.json", OC_CONFIG);
    put("bpe_simple_vocab_16e6.txt.gz", "");
    expect("open_clip", "open_clip_model.safetensors", NULL, "bpe_simple_vocab_16e6.txt.gz", 128, 4, CS_ACT_GELU);
    clear();

    put_weights("model.safetensors", true);
    put("config.json", OC_CONFIG);
    expect("open_clip's configuration called config.json", "model.safetensors", NULL, NULL, 128, 4, CS_ACT_GELU);
    clear();

    put_weights("ViT-B-32.safetensors", true);
    put("bpe_simple_vocab_16e6.txt", "");
    expect("OpenAI's tensors alone", "ViT-B-32.safetensors", NULL, "bpe_simple_vocab_16e6.txt", 128, 2,
           CS_ACT_QUICK_GELU);
    clear();
}

static void test_inferred(void)
{
    put_weights("w.safetensors", true);
    cs_model_dir dir;
    cs_weights *weights;
    clipsearch_error err = {0};
    if (TAP_OK(cs_model_dir_open(directory, &dir, &weights, &err) == CLIPSEARCH_OK, "inferred %s", err.message)) {
        const cs_clip_config *c = &dir.config;
        TAP_OK(c->vision.layers == 3 && c->vision.mlp == 512 && c->text.width == 64 && c->text.layers == 2 &&
                   c->text.heads == 1 && c->text.mlp == 256 && c->image_size == 48 && c->patch_size == 16 &&
                   c->context_length == 10 && c->vocabulary == 40 && c->dim == 20 && c->start_token == 38 &&
                   c->end_token == 39,
               "inferred sizes");
        TAP_OK(c->preprocess.resample == CS_BICUBIC && c->preprocess.resize == 48 && c->preprocess.crop == 48 &&
                   c->preprocess.mean[1] == 0.4578275F && c->preprocess.std[2] == 0.27577711F,
               "inferred preprocessing");
    }
    cs_weights_close(&weights);
    cs_model_dir_free(&dir);
    clear();

    static const struct {
        const char *what, *message;
        struct model_sizes sizes;
    } cases[] = {
        {"narrower than a head", "heads is 0", {32, 1, 128, 32, 16, 64, 1, 256, 8, 30, 24}},
        {"too wide", "width is 16384, expected 1 to 8192", {16384, 1, 16, 32, 16, 64, 1, 256, 8, 30, 24}},
        {"no layers", "layers is 0", {64, 0, 256, 32, 16, 64, 1, 256, 8, 30, 24}},
        {"too long a context", "context length is 5000", {64, 1, 256, 32, 16, 64, 1, 256, 5000, 30, 24}},
        {"too large an image", "image size is 0", {64, 1, 256, 4096, 16, 64, 1, 256, 8, 30, 24}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *path = cs_path_join(directory, "w.safetensors");
        struct model_file file = model_file_make();
        model_file_add_openai(&file, &cases[i].sizes);
        if (model_file_write(&file, path))
            expect_refusal(cases[i].what, CLIPSEARCH_E_MODEL, cases[i].message);
        cs_free(path);
    }
    clear();
    put_weights("w.safetensors", false);
    expect_refusal("transformers' tensors without config.json", CLIPSEARCH_E_MODEL, "takes a config.json");
    clear();
}

static void put_tensor(const char *name, const char *tensor)
{
    char *path = cs_path_join(directory, name);
    struct model_file file = model_file_make();
    model_file_add(&file, tensor, 1, (size_t[]){4});
    if (!model_file_write(&file, path))
        tap_note("cannot write %s", path);
    cs_free(path);
}

static void test_refusals(void)
{
    cs_model_dir dir;
    cs_weights *weights;
    clipsearch_error err = {0};
    char *nowhere = cs_path_join(directory, "nowhere");
    TAP_OK(cs_model_dir_open(nowhere, &dir, &weights, &err) == CLIPSEARCH_E_NOT_FOUND &&
               strstr(err.message, "no such model directory"),
           "%s", err.message);
    cs_free(nowhere);
    put("file", "");
    char *file = cs_path_join(directory, "file");
    TAP_OK(cs_model_dir_open(file, &dir, &weights, &err) == CLIPSEARCH_E_MODEL && !weights && !dir.path &&
               strstr(err.message, "too short"),
           "%s", err.message);
    cs_free(file);

    expect_refusal("nothing there", CLIPSEARCH_E_NOT_FOUND,
                   "looked for model.safetensors, open_clip_model.safetensors");
    put("flax_model.msgpack", "");
    expect_refusal("a container that is not read", CLIPSEARCH_E_UNSUPPORTED,
                   "the only weight file is flax_model.msgpack");
    put("model-00001-of-00002.safetensors", "");
    expect_refusal("a shard", CLIPSEARCH_E_UNSUPPORTED, "(model-00001-of-00002.safetensors)");
    clear();
    put("pytorch_model-00001-of-00002.bin", "");
    expect_refusal("a shard of PyTorch's", CLIPSEARCH_E_UNSUPPORTED, "(pytorch_model-00001-of-00002.bin)");
    clear();
    put("art-of-war.pth", "PK");
    expect_refusal("a name that is like a shard's", CLIPSEARCH_E_MODEL, "/art-of-war.pth: 2 bytes");
    put("._art-of-war.pth", "");
    put(".model.safetensors", "");
    expect_refusal("hidden files beside it", CLIPSEARCH_E_MODEL, "/art-of-war.pth: 2 bytes");
    clear();
    put("optimizer.pt", "");
    put("training_args.bin", "");
    expect_refusal("what a trainer left", CLIPSEARCH_E_NOT_FOUND, "no weights there");
    put("b.pth", "PK");
    expect_refusal("a damaged file is the one", CLIPSEARCH_E_MODEL, "/b.pth: 2 bytes");
    put("a.h5", "");
    expect_refusal("two of other kinds", CLIPSEARCH_E_MODEL, "(a.h5, b.pth) and none called pytorch_model.bin");
    put("pytorch_model.bin", "PK");
    expect_refusal("the usual name decides", CLIPSEARCH_E_MODEL, "/pytorch_model.bin: 2 bytes");
    put("c.safetensors", "PK");
    expect_refusal("safetensors before it", CLIPSEARCH_E_MODEL, "/c.safetensors: 2 bytes");
    clear();
    put("model.safetensors.index.json", "{}");
    expect_refusal("sharded", CLIPSEARCH_E_UNSUPPORTED,
                   "(model.safetensors.index.json), which are not read; load the model");
    clear();
    for (int i = 9; i >= 1; i--) {
        char name[] = "0.safetensors";
        name[0] = (char)('0' + i);
        put(name, "");
        if (i == 8)
            expect_refusal("two of no known name", CLIPSEARCH_E_MODEL, "(8.safetensors, 9.safetensors)");
    }
    expect_refusal("many of no known name", CLIPSEARCH_E_MODEL, ".safetensors, ...)");
    clear();

    put_weights("model.safetensors", false);
    put("config.json", "{\"model_type\":\"siglip\"}");
    expect_refusal("another model", CLIPSEARCH_E_UNSUPPORTED, "/config.json: model_type is \"siglip\"");
    put("config.json", "{\"model_type\":\"clip\",}");
    expect_refusal("broken JSON", CLIPSEARCH_E_MODEL, "/config.json: byte 21: expected a key");
    put("config.json", "");
    expect_refusal("an empty file", CLIPSEARCH_E_MODEL, "/config.json: byte 0: ");
    put("config.json", HF_CONFIG);
    put("preprocessor_config.json", "{\"do_resize\":false}");
    expect_refusal("another preprocessing", CLIPSEARCH_E_UNSUPPORTED, "/preprocessor_config.json: do_resize");
    put("preprocessor_config.json", "{}");
    expect_refusal("preprocessing of another model", CLIPSEARCH_E_MODEL,
                   "cropped to 224 pixels, but the model's image_size is 32");
    put("preprocessor_config.json", "[]");
    expect_refusal("no object", CLIPSEARCH_E_MODEL, "/preprocessor_config.json: expected a JSON object");
    clear();

    put_weights("model.safetensors", false);
    put("config.json", HF_CONFIG);
    put("processor_config.json", "{\"image_processor\":{\"size\":33,\"crop_size\":32,\"resample\":2}}");
    if (TAP_OK(cs_model_dir_open(directory, &dir, &weights, &err) == CLIPSEARCH_OK, "processor_config.json"))
        TAP_OK(dir.config.preprocess.resize == 33 && dir.config.preprocess.resample == CS_BILINEAR, "is read");
    cs_weights_close(&weights);
    cs_model_dir_free(&dir);
    clear();

    put_weights("model.safetensors", true);
    put("open_clip_config.json", "{}");
    expect_refusal("open_clip's file without a model", CLIPSEARCH_E_MODEL,
                   "/open_clip_config.json: it has no model_cfg");
    put("open_clip_config.json",
        "{\"model_cfg\":{\"embed_dim\":20,\"vision_cfg\":{\"layers\":[1,2]},\"text_cfg\":{}}}");
    expect_refusal("a ResNet of two stages", CLIPSEARCH_E_MODEL, "/open_clip_config.json: vision_cfg.layers");
    clear();

    put_tensor("model.safetensors", "visual.layer1.0.conv1.weight");
    expect_refusal("half a ResNet without configuration", CLIPSEARCH_E_MODEL,
                   "\"visual.layer1.0.conv1.weight\" is not of the rank");
    put_tensor("model.safetensors", "text.token_embedding.weight");
    expect_refusal("CustomTextCLIP without configuration", CLIPSEARCH_E_MODEL, "takes an open_clip_config.json");
    put_tensor("model.safetensors", "visual.class_embedding");
    expect_refusal("half a model without configuration", CLIPSEARCH_E_MODEL, "\"visual.conv1.weight\" is not there");
    put_tensor("model.safetensors", "fc.weight");
    expect_refusal("no CLIP", CLIPSEARCH_E_MODEL, "no CLIP weights");
    put("config.json", LITE("224"));
    put_tensor("model.safetensors", "layer1.0.conv1.weight");
    expect_refusal("another network than the configuration says", CLIPSEARCH_E_MODEL, "stage 2 is missing");
    put("config.json", LITE("200"));
    put_tensor("model.safetensors", "text_model.embeddings.token_embedding.weight");
    expect_refusal("an image size that the head cannot divide", CLIPSEARCH_E_UNSUPPORTED,
                   "the image size 200 is not a multiple of 32");
    clear();
    put("model.safetensors", "version https://git-lfs.github.com/spec/v1\n");
    expect_refusal("a pointer", CLIPSEARCH_E_MODEL, "git lfs pull");
    clear();
}

static void test_default(void)
{
    const char *root = getenv("CLIPSEARCH_SOURCE_ROOT");
    char *path = cs_path_join(root ? root : ".", "weights/default");
    cs_model_dir dir;
    cs_weights *weights;
    clipsearch_error err = {0};
    if (TAP_OK(cs_model_dir_open(path, &dir, &weights, &err) == CLIPSEARCH_OK, "the default model opens %s",
               err.message)) {
        cs_clip_naming naming;
        cs_text_tensors text;
        bool found = cs_clip_naming_detect(weights, &naming, &err) == CLIPSEARCH_OK &&
                     cs_clip_towers(weights, naming) == (CLIPSEARCH_IMAGE_TOWER | CLIPSEARCH_TEXT_TOWER) &&
                     cs_clip_text(weights, naming, &dir.config, &text, &err) == CLIPSEARCH_OK;
        TAP_OK(!dir.image_only && dir.config.lite && strcmp(dir.image.name, "efficientnet-lite0") == 0 &&
                   dir.config.dim == 512 && strcmp(cs_model_architecture(&dir), "clip-efficientnet-lite") == 0,
               "an EfficientNet-Lite0 with both towers");
        cs_block_tensors block;
        for (size_t i = 0; i < dir.config.text.layers; i++)
            found = found && cs_clip_text_block(weights, naming, &dir.config, i, &block, &err) == CLIPSEARCH_OK;
        TAP_OK(found, "its tensors fit its configuration %s", err.message);
        TAP_OK(base_is(dir.weights, "model.safetensors") && base_is(dir.vocab, "vocab.json") &&
                   base_is(dir.merges, "merges.txt"),
               "its files");
    }
    cs_weights_close(&weights);
    cs_model_dir_free(&dir);
    cs_free(path);
}

static void test_memory(void)
{
    static const struct {
        const char *what, *config, *text;
        bool openai;
    } cases[] = {{"transformers", "config.json", HF_CONFIG, false},
                 {"open_clip", "open_clip_config.json", OC_CONFIG, true},
                 {"tensors alone", "other", "", true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put_weights("w.safetensors", cases[i].openai);
        put(cases[i].config, cases[i].text);
        put("vocab.json", "{}");
        put("merges.txt", "");
        cs_model_dir dir;
        cs_weights *weights;
        clipsearch_error err;
        bool all = true;
        clipsearch_status status = CLIPSEARCH_E_MEMORY;
        uint64_t n = 0;
        while (status == CLIPSEARCH_E_MEMORY && n < 1000) {
            cs_mem_fail_at(++n);
            status = cs_model_dir_open(directory, &dir, &weights, &err);
            all = all && (status == CLIPSEARCH_OK || (status == CLIPSEARCH_E_MEMORY && !weights && !dir.path));
        }
        cs_mem_fail_at(0);
        TAP_OK(all && status == CLIPSEARCH_OK && n > 10, "%s: each of %d allocations may fail", cases[i].what,
               (int)n - 1);
        cs_weights_close(&weights);
        cs_model_dir_free(&dir);
        clear();
    }
    for (int i = 1; i <= 3; i++) { /* and on the way to a refusal */
        char name[] = "0.safetensors";
        name[0] = (char)('0' + i);
        put(name, "");
    }
    put("model.safetensors.index.json", "{}");
    bool all = true;
    clipsearch_status status = CLIPSEARCH_E_MEMORY;
    for (uint64_t n = 1; status == CLIPSEARCH_E_MEMORY && n < 1000; n++) {
        cs_model_dir dir;
        cs_weights *weights;
        cs_mem_fail_at(n);
        status = cs_model_dir_open(directory, &dir, &weights, NULL);
        all = all && (status == CLIPSEARCH_E_MEMORY || status == CLIPSEARCH_E_MODEL);
    }
    cs_mem_fail_at(0);
    TAP_OK(all && status == CLIPSEARCH_E_MODEL, "so on the way to a refusal");
    clear();
}

int main(void)
{
    if (!TAP_OK(mkdtemp(directory) != NULL, "temporary directory"))
        return tap_done();
    test_layouts();
    test_inferred();
    test_refusals();
    test_default();
    test_memory();
    TAP_OK(rmdir(directory) == 0, "nothing is left behind");
    return tap_done();
}
