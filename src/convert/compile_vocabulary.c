/* SPDX-License-Identifier: MIT
 * compile_vocabulary.c - a model's vocabulary in the form in which texts are encoded, beside the files it is read from.
 */
#include "convert/convert.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/replace.h"
#include "text/tokenizer.h"

enum { MAX_COMPILED = 256 << 20 };

clipsearch_status cs_compile_vocabulary(const char *merges, const char *vocab, size_t vocabulary, const char *to,
                                        clipsearch_error *err)
{
    cs_buf buf = cs_buf_make(MAX_COMPILED);
    char *path = cs_path_join(to, CS_COMPILED_VOCABULARY);
    clipsearch_status status = path ? cs_tokenizer_compile(merges, vocab, vocabulary, &buf, err)
                                    : cs_fail_memory(err, "a compiled vocabulary");
    if (status == CLIPSEARCH_OK)
        status = cs_replace_file(path, buf.data, buf.len, err);
    cs_free(path);
    cs_buf_free(&buf);
    return status;
}

/* Whether the model's tokenizer uses the file that is there. */
static bool is_compiled(const cs_model_dir *dir)
{
    cs_tokenizer *tokenizer = NULL;
    const cs_clip_config *config = &dir->config;
    const bool is = dir->compiled &&
                    cs_tokenizer_open_compiled(dir->compiled, dir->merges, dir->vocab, config->vocabulary,
                                               config->context_length, &tokenizer, NULL) == CLIPSEARCH_OK &&
                    cs_tokenizer_is_compiled(tokenizer);
    cs_tokenizer_close(&tokenizer);
    return is;
}

clipsearch_status cs_model_compile(const char *path, bool *written, clipsearch_error *err)
{
    cs_model_dir dir = {0};
    cs_weights *weights = NULL;
    cs_file_info info;
    *written = false;
    clipsearch_status status = cs_file_stat(path, &info, err);
    if (status == CLIPSEARCH_OK && !info.is_directory)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: is a file; a vocabulary is compiled in a model's directory",
                       path);
    if (status == CLIPSEARCH_OK)
        status = cs_model_dir_open(path, &dir, &weights, err);
    cs_weights_close(&weights);
    if (status == CLIPSEARCH_OK && !dir.image_only && dir.merges && !is_compiled(&dir)) {
        status = cs_compile_vocabulary(dir.merges, dir.vocab, dir.config.vocabulary, path, err);
        *written = status == CLIPSEARCH_OK;
    }
    cs_model_dir_free(&dir);
    return status;
}
