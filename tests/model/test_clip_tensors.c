/* SPDX-License-Identifier: MIT
 * test_clip_tensors.c - CLIP's tensors found by their place, with the right values, in every layout. */
#include "base/file.h"
#include "base/mem.h"
#include "model/clip_tensors.h"
#include "model/model_dir.h"
#include "model_file.h"
#include "tap.h"
#include "tensor_value.h"

#include <locale.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char directory[] = "/tmp/clipsearch-test-XXXXXX";

static char *fixture(const char *name)
{
    const char *root = getenv("CLIPSEARCH_SOURCE_ROOT");
    char *data = cs_path_join(root ? root : ".", "tests/model/data"), *path = cs_path_join(data, name);
    cs_free(data);
    return path;
}

/* ---------------------------------------------------------------- values */

/* The two towers and all blocks of an open model. */
struct towers {
    cs_vision_tensors vision;
    cs_text_tensors text;
    cs_block_tensors vision_blocks[2], text_blocks[3];
};

#define PLACE(type, field)                                                                                             \
    {                                                                                                                  \
#field, offsetof(type, field)                                                                                  \
    }

static const struct place {
    const char *name;
    size_t offset;
} vision_places[] = {PLACE(cs_vision_tensors, patch_weight),
                     PLACE(cs_vision_tensors, class_embedding),
                     PLACE(cs_vision_tensors, positions),
                     PLACE(cs_vision_tensors, pre_ln_weight),
                     PLACE(cs_vision_tensors, pre_ln_bias),
                     PLACE(cs_vision_tensors, post_ln_weight),
                     PLACE(cs_vision_tensors, post_ln_bias),
                     PLACE(cs_vision_tensors, projection),
                     {NULL, 0}},
  text_places[] = {PLACE(cs_text_tensors, tokens),          PLACE(cs_text_tensors, positions),
                   PLACE(cs_text_tensors, final_ln_weight), PLACE(cs_text_tensors, final_ln_bias),
                   PLACE(cs_text_tensors, projection),      {NULL, 0}},
  block_places[] = {PLACE(cs_block_tensors, ln1_weight),
                    PLACE(cs_block_tensors, ln1_bias),
                    PLACE(cs_block_tensors, q_weight),
                    PLACE(cs_block_tensors, q_bias),
                    PLACE(cs_block_tensors, k_weight),
                    PLACE(cs_block_tensors, k_bias),
                    PLACE(cs_block_tensors, v_weight),
                    PLACE(cs_block_tensors, v_bias),
                    PLACE(cs_block_tensors, out_weight),
                    PLACE(cs_block_tensors, out_bias),
                    PLACE(cs_block_tensors, ln2_weight),
                    PLACE(cs_block_tensors, ln2_bias),
                    PLACE(cs_block_tensors, fc1_weight),
                    PLACE(cs_block_tensors, fc1_bias),
                    PLACE(cs_block_tensors, fc2_weight),
                    PLACE(cs_block_tensors, fc2_bias),
                    {NULL, 0}};

static const cs_matrix *find_place(const struct place *places, const void *tensors, const char *name)
{
    for (; places->name; places++)
        if (strcmp(places->name, name) == 0)
            return (const cs_matrix *)(const void *)((const char *)tensors + places->offset);
    return NULL;
}

static const cs_matrix *matrix_at(const struct towers *towers, const char *tower, const char *layer, const char *place)
{
    bool vision = strcmp(tower, "vision") == 0;
    if (strcmp(layer, "-") == 0)
        return vision ? find_place(vision_places, &towers->vision, place)
                      : find_place(text_places, &towers->text, place);
    size_t n = strtoul(layer, NULL, 10);
    return find_place(block_places, vision ? &towers->vision_blocks[n] : &towers->text_blocks[n], place);
}

static float element(const cs_matrix *matrix, size_t row, size_t column)
{
    return tensor_value(matrix->dtype, matrix->data,
                        matrix->transposed ? column * matrix->rows + row : row * matrix->columns + column);
}

