/* SPDX-License-Identifier: MIT
 * test_torch_model.c - a directory with OpenAI's archive and the merges alone is an encoder: the same vectors, to the
 * bit, as from the same tensors in safetensors. */
#include "base/file.h"
#include "base/mem.h"
#include "clipsearch.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIM = 16, TEXTS = 3 };

struct vectors {
    clipsearch_encoder_info info;
    char fingerprint[65];
    float texts[TEXTS][DIM], image[DIM];
};

static char *under_source(const char *relative)
{
    const char *root = getenv("CLIPSEARCH_SOURCE_ROOT");
    return cs_path_join(root ? root : ".", relative);
}

static bool encode(const char *model, struct vectors *out)
{
    static const char *const texts[TEXTS] = {"a white dog", "a cat", "the thing in the other"};
    char *path = under_source(model), *image = under_source("tests/data/pictures/baseline-420.jpg");
    clipsearch_encoder *encoder = NULL;
    clipsearch_session *session = NULL;
    clipsearch_error err = {0};
    bool ok =
        TAP_OK(clipsearch_encoder_open(path, NULL, &encoder, &err) == CLIPSEARCH_OK, "%s opens %s", model, err.message);
    if (ok) {
        clipsearch_encoder_info_init(&out->info);
        clipsearch_encoder_describe(encoder, &out->info, NULL);
        snprintf(out->fingerprint, sizeof out->fingerprint, "%s", out->info.fingerprint);
        ok = TAP_OK(out->info.dim == DIM, "%s: %d dimensions", model, (int)out->info.dim) &&
             TAP_OK(clipsearch_session_open(encoder, NULL, &session, &err) == CLIPSEARCH_OK &&
                        clipsearch_encode_texts(session, texts, TEXTS, out->texts[0], &err) == CLIPSEARCH_OK &&
                        clipsearch_encode_file(session, image, out->image, &err) == CLIPSEARCH_OK,
                    "%s encodes %s", model, err.message);
    }
    clipsearch_session_close(&session);
    clipsearch_encoder_close(&encoder);
    cs_free(path);
    cs_free(image);
    return ok;
}

int main(void)
{
    static struct vectors script, safetensors;
    if (encode("tests/data/clip-script/script", &script) &&
        encode("tests/data/clip-script/safetensors", &safetensors)) {
        TAP_OK(strcmp(script.fingerprint, safetensors.fingerprint) == 0, "the same fingerprint: a collection made with "
                                                                         "one is searched with the other");
        TAP_OK(memcmp(script.texts, safetensors.texts, sizeof script.texts) == 0, "texts: the same bits");
        TAP_OK(memcmp(script.image, safetensors.image, sizeof script.image) == 0, "an image: the same bits");
        TAP_OK(memcmp(script.texts[0], script.texts[1], sizeof script.texts[0]) != 0 &&
                   memcmp(script.texts[0], script.image, sizeof script.image) != 0,
               "and they differ from each other");
    }
    return tap_done();
}
