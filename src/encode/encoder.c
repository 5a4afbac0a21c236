/* SPDX-License-Identifier: MIT
 * encoder.c - opens the towers of a model that were asked for, and nothing else. */
#include "encode/encoder.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/weight_name.h"
#include "vision/preprocess.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_NAME = 128 }; /* what a collection can store */

/* The caller's name, or the model's own: of "models/x/", of "." in there, and of "models/x.safetensors" it is x. */
static clipsearch_status choose_name(const char *path, const char *asked, char **name, clipsearch_error *err)
{
    if (asked) {
        *name = cs_strdup(asked);
    } else {
        char real[PATH_MAX];
        if (!realpath(path, real))
            return cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "%s", path);
        const char *base = cs_path_base(real);
        if (!base[0])
            base = "model"; /* the file system's root has no name */
        *name = cs_strndup(base, (size_t)(cs_weight_name_ending(base) - base));
    }
    if (!*name)
        return cs_fail_memory(err, "an encoder's name");
    size_t length = strlen(*name);
    if (length == 0 || length > MAX_NAME)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "the encoder's name \"%s\" is %zu bytes; 1 to %d are allowed", *name,
                       length, (int)MAX_NAME);
    return CLIPSEARCH_OK;
}

/* Take the steps that lead nowhere out of an absolute path: "/a/.//b/" is "/a/b". */
static void remove_idle_steps(char *path)
{
    size_t kept = 0;
    for (const char *step = path + strspn(path, "/"); *step; step += strspn(step, "/")) {
        const size_t n = strcspn(step, "/");
        if (n != 1 || step[0] != '.') {
            path[kept++] = '/';
            memmove(path + kept, step, n);
            kept += n;
        }
        step += n;
    }
    path[kept ? kept : 1] = '\0';
}

/* Links are kept: what lies beside the name is the model, and not what lies beside the file that it leads to. */
static clipsearch_status make_absolute(const char *path, char **absolute, clipsearch_error *err)
{
    clipsearch_status status = cs_path_make_absolute(path, absolute, err);
    if (status == CLIPSEARCH_OK)
        remove_idle_steps(*absolute);
    return status;
}

static void add_number(cs_digest *digest, uint64_t number)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(number >> (8 * i));
    cs_digest_update(digest, bytes, sizeof bytes);
}

static void add_tower(cs_digest *digest, const cs_tower_config *tower)
{
    uint32_t eps;
    memcpy(&eps, &tower->layernorm_eps, sizeof eps);
    add_number(digest, tower->width);
    add_number(digest, tower->layers);
    add_number(digest, tower->heads);
    add_number(digest, tower->mlp);
    add_number(digest, (uint64_t)tower->activation);
    add_number(digest, eps);
}

static void add_clip(cs_digest *digest, const cs_clip_config *config)
{
    add_tower(digest, &config->vision);
    add_tower(digest, &config->text);
    add_number(digest, config->image_size);
    add_number(digest, config->patch_size);
    add_number(digest, config->context_length);
    add_number(digest, config->vocabulary);
    add_number(digest, config->dim);
    for (size_t i = 0; config->resnet && i < CS_RESNET_STAGES; i++)
        add_number(digest, config->resnet_stages[i]);
}

/* How images are prepared is compared separately; the metric is the collection's. */
static void add_image(cs_digest *digest, const cs_image_config *config)
{
    uint32_t eps;
    memcpy(&eps, &config->batchnorm_eps, sizeof eps);
    cs_digest_update(digest, config->name, strlen(config->name) + 1);
    add_number(digest, config->preprocess.crop);
    add_number(digest, config->dim);
    add_number(digest, eps);
    add_number(digest, config->normalise);
}

/* The weights alone do not say what a vector will be: the same tensors under another activation or number of heads give
 * other vectors, so the configuration is part of the fingerprint. */
static clipsearch_status make_fingerprint(const cs_weights *weights, const cs_model_dir *dir, char hex[65],
                                          clipsearch_error *err)
{
    char of_weights[65];
    uint8_t bytes[CS_SHA256_BYTES];
    clipsearch_status status = cs_weights_fingerprint(weights, of_weights, err);
    if (status != CLIPSEARCH_OK)
        return status;
    cs_digest digest;
    cs_digest_init(&digest, CS_SHA256);
    cs_digest_update(&digest, of_weights, 64);
    if (dir->image_only)
        add_image(&digest, &dir->image);
    else
        add_clip(&digest, &dir->config);
    status = cs_digest_final(&digest, bytes, err);
    cs_digest_hex(bytes, sizeof bytes, hex);
    return status;
}