static bool look_up(const cs_weights *weights, cs_clip_naming naming, const cs_clip_config *config,
                    struct towers *towers)
{
    clipsearch_error err = {0};
    clipsearch_status status = cs_clip_vision(weights, naming, config, &towers->vision, &err);
    if (status == CLIPSEARCH_OK)
        status = cs_clip_text(weights, naming, config, &towers->text, &err);
    for (size_t i = 0; i < 2 && status == CLIPSEARCH_OK; i++)
        status = cs_clip_vision_block(weights, naming, config, i, &towers->vision_blocks[i], &err);
    for (size_t i = 0; i < 3 && status == CLIPSEARCH_OK; i++)
        status = cs_clip_text_block(weights, naming, config, i, &towers->text_blocks[i], &err);
    return TAP_OK(status == CLIPSEARCH_OK, "%s: tensors of both towers %s", cs_weights_path(weights), err.message);
}

/* The lines of spots.txt against one layout: place, shape and three values each. */
static void check_spots(const char *layout, const struct towers *towers, char *text, float tolerance)
{
    size_t lines = 0, wrong = 0;
    for (char *rest = text, *line; (line = strsep(&rest, "\n")) && *line; lines++) {
        char tower[16], layer[16], place[32];
        size_t rows, columns, row[3], column[3];
        float value[3];
        /* the file has decimal points, in every locale */
        locale_t callers = uselocale(newlocale(LC_ALL_MASK, "C", (locale_t)0));
        int fields = sscanf(line, "%15s %15s %31s %zu %zu %zu %zu %f %zu %zu %f %zu %zu %f", tower, layer, place, &rows,
                            &columns, &row[0], &column[0], &value[0], &row[1], &column[1], &value[1], &row[2],
                            &column[2], &value[2]);
        uselocale(callers);
        if (fields != 14) {
            TAP_OK(false, "%s: cannot read the line %s", layout, line);
            return;
        }
        const cs_matrix *matrix = matrix_at(towers, tower, layer, place);
        bool same = matrix && matrix->data && matrix->rows == rows && matrix->columns == columns;
        for (int i = 0; i < 3 && same; i++)
            same = fabsf(element(matrix, row[i], column[i]) - value[i]) <= tolerance * fabsf(value[i]);
        wrong += !same;
        if (!same)
            tap_note("%s: differs at %s %s %s", layout, tower, layer, place);
    }
    TAP_OK(lines == 13 + 5 * 16 && wrong == 0, "%s: %zu matrices hold what the reference's modules hold", layout,
           lines);
}

static void test_layouts(void)
{
    static const struct {
        const char *name;
        cs_clip_naming naming;
        float tolerance; /* f32 and f16 hold the values exactly; bf16 has 8 significant bits */
        bool transposed;
    } layouts[] = {{"tiny-hf", CS_NAMING_HUGGING_FACE, 0, false},
                   {"tiny-open-clip", CS_NAMING_OPENAI, 0, true},
                   {"tiny-custom-text", CS_NAMING_CUSTOM_TEXT, 1.0F / 256, true}};
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        clipsearch_error err = {0};
        char *path = fixture(layouts[i].name), *spots = fixture("spots.txt");
        cs_model_dir dir;
        cs_weights *weights;
        cs_clip_naming naming;
        cs_buf text = cs_buf_make(1 << 20);
        struct towers towers;
        if (TAP_OK(cs_model_dir_open(path, &dir, &weights, &err) == CLIPSEARCH_OK, "%s opens %s", layouts[i].name,
                   err.message) &&
            TAP_OK(cs_clip_naming_detect(weights, &naming, &err) == CLIPSEARCH_OK && naming == layouts[i].naming,
                   "%s: naming", layouts[i].name) &&
            TAP_OK(cs_file_read(spots, &text, NULL, &err) == CLIPSEARCH_OK, "spots.txt %s", err.message) &&
            look_up(weights, naming, &dir.config, &towers)) {
            check_spots(layouts[i].name, &towers, text.data, layouts[i].tolerance);
            TAP_OK(towers.vision.projection.transposed == layouts[i].transposed &&
                       towers.text.projection.transposed == layouts[i].transposed && !towers.text.tokens.transposed,
                   "%s: projections %s", layouts[i].name, layouts[i].transposed ? "transposed" : "as they are");
            TAP_OK(cs_clip_towers(weights, naming) == (CLIPSEARCH_IMAGE_TOWER | CLIPSEARCH_TEXT_TOWER),
                   "%s: has both towers", layouts[i].name);
            TAP_OK(fabsf(cs_clip_logit_scale(weights) - 33.115452F) < 1e-4F, "%s: logit scale e^3.5", layouts[i].name);
        }
        cs_weights_close(&weights);
        cs_model_dir_free(&dir);
        cs_buf_free(&text);
        cs_free(path);
        cs_free(spots);
    }
}

