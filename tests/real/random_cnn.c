/* SPDX-License-Identifier: MIT
 * random_cnn.c - writes the weights of ResNet-34, ResNet-50 or Keras's VGG16 at their true size, with random f16
 * numbers: random_cnn NETWORK FILE. */
#include "random_tensors.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static random_tensors tensors;

/* He initialisation keeps the activations' size; `last` is of a residual block's last norm, small, so that the sum over
 * the blocks does not grow. */
static void add_conv(const char *prefix, const char *conv, const char *norm, size_t out, size_t in, size_t kernel,
                     bool last)
{
    char name[96];
    const size_t shape[] = {out, in, kernel, kernel};
    snprintf(name, sizeof name, "%s.weight", conv);
    random_add(&tensors, prefix, name, 4, shape, 0, sqrtf(2 / (float)(in * kernel * kernel)));
    const struct {
        const char *part;
        float mean, deviation;
    } parts[] = {
        {"weight", last ? 0.3f : 1, 0.1f}, {"bias", 0, 0.2f}, {"running_mean", 0, 0.1f}, {"running_var", 1, 0.05f}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        snprintf(name, sizeof name, "%s.%s", norm, parts[i].part);
        random_add(&tensors, prefix, name, 1, &out, parts[i].mean, parts[i].deviation);
    }
}

static void list_resnet(bool bottleneck)
{
    static const size_t blocks[] = {3, 4, 6, 3};
    size_t in = 64;
    add_conv("", "conv1", "bn1", 64, 3, 7, false);
    for (size_t stage = 0; stage < 4; stage++) {
        size_t planes = (size_t)64 << stage, out = bottleneck ? 4 * planes : planes;
        for (size_t block = 0; block < blocks[stage]; block++, in = out) {
            char prefix[32];
            snprintf(prefix, sizeof prefix, "layer%zu.%zu.", stage + 1, block);
            if (bottleneck) {
                add_conv(prefix, "conv1", "bn1", planes, in, 1, false);
                add_conv(prefix, "conv2", "bn2", planes, planes, 3, false);
                add_conv(prefix, "conv3", "bn3", out, planes, 1, true);
            } else {
                add_conv(prefix, "conv1", "bn1", planes, in, 3, false);
                add_conv(prefix, "conv2", "bn2", planes, planes, 3, true);
            }
            if (block == 0 && in != out)
                add_conv(prefix, "downsample.0", "downsample.1", out, in, 1, false);
        }
    }
}

static void list_keras_vgg16(void)
{
    static const size_t layers[] = {2, 2, 3, 3, 3}, widths[] = {64, 128, 256, 512, 512};
    size_t in = 3;
    for (size_t block = 0; block < 5; block++)
        for (size_t layer = 0; layer < layers[block]; layer++, in = widths[block]) {
            char prefix[64];
            const size_t shape[] = {3, 3, in, widths[block]};
            snprintf(prefix, sizeof prefix, "block%zu_conv%zu/block%zu_conv%zu", block + 1, layer + 1, block + 1,
                     layer + 1);
            random_add(&tensors, prefix, "_W_1:0", 4, shape, 0, sqrtf(2 / (float)(in * 9)));
            random_add(&tensors, prefix, "_b_1:0", 1, &widths[block], 0, 0.1f);
        }
}

int main(int argc, char **argv)
{
    clipsearch_error err = {.message = "cannot write it"};
    const char *network = argc == 3 ? argv[1] : "";
    if (strcmp(network, "resnet34") == 0 || strcmp(network, "resnet50") == 0) {
        list_resnet(strcmp(network, "resnet50") == 0);
    } else if (strcmp(network, "vgg16-keras") == 0) {
        list_keras_vgg16();
    } else {
        fprintf(stderr, "usage: random_cnn resnet34|resnet50|vgg16-keras FILE\n");
        return 2;
    }
    if (random_write(&tensors, argv[2], &err))
        return 0;
    fprintf(stderr, "random_cnn: %s: %s\n", argv[2], err.message);
    return 1;
}