/* The form that gives `precision`; `packed`: whether floats are packed. The fall-back where the processor has no
 * instructions for bf16 is f32, which is faster there. */
static cs_weight_form form_for(clipsearch_encoder *encoder, clipsearch_precision precision, bool packed)
{
    if (precision == CLIPSEARCH_PRECISION_INT8)
        return CS_WEIGHTS_INT8;
    const bool paired = precision == CLIPSEARCH_PRECISION_BF16 ||
                        (precision == CLIPSEARCH_PRECISION_AUTO && cs_clip_coding(encoder->weights) == CS_CLIP_PAIRED);
    if (paired && cs_bgemm_is_fast())
        return CS_WEIGHTS_BF16;
    encoder->lacks_bf16 = paired;
    return packed ? CS_WEIGHTS_PACKED : CS_WEIGHTS_MAPPED;
}

static clipsearch_status open_image_tower(clipsearch_encoder *encoder, const clipsearch_encoder_options *options,
                                          clipsearch_error *err)
{
    const cs_weight_form form = form_for(encoder, options->precision, options->pack_weights);
    cs_pool *pool = NULL;
    clipsearch_status status = form == CS_WEIGHTS_MAPPED ? CLIPSEARCH_OK : cs_pool_open(0, &pool, err);
    if (status == CLIPSEARCH_OK)
        status = cs_image_tower_open(&encoder->dir, encoder->weights, form, pool, &encoder->image, err);
    cs_pool_close(&pool);
    return status;
}

static clipsearch_status open_text_tower(clipsearch_encoder *encoder, cs_clip_naming naming,
                                         clipsearch_precision precision, clipsearch_error *err)
{
    const cs_model_dir *dir = &encoder->dir;
    /* that of the built-in model has two layers, gains nothing in int8, and loses more than others (docs/precision.md)
     */
    const cs_weight_form form = dir->config.lite ? CS_WEIGHTS_MAPPED : form_for(encoder, precision, false);
    if (!(cs_clip_towers(encoder->weights, naming) & CLIPSEARCH_TEXT_TOWER))
        return cs_fail(err, CLIPSEARCH_E_MODEL,
                       "%s: there is no text tower in this model; ask for its image tower only", dir->weights);
    if (!dir->merges)
        return cs_fail(err, CLIPSEARCH_E_MODEL,
                       "%s: no tokenizer: none of merges.txt, tokenizer.json and bpe_simple_vocab_16e6.txt.gz is there "
                       "(docs/model.md "
                       "says where to get it)",
                       dir->path);
    cs_pool *pool = NULL;
    clipsearch_status status = form == CS_WEIGHTS_MAPPED ? CLIPSEARCH_OK : cs_pool_open(0, &pool, err);
    if (status == CLIPSEARCH_OK)
        status = cs_text_tower_open(encoder->weights, naming, &dir->config, form, pool, &encoder->text, err);
    cs_pool_close(&pool);
    if (status == CLIPSEARCH_OK)
        status = cs_tokenizer_open_compiled(dir->compiled, dir->merges, dir->vocab, dir->config.vocabulary,
                                            dir->config.context_length, &encoder->tokenizer, err);
    return status;
}

static clipsearch_status open_clip(clipsearch_encoder *encoder, const clipsearch_encoder_options *options,
                                   clipsearch_error *err)
{
    cs_clip_naming naming;
    clipsearch_status status = cs_clip_naming_detect(encoder->weights, &naming, err);
    const bool image = options->towers & CLIPSEARCH_IMAGE_TOWER;
    if (status == CLIPSEARCH_OK && image && !(cs_clip_towers(encoder->weights, naming) & CLIPSEARCH_IMAGE_TOWER))
        status =
            cs_fail(err, CLIPSEARCH_E_MODEL, "%s: there is no image tower in this model; ask for its text tower only",
                    encoder->dir.weights);
    if (status == CLIPSEARCH_OK && image)
        status = open_image_tower(encoder, options, err);
    if (status == CLIPSEARCH_OK && (options->towers & CLIPSEARCH_TEXT_TOWER))
        status = open_text_tower(encoder, naming, options->precision, err);
    encoder->logit_scale = cs_clip_logit_scale(encoder->weights);
    return status;
}

