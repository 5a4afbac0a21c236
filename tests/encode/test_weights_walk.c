/* SPDX-License-Identifier: MIT
 * test_weights_walk.c - what is in a weight file, and the memory that its encoder takes. */
#include "clipsearch.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static clipsearch_error err;

/* The path of clip-tiny's file `name`, in one of two buffers. */
static const char *tiny(const char *name)
{
    static char paths[2][4096];
    static unsigned next;
    char *path = paths[next++ % 2];
    snprintf(path, sizeof paths[0], "%s/tests/data/clip-tiny/%s", getenv("CLIPSEARCH_SOURCE_ROOT"), name);
    return path;
}

static bool count_tensor(void *context, const clipsearch_tensor *tensor)
{
    uint64_t *sums = context; /* tensors, numbers, bytes */
    sums[0]++;
    sums[1] += tensor->count;
    sums[2] += tensor->bytes;
    return strcmp(tensor->name, "visual_projection.weight") != 0 ||
           (tensor->rank == 2 && tensor->shape[0] == 24 && tensor->shape[1] == 48 && tensor->is_weight &&
            strcmp(tensor->type, "F32") == 0);
}

static bool first_only(void *context, const clipsearch_tensor *tensor)
{
    (void)tensor;
    ++*(int *)context;
    return false;
}

static void test_walk(void)
{
    uint64_t sums[3] = {0};
    int calls = 0;
    clipsearch_encoder *encoder = NULL;
    clipsearch_encoder_info info;
    clipsearch_encoder_info_init(&info);
    clipsearch_weights_info whole;
    clipsearch_weights_info_init(&whole);
    TAP_OK(clipsearch_weights_walk(tiny("hf/model.safetensors"), count_tensor, sums, &whole, &err) == CLIPSEARCH_OK &&
               clipsearch_encoder_open(tiny("hf"), NULL, &encoder, &err) == CLIPSEARCH_OK,
           "walk a weight file");
    clipsearch_encoder_describe(encoder, &info, NULL);
    TAP_OK(sums[1] == info.parameters && sums[2] == 4 * sums[1] && sums[0] > 90, "%d tensors, %d numbers", (int)sums[0],
           (int)sums[1]);
    TAP_OK(whole.tensors == sums[0] && whole.parameters == sums[1] && whole.bytes > sums[2] &&
               strcmp(whole.container, "safetensors") == 0,
           "and so the file as a whole");
    TAP_OK(strcmp(info.weights, tiny("hf/model.safetensors")) == 0, "the encoder names its file");
    TAP_OK(clipsearch_weights_walk(tiny("hf/model.safetensors"), first_only, &calls, NULL, &err) == CLIPSEARCH_OK &&
               calls == 1,
           "a walk that ends early");
    TAP_OK(clipsearch_weights_walk(tiny("hf/config.json"), first_only, &calls, NULL, &err) == CLIPSEARCH_E_MODEL,
           "no weight file: %s", err.message);
    clipsearch_encoder_close(&encoder);
}

static void test_memory(void)
{
    clipsearch_encoder *encoder = NULL;
    clipsearch_memory memory, larger;
    clipsearch_memory_init(&memory);
    clipsearch_memory_init(&larger);
    clipsearch_session_options options;
    clipsearch_session_options_init(&options);
    options.threads = 1;
    options.max_batch = 2;
    struct stat st;
    TAP_OK(clipsearch_encoder_open(tiny("hf"), NULL, &encoder, &err) == CLIPSEARCH_OK &&
               stat(tiny("hf/model.safetensors"), &st) == 0 &&
               clipsearch_encoder_memory(encoder, &options, &memory, &err) == CLIPSEARCH_OK &&
               memory.mapped == (uint64_t)st.st_size,
           "memory: %d mapped, %d packed, %d for a session", (int)memory.mapped, (int)memory.packed,
           (int)memory.session);
    /* the image tower's matrices: patches 192 x 48, three blocks of four 48 x 48 and two 48 x 132, 48 x 24 */
    uint64_t matrices = 192 * 48 + 3 * (4 * 48 * 48 + 2 * 48 * 132) + 48 * 24;
    TAP_OK(memory.packed >= 4 * matrices && memory.packed < 8 * matrices, "packed: the matrices, filled up to panels");
    options.max_batch = 64;
    TAP_OK(clipsearch_encoder_memory(encoder, &options, &larger, &err) == CLIPSEARCH_OK &&
               larger.session > 8 * memory.session && larger.packed == memory.packed,
           "a larger batch takes more: %d", (int)larger.session);
    clipsearch_encoder_close(&encoder);
}

int main(void)
{
    test_walk();
    test_memory();
    return tap_done();
}