/* ---------------------------------------------------------------- true sizes */

static const struct model_sizes b32 = {768, 12, 3072, 224, 32, 512, 12, 2048, 77, 49408, 512};

static cs_clip_config config_of(const struct model_sizes *s)
{
    return (cs_clip_config){
        .vision = {s->vision_width, s->vision_layers, s->vision_width / 64, s->vision_mlp, CS_ACT_QUICK_GELU, 1e-5F},
        .text = {s->text_width, s->text_layers, s->text_width / 64, s->text_mlp, CS_ACT_QUICK_GELU, 1e-5F},
        .image_size = s->image,
        .patch_size = s->patch,
        .context_length = s->context,
        .vocabulary = s->vocabulary,
        .dim = s->dim};
}

/* Everything is found; and what the towers refer to is what the file holds, tensor for tensor. */
static void check_all(const char *what, const cs_weights *weights, cs_clip_naming naming, const cs_clip_config *config,
                      size_t parameters)
{
    clipsearch_error err = {0};
    cs_vision_tensors vision;
    cs_text_tensors text;
    clipsearch_status status = cs_clip_vision(weights, naming, config, &vision, &err);
    if (status == CLIPSEARCH_OK)
        status = cs_clip_text(weights, naming, config, &text, &err);
    size_t count = 0;
    for (const struct place *p = vision_places; p->name && status == CLIPSEARCH_OK; p++)
        count += find_place(p, &vision, p->name)->rows * find_place(p, &vision, p->name)->columns;
    for (const struct place *p = text_places; p->name && status == CLIPSEARCH_OK; p++)
        count += find_place(p, &text, p->name)->rows * find_place(p, &text, p->name)->columns;
    for (int tower = 0; tower < 2; tower++)
        for (size_t i = 0; i < (tower ? config->text.layers : config->vision.layers) && status == CLIPSEARCH_OK; i++) {
            cs_block_tensors block;
            status = tower ? cs_clip_text_block(weights, naming, config, i, &block, &err)
                           : cs_clip_vision_block(weights, naming, config, i, &block, &err);
            for (const struct place *p = block_places; p->name && status == CLIPSEARCH_OK; p++)
                count += find_place(p, &block, p->name)->rows * find_place(p, &block, p->name)->columns;
        }
    TAP_OK(status == CLIPSEARCH_OK && count == parameters, "%s: %zu parameters %s", what, count, err.message);
}

static void test_true_sizes(void)
{
    /* the parameter counts of the three models as the reference counts them, logit_scale left out */
    static const struct {
        const char *name;
        struct model_sizes sizes;
        size_t parameters;
    } models[] = {
        {"ViT-B/32", {768, 12, 3072, 224, 32, 512, 12, 2048, 77, 49408, 512}, 151277312},
        {"ViT-B/16", {768, 12, 3072, 224, 16, 512, 12, 2048, 77, 49408, 512}, 149620736},
        {"ViT-L/14", {1024, 24, 4096, 224, 14, 768, 12, 3072, 77, 49408, 768}, 427616512},
    };
    char *path = cs_path_join(directory, "w.safetensors");
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        for (int openai = 0; openai < 2; openai++) {
            struct model_file file = model_file_make();
            (openai ? model_file_add_openai : model_file_add_hugging_face)(&file, &models[i].sizes);
            clipsearch_error err = {0};
            cs_weights *weights = NULL;
            cs_clip_config config = config_of(&models[i].sizes);
            char what[64];
            snprintf(what, sizeof what, "%s, %s", models[i].name, openai ? "OpenAI" : "transformers");
            if (TAP_OK(model_file_write(&file, path) && cs_weights_open(path, &weights, &err) == CLIPSEARCH_OK,
                       "%s opens %s", what, err.message))
                check_all(what, weights, openai ? CS_NAMING_OPENAI : CS_NAMING_HUGGING_FACE, &config,
                          models[i].parameters);
            cs_weights_close(&weights);
        }
    unlink(path);
    cs_free(path);
}