static clipsearch_status open_image_network(clipsearch_encoder *encoder, const clipsearch_encoder_options *options,
                                            clipsearch_error *err)
{
    if (!(options->towers & CLIPSEARCH_IMAGE_TOWER))
        return cs_encoder_refuse_texts(encoder, err);
    return open_image_tower(encoder, options, err);
}

clipsearch_status cs_encoder_refuse_texts(const clipsearch_encoder *encoder, clipsearch_error *err)
{
    if (!encoder->dir.image_only)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "the encoder %s was opened without its text tower", encoder->name);
    return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                   "the encoder %s (%s) makes vectors of images only and cannot read texts; a CLIP model reads both",
                   encoder->name, encoder->dir.image.name);
}

static clipsearch_precision precision_of(cs_weight_form form)
{
    return form == CS_WEIGHTS_INT8   ? CLIPSEARCH_PRECISION_INT8
           : form == CS_WEIGHTS_BF16 ? CLIPSEARCH_PRECISION_BF16
                                     : CLIPSEARCH_PRECISION_F32;
}

/* What was asked for can be had, or CLIPSEARCH_E_ARGUMENT. */
static clipsearch_status check_precision(clipsearch_encoder *encoder, clipsearch_precision asked, clipsearch_error *err)
{
    encoder->image_precision =
        encoder->image ? precision_of(cs_image_tower_form(encoder->image)) : CLIPSEARCH_PRECISION_AUTO;
    encoder->text_precision =
        encoder->text ? precision_of(cs_text_tower_form(encoder->text)) : CLIPSEARCH_PRECISION_AUTO;
    const bool any =
        encoder->image_precision == CLIPSEARCH_PRECISION_INT8 || encoder->text_precision == CLIPSEARCH_PRECISION_INT8;
    if (any && (asked == CLIPSEARCH_PRECISION_F32 || asked == CLIPSEARCH_PRECISION_BF16))
        return cs_fail(
            err, CLIPSEARCH_E_ARGUMENT,
            "%s: its weights are int8, which cannot be computed in %s; use the model that it was converted from",
            encoder->dir.weights, asked == CLIPSEARCH_PRECISION_F32 ? "f32" : "bf16");
    return CLIPSEARCH_OK;
}

/* Convolutions are computed in f32 and int8. */
static clipsearch_status refuse_bf16_convolutions(const clipsearch_encoder *encoder, clipsearch_error *err)
{
    const cs_model_dir *dir = &encoder->dir;
    if (!dir->image_only && !dir->config.resnet && !dir->config.lite)
        return CLIPSEARCH_OK;
    return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                   "%s: bf16 is for CLIP with a vision transformer, and this is %s; use precision f32, int8 or auto",
                   dir->weights, cs_model_architecture(dir));
}

static clipsearch_status open_parts(clipsearch_encoder *encoder, const char *path,
                                    const clipsearch_encoder_options *options, clipsearch_error *err)
{
    clipsearch_status status = choose_name(path, options->name, &encoder->name, err);
    if (status == CLIPSEARCH_OK && !options->name)
        status = make_absolute(path, &encoder->path, err);
    if (status == CLIPSEARCH_OK)
        status = cs_preprocess_describe(cs_model_preprocess(&encoder->dir), encoder->preprocessing);
    if (status == CLIPSEARCH_OK && options->precision == CLIPSEARCH_PRECISION_BF16)
        status = refuse_bf16_convolutions(encoder, err);
    if (status == CLIPSEARCH_OK)
        status = encoder->dir.image_only ? open_image_network(encoder, options, err) : open_clip(encoder, options, err);
    if (status == CLIPSEARCH_OK)
        status = check_precision(encoder, options->precision, err);
    if (status == CLIPSEARCH_OK)
        status = make_fingerprint(encoder->weights, &encoder->dir, encoder->fingerprint, err);
    if (status != CLIPSEARCH_OK)
        return status;
    for (size_t i = 0; i < cs_weights_count(encoder->weights); i++) {
        const cs_tensor *tensor = cs_weights_at(encoder->weights, i);
        encoder->parameters += tensor->is_float || strcmp(tensor->stored, "I8") == 0 ? tensor->count : 0;
    }
    return CLIPSEARCH_OK;
}

