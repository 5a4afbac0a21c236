/* SPDX-License-Identifier: MIT
 * text_tower.c - tokens and positions to rows, then the transformer under a causal mask. */
#include "text/text_tower.h"

#include "base/mem.h"
#include "nn/floats.h"
#include "nn/transformer.h"

#include <assert.h>

struct cs_text_tower {
    size_t context, vocabulary;
    cs_matrix tokens; /* [vocabulary, W], in the mapped file */
    float *positions; /* [context, W] */
    cs_transformer transformer;
};

clipsearch_status cs_text_tower_open(const cs_weights *weights, cs_clip_naming naming, const cs_clip_config *config,
                                     cs_weight_form form, cs_pool *pool, cs_text_tower **out, clipsearch_error *err)
{
    *out = NULL;
    cs_text_tensors tensors;
    clipsearch_status status = cs_clip_text(weights, naming, config, &tensors, err);
    if (status != CLIPSEARCH_OK)
        return status;
    cs_text_tower *tower = cs_zalloc_array(1, sizeof *tower);
    if (!tower)
        return cs_fail_memory(err, "the text tower");
    tower->context = config->context_length;
    tower->vocabulary = config->vocabulary;
    tower->tokens = tensors.tokens;
    cs_transformer_source source = {
        .weights = weights,
        .naming = naming,
        .config = config,
        .tower = &config->text,
        .block = cs_clip_text_block,
        .final_weight = &tensors.final_ln_weight,
        .final_bias = &tensors.final_ln_bias,
        .projection = &tensors.projection,
    };
    status = cs_floats_copy(&tensors.positions, &tower->positions, err);
    if (status == CLIPSEARCH_OK)
        status = cs_transformer_open(&tower->transformer, &source, form, pool, err);
    if (status == CLIPSEARCH_OK)
        *out = tower;
    else
        cs_text_tower_close(&tower);
    return status;
}

void cs_text_tower_close(cs_text_tower **handle)
{
    cs_text_tower *tower = *handle;
    if (!tower)
        return;
    cs_free(tower->positions);
    cs_transformer_close(&tower->transformer);
    cs_free(tower);
    *handle = NULL;
}

bool cs_text_tower_is_coded(const cs_text_tower *tower)
{
    return cs_transformer_is_coded(&tower->transformer);
}

/* The scratch besides the transformer's own. */
typedef struct text_scratch {
    size_t *places; /* [tokens] each row's place in its own text */
    cs_transformer_scratch transformer;
} text_scratch;

/* For texts of any lengths with `tokens` tokens in all: no text is longer than that. */
static size_t longest_of(const cs_text_tower *tower, size_t tokens)
{
    return tokens < tower->context ? tokens : tower->context;
}

static void carve(const cs_text_tower *tower, text_scratch *scratch, size_t texts, size_t tokens, unsigned threads,
                  cs_workspace *workspace)
{
    scratch->places = cs_workspace_alloc(workspace, tokens, sizeof *scratch->places);
    cs_transformer_carve(&tower->transformer, &scratch->transformer, tokens, texts, longest_of(tower, tokens), 0,
                         threads, workspace);
}

size_t cs_text_tower_scratch(const cs_text_tower *tower, size_t max_texts, size_t max_tokens, unsigned threads)
{
    cs_workspace workspace = {0};
    text_scratch scratch;
    carve(tower, &scratch, max_texts, max_tokens, threads, &workspace);
    return cs_workspace_size(&workspace);
}

typedef struct embed_job {
    const cs_text_tower *tower;
    const int32_t *ids;   /* [tokens] */
    const size_t *places; /* [tokens] */
    float *x;             /* [tokens, W] */
} embed_job;

/* x = token + position. Only the rows of the table that are used are read from the file. */
static void embed_row(void *context, size_t row, unsigned worker)
{
    (void)worker;
    const embed_job *j = context;
    const cs_text_tower *tower = j->tower;
    assert(j->ids[row] >= 0 && (size_t)j->ids[row] < tower->vocabulary);
    const size_t width = tower->transformer.config.width;
    const float *position = tower->positions + j->places[row] * width;
    float *x = j->x + row * width;
    cs_floats_row(&tower->tokens, (size_t)j->ids[row], x);
    for (size_t c = 0; c < width; c++)
        x[c] += position[c];
}

void cs_text_tower_forward(const cs_text_tower *tower, const int32_t *ids, const size_t *lengths, size_t count,
                           void *scratch, cs_pool *pool, const cs_probe *probe, float *vectors)
{
    assert((uintptr_t)scratch % CS_WORKSPACE_ALIGNMENT == 0);
    if (count == 0)
        return;
    size_t rows = 0;
    for (size_t i = 0; i < count; i++) {
        assert(lengths[i] >= 1 && lengths[i] <= tower->context);
        rows += lengths[i];
    }
    cs_workspace workspace = {.base = scratch};
    text_scratch s;
    carve(tower, &s, count, rows, cs_pool_threads(pool), &workspace);
    size_t row = 0;
    for (size_t i = 0; i < count; i++) {
        s.transformer.offsets[i] = row;
        for (size_t place = 0; place < lengths[i]; place++)
            s.places[row++] = place;
        s.transformer.only[i] = row - 1;
    }
    s.transformer.offsets[count] = rows;

    embed_job job = {.tower = tower, .ids = ids, .places = s.places, .x = s.transformer.x};
    cs_pool_run(pool, rows, embed_row, &job);
    cs_probe_see(probe, "embed", 0, job.x, rows, tower->transformer.config.width);
    cs_transformer_forward(&tower->transformer, count, longest_of(tower, rows), true, &s.transformer, pool, probe,
                           vectors);
}