/* ---------------------------------------------------------------- what does not fit */

static clipsearch_status vision_status(const cs_weights *w, cs_clip_naming n, const cs_clip_config *c,
                                       clipsearch_error *err)
{
    cs_vision_tensors out;
    return cs_clip_vision(w, n, c, &out, err);
}

static clipsearch_status text_status(const cs_weights *w, cs_clip_naming n, const cs_clip_config *c,
                                     clipsearch_error *err)
{
    cs_text_tensors out;
    return cs_clip_text(w, n, c, &out, err);
}

static clipsearch_status block_status(const cs_weights *w, cs_clip_naming n, const cs_clip_config *c,
                                      clipsearch_error *err)
{
    cs_block_tensors out;
    clipsearch_status status = cs_clip_vision_block(w, n, c, c->vision.layers - 1, &out, err);
    return status == CLIPSEARCH_OK ? cs_clip_text_block(w, n, c, c->text.layers - 1, &out, err) : status;
}

static void test_misfits(void)
{
    static const struct {
        size_t offset; /* of the size in cs_clip_config that is changed */
        size_t value;
        clipsearch_status (*look)(const cs_weights *, cs_clip_naming, const cs_clip_config *, clipsearch_error *);
        const char *hf, *openai;
    } cases[] = {
        {offsetof(cs_clip_config, vision.width), 1024, vision_status,
         "\"vision_model.embeddings.patch_embedding.weight\" is of shape [768, 3, 32, 32], expected [1024, 3, 32, 32]",
         "\"visual.conv1.weight\" is of shape [768, 3, 32, 32], expected [1024, 3, 32, 32]"},
        {offsetof(cs_clip_config, patch_size), 16, vision_status, "expected [768, 3, 16, 16]",
         "expected [768, 3, 16, 16]"},
        {offsetof(cs_clip_config, image_size), 256, vision_status,
         "position_embedding.weight\" is of shape [50, 768], expected [65, 768]",
         "visual.positional_embedding\" is of shape [50, 768], expected [65, 768]"},
        {offsetof(cs_clip_config, dim), 640, vision_status,
         "\"visual_projection.weight\" is of shape [512, 768], expected [640, 768]",
         "\"visual.proj\" is of shape [768, 512], expected [768, 640]"},
        {offsetof(cs_clip_config, vision.layers), 11, vision_status,
         "\"vision_model.encoder.layers.11.layer_norm1.weight\" is there, but",
         "\"visual.transformer.resblocks.11.ln_1.weight\" is there, but the configuration says 11 layers"},
        {offsetof(cs_clip_config, vision.layers), 13, block_status,
         "\"vision_model.encoder.layers.12.layer_norm1.weight\", expected of shape [768], is not there",
         "\"visual.transformer.resblocks.12.ln_1.weight\", expected of shape [768], is not there"},
        {offsetof(cs_clip_config, vision.mlp), 3000, block_status,
         "mlp.fc1.weight\" is of shape [3072, 768], expected [3000, 768]",
         "mlp.c_fc.weight\" is of shape [3072, 768], expected [3000, 768]"},
        {offsetof(cs_clip_config, text.mlp), 100, block_status, "text_model.encoder.layers.11.mlp.fc1.weight\"",
         "\"transformer.resblocks.11.mlp.c_fc.weight\""},
        {offsetof(cs_clip_config, text.width), 768, text_status,
         "token_embedding.weight\" is of shape [49408, 512], expected [49408, 768]",
         "\"token_embedding.weight\" is of shape [49408, 512], expected [49408, 768]"},
        {offsetof(cs_clip_config, vocabulary), 49407, text_status, "expected [49407, 512]", "expected [49407, 512]"},
        {offsetof(cs_clip_config, context_length), 78, text_status,
         "position_embedding.weight\" is of shape [77, 512], expected [78, 512]",
         "\"positional_embedding\" is of shape [77, 512], expected [78, 512]"},
        {offsetof(cs_clip_config, dim), 640, text_status,
         "\"text_projection.weight\" is of shape [512, 512], expected [640, 512]",
         "\"text_projection\" is of shape [512, 512], expected [512, 640]"},
        {offsetof(cs_clip_config, text.layers), 6, text_status,
         "\"text_model.encoder.layers.6.layer_norm1.weight\" is there",
         "\"transformer.resblocks.6.ln_1.weight\" is there"},
    };
    char *path = cs_path_join(directory, "w.safetensors");
    for (int openai = 0; openai < 2; openai++) {
        struct model_file file = model_file_make();
        (openai ? model_file_add_openai : model_file_add_hugging_face)(&file, &b32);
        cs_weights *weights = NULL;
        clipsearch_error err = {0};
        if (!TAP_OK(model_file_write(&file, path) && cs_weights_open(path, &weights, &err) == CLIPSEARCH_OK, "opens %s",
                    err.message))
            continue;
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            cs_clip_config config = config_of(&b32);
            memcpy((char *)&config + cases[i].offset, &cases[i].value, sizeof(size_t));
            clipsearch_status status =
                cases[i].look(weights, openai ? CS_NAMING_OPENAI : CS_NAMING_HUGGING_FACE, &config, &err);
            TAP_OK(status == CLIPSEARCH_E_MODEL && strstr(err.message, path) &&
                       strstr(err.message, openai ? cases[i].openai : cases[i].hf),
                   "misfit: %s", err.message);
        }
        cs_weights_close(&weights);
    }
    unlink(path);
    cs_free(path);
}