clipsearch_status cs_encoder_open(const char *path, const clipsearch_encoder_options *options, clipsearch_encoder **out,
                                  clipsearch_error *err)
{
    *out = NULL;
    clipsearch_encoder *encoder = cs_zalloc_array(1, sizeof *encoder);
    if (!encoder)
        return cs_fail_memory(err, "an encoder");
    atomic_init(&encoder->handles, 1);
    clipsearch_status status = cs_model_dir_open(path, &encoder->dir, &encoder->weights, err);
    if (status == CLIPSEARCH_OK)
        status = open_parts(encoder, path, options, err);
    if (status != CLIPSEARCH_OK)
        cs_encoder_close(&encoder);
    *out = encoder;
    return status;
}

void cs_encoder_close(clipsearch_encoder **handle)
{
    clipsearch_encoder *encoder = *handle;
    *handle = NULL;
    if (!encoder || atomic_fetch_sub(&encoder->handles, 1) > 1)
        return;
    cs_tokenizer_close(&encoder->tokenizer);
    cs_text_tower_close(&encoder->text);
    cs_image_tower_close(&encoder->image);
    cs_weights_close(&encoder->weights);
    cs_model_dir_free(&encoder->dir);
    cs_free(encoder->name);
    cs_free(encoder->path);
    cs_free(encoder);
}

clipsearch_encoder *cs_encoder_share(const clipsearch_encoder *encoder)
{
    clipsearch_encoder *shared = (clipsearch_encoder *)(uintptr_t)encoder; /* const for its users; the count changes */
    atomic_fetch_add(&shared->handles, 1);
    return shared;
}

cs_encoder_identity cs_encoder_identify(const clipsearch_encoder *encoder)
{
    const cs_model_dir *dir = &encoder->dir;
    return (cs_encoder_identity){
        .name = encoder->name,
        .fingerprint = encoder->fingerprint,
        .preprocessing = encoder->preprocessing,
        .dim = cs_model_dim(dir),
        .metric = dir->image_only ? dir->image.metric : CLIPSEARCH_COSINE,
        .normalized = !dir->image_only || dir->image.normalise,
        .path = encoder->path,
        .precisions = cs_precision_bit(encoder->image_precision),
    };
}

void cs_encoder_describe(const clipsearch_encoder *encoder, clipsearch_encoder_info *info)
{
    const cs_model_dir *dir = &encoder->dir;
    const cs_encoder_identity identity = cs_encoder_identify(encoder);
    *info = (clipsearch_encoder_info){
        .name = identity.name,
        .path = dir->path,
        .fingerprint = identity.fingerprint,
        .preprocessing = identity.preprocessing,
        .dim = identity.dim,
        .image_size = cs_model_preprocess(dir)->crop,
        .context_length = dir->config.context_length,
        .vocabulary = dir->config.vocabulary,
        .logit_scale = encoder->logit_scale,
        .towers = (encoder->image ? (unsigned)CLIPSEARCH_IMAGE_TOWER : 0) |
                  (encoder->text ? (unsigned)CLIPSEARCH_TEXT_TOWER : 0),
        .parameters = encoder->parameters,
        .weights = encoder->dir.weights,
        .architecture = cs_model_architecture(dir),
        .metric = identity.metric,
        .normalized = identity.normalized,
        .image_precision = encoder->image_precision,
        .text_precision = encoder->text_precision,
        .lacks_bf16 = encoder->lacks_bf16,
    };
}

clipsearch_status cs_encoder_tokenize(const clipsearch_encoder *encoder, const char *text, clipsearch_overflow overflow,
                                      int32_t *ids, size_t capacity, size_t *count, clipsearch_error *err)
{
    if (!encoder->tokenizer)
        return cs_encoder_refuse_texts(encoder, err);
    int32_t all[CS_MAX_CONTEXT];
    size_t n;
    clipsearch_status status =
        cs_tokenizer_encode(encoder->tokenizer, text, strlen(text), overflow == CLIPSEARCH_REFUSE, all, &n, err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (n > capacity)
        return cs_fail(err, CLIPSEARCH_E_LIMIT, "%zu tokens do not fit into room for %zu; %zu is always enough", n,
                       capacity, encoder->dir.config.context_length);
    if (n)
        memcpy(ids, all, n * sizeof *ids);
    *count = n;
    return CLIPSEARCH_OK;
}

const char *cs_encoder_piece(const clipsearch_encoder *encoder, int32_t id)
{
    return encoder->tokenizer ? cs_tokenizer_piece(encoder->tokenizer, id) : NULL;
}
