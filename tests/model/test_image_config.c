/* SPDX-License-Identifier: MIT
 * test_image_config.c - image networks recognised by their tensors, and the files that say what is done around them. */
#include "base/file.h"
#include "base/mem.h"
#include "base/replace.h"
#include "model/model_dir.h"
#include "model_file.h"
#include "tap.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char directory[] = "/tmp/clipsearch-test-XXXXXX";

static char *in_directory(const char *name)
{
    return cs_path_join(directory, name);
}

static void clear(void)
{
    DIR *dir = opendir(directory);
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        if (entry->d_name[0] != '.') {
            char *path = in_directory(entry->d_name);
            unlink(path);
            cs_free(path);
        }
    if (dir)
        closedir(dir);
}

static void put(const char *name, const char *text)
{
    char *path = in_directory(name);
    if (cs_replace_file(path, text, strlen(text), NULL) != CLIPSEARCH_OK)
        tap_note("cannot write %s", path);
    cs_free(path);
}

static void write_file(struct model_file *file, const char *name)
{
    char *path = in_directory(name);
    if (!model_file_write(file, path))
        tap_note("cannot write %s", path);
    cs_free(path);
}

static void add(struct model_file *file, size_t out, size_t in, size_t kernel, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

static void add(struct model_file *file, size_t out, size_t in, size_t kernel, const char *format, ...)
{
    char name[128];
    va_list args;
    va_start(args, format);
    vsnprintf(name, sizeof name, format, args);
    va_end(args);
    model_file_add(file, name, 4, (size_t[]){out, in, kernel, kernel});
}

/* ---------------------------------------------------------------- networks, of which only the names count here */

static void put_resnet(const char *name, bool bottleneck, const size_t blocks[4], size_t dim)
{
    struct model_file file = model_file_make();
    for (size_t stage = 0; stage < 4; stage++)
        for (size_t block = 0; block < blocks[stage]; block++) {
            for (int conv = 1; conv < (bottleneck ? 3 : 2); conv++)
                add(&file, 4, 4, 3, "layer%zu.%zu.conv%d.weight", stage + 1, block, conv);
            add(&file, dim, 4, 1, "layer%zu.%zu.conv%d.weight", stage + 1, block, bottleneck ? 3 : 2);
        }
    write_file(&file, name);
}

static void put_torch_vgg(const char *name, const size_t blocks[5])
{
    struct model_file file = model_file_make();
    size_t number = 0;
    for (size_t block = 0; block < 5; block++, number++)
        for (size_t layer = 0; layer < blocks[block]; layer++, number += 2) {
            char bias[64];
            add(&file, 20 + block, 3, 3, "features.%zu.weight", number);
            snprintf(bias, sizeof bias, "features.%zu.bias", number);
            model_file_add(&file, bias, 1, (size_t[]){20 + block});
        }
    write_file(&file, name);
}

/* Keras's names in three of the ways its files have them. */
static void put_keras_vgg(const char *name, const char *kernel_format, const char *bias_format)
{
    static const int blocks[5] = {2, 2, 3, 3, 3};
    struct model_file file = model_file_make();
    for (int block = 1; block <= 5; block++)
        for (int layer = 1; layer <= blocks[block - 1]; layer++) {
            char layer_name[32], full[128];
            snprintf(layer_name, sizeof layer_name, "block%d_conv%d", block, layer);
            snprintf(full, sizeof full, "%s%s%s%s", layer_name, kernel_format[0] == '+' ? "/" : "",
                     kernel_format[0] == '+' ? layer_name : "", kernel_format + 1);
            model_file_add(&file, full, 4, (size_t[]){3, 3, 5, (size_t)(10 + block)});
            snprintf(full, sizeof full, "%s%s%s%s", layer_name, bias_format[0] == '+' ? "/" : "",
                     bias_format[0] == '+' ? layer_name : "", bias_format + 1);
            model_file_add(&file, full, 1, (size_t[]){(size_t)(10 + block)});
        }
    write_file(&file, name);
}

/* ---------------------------------------------------------------- what is expected */

typedef struct expected {
    const char *name;
    size_t dim;
    bool normalise;
    clipsearch_metric metric;
    cs_resample resample;
    size_t resize, crop;
    bool keras; /* squash, bgr, unscaled */
} expected;

static bool open_at(const char *name, cs_model_dir *dir, cs_weights **weights, clipsearch_error *err)
{
    char *path = in_directory(name);
    *err = (clipsearch_error){0};
    bool opened = cs_model_dir_open(path, dir, weights, err) == CLIPSEARCH_OK;
    cs_free(path);
    return opened;
}

/* Open the directory ("") or the file `name` in it. */
static void expect(const char *what, const char *name, const expected *e)
{
    cs_model_dir dir;
    cs_weights *weights;
    clipsearch_error err;
    if (TAP_OK(open_at(name, &dir, &weights, &err) && dir.image_only, "%s opens %s", what, err.message)) {
        const cs_image_config *c = &dir.image;
        const cs_preprocess_config *pre = &c->preprocess;
        TAP_OK(strcmp(c->name, e->name) == 0 && c->dim == e->dim && c->normalise == e->normalise &&
                   c->metric == e->metric,
               "%s: %s of %zu", what, c->name, c->dim);
        TAP_OK(pre->resample == e->resample && pre->resize == e->resize && pre->crop == e->crop &&
                   pre->squash == e->keras && pre->bgr == e->keras && pre->unscaled == e->keras,
               "%s: resize %zu, crop %zu, filter %d", what, pre->resize, pre->crop, (int)pre->resample);
        TAP_OK(cs_model_dim(&dir) == e->dim && cs_model_preprocess(&dir) == pre &&
                   strcmp(cs_model_architecture(&dir), e->name) == 0,
               "%s: what all models have", what);
    }
    cs_weights_close(&weights);
    cs_model_dir_free(&dir);
}

static void refuse(const char *what, clipsearch_status status, const char *message)
{
    cs_model_dir dir;
    cs_weights *weights;
    clipsearch_error err = {0};
    clipsearch_status got = cs_model_dir_open(directory, &dir, &weights, &err);
    TAP_OK(got == status && !weights && strstr(err.message, message), "%s: %s", what, err.message);
    cs_weights_close(&weights);
    cs_model_dir_free(&dir);
}

static const size_t r34[] = {3, 4, 6, 3}, r18[] = {2, 2, 2, 2}, r101[] = {3, 4, 23, 3}, r152[] = {3, 8, 36, 3};

static void test_recognised(void)
{
    const expected basic = {"resnet34", 13, true, CLIPSEARCH_COSINE, CS_BICUBIC, 256, 224, false};
    expected e = basic;
    put_resnet("model.safetensors", false, r34, 13);
    expect("ResNet-34", "", &e);
    expect("ResNet-34 as a file", "model.safetensors", &e);
    put_resnet("model.safetensors", false, r18, 13);
    e.name = "resnet18";
    expect("ResNet-18", "", &e);
    put_resnet("model.safetensors", false, (const size_t[]){1, 2, 3, 1}, 13);
    e.name = "resnet-1-2-3-1";
    expect("a ResNet without a number", "", &e);
    e = (expected){"resnet50", 24, false, CLIPSEARCH_L2, CS_BILINEAR, 256, 224, false};
    put_resnet("model.safetensors", true, r34, 24);
    expect("ResNet-50", "", &e);
    put_resnet("model.safetensors", true, r101, 24);
    e.name = "resnet101";
    expect("ResNet-101", "", &e);
    put_resnet("model.safetensors", true, r152, 24);
    e.name = "resnet152";
    expect("ResNet-152", "", &e);
    clear();

    e = (expected){"vgg16", 24, true, CLIPSEARCH_L2, CS_BILINEAR, 256, 224, false};
    put_torch_vgg("model.safetensors", (const size_t[]){2, 2, 3, 3, 3});
    expect("VGG16 of torchvision", "", &e);
    put_torch_vgg("model.safetensors", (const size_t[]){1, 1, 2, 2, 2});
    e.name = "vgg11";
    expect("VGG11", "", &e);
    e = (expected){"vgg16-keras", 15, true, CLIPSEARCH_L2, CS_NEAREST, 224, 224, true};
    put_keras_vgg("model.safetensors", "+_W_1:0", "+_b_1:0");
    expect("VGG16 of Keras 1 and 2", "", &e);
    put_keras_vgg("model.safetensors", "-/kernel:0", "-/bias:0");
    expect("VGG16 of Keras 2", "", &e);
    put_keras_vgg("model.safetensors", "-/vars/0", "-/vars/1");
    expect("VGG16 of Keras 3", "", &e);
    clear();
}

#define TIMM(more)                                                                                                     \
    "{\"architecture\":\"resnet34\",\"num_classes\":1000,\"pretrained_cfg\":{\"input_size\":[3,224,224]," more         \
    "\"interpolation\":\"bicubic\",\"mean\":[0.485,0.456,0.406],\"std\":[0.229,0.224,0.225]}}"

static void test_timm(void)
{
    expected e = {"resnet34", 13, true, CLIPSEARCH_COSINE, CS_BICUBIC, 256, 224, false};
    put_resnet("model.safetensors", false, r34, 13);
    put("config.json", TIMM(""));
    expect("timm's defaults", "", &e);
    put("config.json", TIMM("\"crop_pct\":0.95,\"test_crop_pct\":1.0,\"test_input_size\":[3,288,288],"));
    e.resize = 235; /* floor(224 / 0.95) */
    expect("timm's resnet34.a1_in1k", "", &e);
    put("clipsearch.json", "{\"preprocess\":{\"resize\":256}}");
    e.resize = 256;
    expect("the same, overridden", "", &e);
    put("clipsearch.json", "{\"normalize\":false,\"metric\":\"l2\",\"preprocess\":{\"interpolation\":\"nearest\","
                           "\"squash\":true,\"channels\":\"BGR\",\"scale\":255,\"mean\":1,\"std\":[1,1,1]}}");
    e = (expected){"resnet34", 13, false, CLIPSEARCH_L2, CS_NEAREST, 224, 224, true};
    expect("overridden altogether", "", &e);
    put("clipsearch.json", "{}");
    put("config.json", "{\"architecture\":\"resnet50\",\"pool_size\":[7,7],\"crop_pct\":0.875,\"interpolation\":"
                       "\"bilinear\"}");
    put_resnet("model.safetensors", true, r34, 24);
    e = (expected){"resnet50", 24, true, CLIPSEARCH_COSINE, CS_BILINEAR, 256, 224, false};
    expect("timm's older files, all at the top", "", &e);
    put_resnet("model.safetensors", false, r34, 13);
    put("config.json", TIMM("\"crop_mode\":\"squash\",\"crop_pct\":1,"));
    cs_model_dir dir;
    cs_weights *weights;
    clipsearch_error err;
    TAP_OK(open_at("", &dir, &weights, &err) && dir.image.preprocess.squash && !dir.image.preprocess.bgr &&
               dir.image.preprocess.resize == 224,
           "timm's squash %s", err.message);
    cs_weights_close(&weights);
    cs_model_dir_free(&dir);
    clear();
}

static void test_transformers(void)
{
    struct model_file file = model_file_make();
    for (size_t stage = 0; stage < 4; stage++)
        for (size_t block = 0; block < r34[stage]; block++)
            for (int conv = 0; conv < 3; conv++)
                add(&file, conv < 2 ? 4 : 24, 4, 1, "resnet.encoder.stages.%zu.layers.%zu.layer.%d.convolution.weight",
                    stage, block, conv);
    write_file(&file, "model.safetensors");
    put("config.json", "{\"model_type\":\"resnet\",\"hidden_act\":\"relu\",\"depths\":[3,4,6,3]}");
    expected e = {"resnet50", 24, true, CLIPSEARCH_COSINE, CS_BILINEAR, 256, 224, false};
    expect("transformers' ResNet", "", &e);
    put("preprocessor_config.json", "{\"size\":{\"shortest_edge\":224},\"crop_pct\":0.875,\"resample\":3,"
                                    "\"image_mean\":[0.485,0.456,0.406],\"image_std\":[0.229,0.224,0.225]}");
    e.resample = CS_BICUBIC;
    expect("the same with its preprocessor", "", &e);
    put("config.json", "{\"model_type\":\"resnet\",\"downsample_in_bottleneck\":true}");
    refuse("a stride elsewhere", CLIPSEARCH_E_UNSUPPORTED, "config.json: downsample_in_bottleneck: true");
    put("config.json", "{\"model_type\":\"resnet\"}");
    put("preprocessor_config.json", "{\"size\":{\"height\":224}}");
    refuse("a size without a short side", CLIPSEARCH_E_MODEL, "size.shortest_edge: is missing");
    clear();
}

static void test_refusals(void)
{
    static const struct {
        const char *file, *text, *message;
        clipsearch_status status;
    } cases[] = {
        {"config.json", "{\"architecture\":\"seresnet34\"}", "nor an image network", CLIPSEARCH_E_UNSUPPORTED},
        {"config.json", TIMM("\"crop_pct\":1.5,"), "pretrained_cfg.crop_pct: 1.5", CLIPSEARCH_E_UNSUPPORTED},
        {"config.json", TIMM("\"crop_pct\":1e-300,"), "images are resized to", CLIPSEARCH_E_UNSUPPORTED},
        {"config.json", TIMM("\"crop_mode\":\"border\","), "pretrained_cfg.crop_mode", CLIPSEARCH_E_UNSUPPORTED},
        {"config.json", "{\"architecture\":\"resnet34\",\"global_pool\":\"max\"}", "global_pool: \"max\"",
         CLIPSEARCH_E_UNSUPPORTED},
        {"config.json", "{\"architecture\":\"resnet34\",\"input_size\":[3,224,192]}", "input_size",
         CLIPSEARCH_E_UNSUPPORTED},
        {"config.json", "{\"architecture\":\"resnet34\",\"std\":[0,1,1]}", "standard deviation", CLIPSEARCH_E_MODEL},
        {"clipsearch.json", "[]", "expected a JSON object", CLIPSEARCH_E_MODEL},
        {"clipsearch.json", "{\"normalise\":true}", "normalise: unknown key", CLIPSEARCH_E_MODEL},
        {"clipsearch.json", "{\"metric\":\"hamming\"}", "metric: \"hamming\" is not supported, only \"cosine\"",
         CLIPSEARCH_E_UNSUPPORTED},
        {"clipsearch.json", "{\"normalize\":false}", "metric: \"cosine\" takes normalised", CLIPSEARCH_E_MODEL},
        {"clipsearch.json", "{\"preprocess\":{\"crop\":224,\"resize\":200}}", "the crop lies inside",
         CLIPSEARCH_E_UNSUPPORTED},
        {"clipsearch.json", "{\"preprocess\":{\"squash\":true,\"resize\":256}}", "preprocess.resize: 256",
         CLIPSEARCH_E_MODEL},
        {"clipsearch.json", "{\"preprocess\":{\"scale\":2}}", "preprocess.scale: 2", CLIPSEARCH_E_MODEL},
        {"clipsearch.json", "{\"preprocess\":{\"size\":2}}", "preprocess.size: unknown key", CLIPSEARCH_E_MODEL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put_resnet("model.safetensors", false, r34, 13);
        put(cases[i].file, cases[i].text);
        refuse("refused", cases[i].status, cases[i].message);
        clear();
    }
    put_resnet("model.safetensors", false, (const size_t[]){3, 4, 0, 3}, 13);
    refuse("a stage that is missing", CLIPSEARCH_E_MODEL, "stage 3 is missing");
    put_resnet("model.safetensors", false, r34, 5000);
    refuse("too wide", CLIPSEARCH_E_MODEL, "makes 5000 channels, expected 1 to 4096");
    put_torch_vgg("model.safetensors", (const size_t[]){2, 2, 3, 0, 0});
    refuse("half a VGG", CLIPSEARCH_E_MODEL, "VGG of");
    struct model_file file = model_file_make();
    add(&file, 8, 3, 3, "features.0.weight");
    model_file_add(&file, "features.0.bias", 1, (size_t[]){8});
    model_file_add(&file, "features.1.running_mean", 1, (size_t[]){8});
    write_file(&file, "model.safetensors");
    refuse("a VGG with BatchNorm", CLIPSEARCH_E_UNSUPPORTED, "a VGG with BatchNorm");
    clear();
    put_torch_vgg("model.safetensors", (const size_t[]){2, 2, 3, 3, 3});
    put("config.json", TIMM(""));
    refuse("timm's configuration of another network", CLIPSEARCH_E_MODEL,
           "architecture: \"resnet34\", but the tensors are those of vgg16");
    file = model_file_make();
    model_file_add(&file, "unknown", 1, (size_t[]){8});
    write_file(&file, "model.safetensors");
    refuse("timm's configuration of other tensors", CLIPSEARCH_E_MODEL, "none of its 1 tensors");
    clear();
}

static void test_memory(void)
{
    put_resnet("model.safetensors", false, r34, 13);
    put("config.json", TIMM(""));
    put("clipsearch.json", "{\"preprocess\":{\"resize\":240}}");
    clipsearch_status status = CLIPSEARCH_E_MEMORY;
    cs_model_dir dir;
    cs_weights *weights;
    uint64_t n = 0;
    bool all = true;
    while (status == CLIPSEARCH_E_MEMORY && n < 1000) {
        cs_mem_fail_at(++n);
        status = cs_model_dir_open(directory, &dir, &weights, NULL);
        all = all && (status == CLIPSEARCH_OK || (status == CLIPSEARCH_E_MEMORY && !weights && !dir.path));
    }
    cs_mem_fail_at(0);
    TAP_OK(all && status == CLIPSEARCH_OK && n > 10, "each of %d allocations may fail", (int)n - 1);
    cs_weights_close(&weights);
    cs_model_dir_free(&dir);
    clear();
}

int main(void)
{
    if (!TAP_OK(mkdtemp(directory) != NULL, "temporary directory"))
        return tap_done();
    test_recognised();
    test_timm();
    test_transformers();
    test_refusals();
    test_memory();
    TAP_OK(rmdir(directory) == 0, "nothing is left behind");
    return tap_done();
}