static void test_naming(void)
{
    static const struct {
        const char *tensor;
        clipsearch_status status;
        cs_clip_naming naming;
        unsigned towers;
        const char *message;
    } cases[] = {
        {"vision_model.embeddings.class_embedding", CLIPSEARCH_OK, CS_NAMING_HUGGING_FACE, CLIPSEARCH_IMAGE_TOWER, ""},
        {"text_model.embeddings.token_embedding.weight", CLIPSEARCH_OK, CS_NAMING_HUGGING_FACE, CLIPSEARCH_TEXT_TOWER,
         ""},
        {"visual.class_embedding", CLIPSEARCH_OK, CS_NAMING_OPENAI, CLIPSEARCH_IMAGE_TOWER, ""},
        {"token_embedding.weight", CLIPSEARCH_OK, CS_NAMING_OPENAI, CLIPSEARCH_TEXT_TOWER, ""},
        {"text.token_embedding.weight", CLIPSEARCH_OK, CS_NAMING_CUSTOM_TEXT, CLIPSEARCH_TEXT_TOWER, ""},
        {"visual.layer1.0.conv1.weight", CLIPSEARCH_OK, CS_NAMING_OPENAI, CLIPSEARCH_IMAGE_TOWER, ""},
        {"fc.weight", CLIPSEARCH_E_MODEL, 0, 0, "these are no CLIP weights"},
    };
    char *path = cs_path_join(directory, "w.safetensors");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct model_file file = model_file_make();
        model_file_add(&file, cases[i].tensor, 1, (size_t[]){4});
        cs_weights *weights = NULL;
        clipsearch_error err = {0};
        cs_clip_naming naming = CS_NAMING_OPENAI;
        bool open = model_file_write(&file, path) && cs_weights_open(path, &weights, &err) == CLIPSEARCH_OK;
        clipsearch_status status = open ? cs_clip_naming_detect(weights, &naming, &err) : err.code;
        TAP_OK(open && status == cases[i].status && strstr(err.message, cases[i].message), "a file with %s: %s",
               cases[i].tensor, err.message);
        if (open && status == CLIPSEARCH_OK)
            TAP_OK(naming == cases[i].naming && cs_clip_towers(weights, naming) == cases[i].towers,
                   "a file with %s: naming and towers", cases[i].tensor);
        if (open)
            TAP_OK(cs_clip_logit_scale(weights) == 100.0F, "without logit_scale it is 100");
        cs_weights_close(&weights);
    }
    unlink(path);
    cs_free(path);
}

int main(void)
{
    if (!TAP_OK(mkdtemp(directory) != NULL, "temporary directory"))
        return tap_done();
    test_layouts();
    test_true_sizes();
    test_misfits();
    test_naming();
    TAP_OK(rmdir(directory) == 0, "nothing is left behind");
    return tap_done();
}
