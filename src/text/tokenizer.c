/* SPDX-License-Identifier: MIT
 * tokenizer.c - clean, split, encode, add the special tokens. */
#include "text/tokenizer.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "text/bpe.h"
#include "text/clean.h"
#include "text/compiled.h"
#include "text/merges.h"
#include "text/pieces.h"
#include "text/split.h"
#include "text/tokenizer_json.h"
#include "text/vocab_check.h"

#include <string.h>

enum { SPECIAL = 2, LEAST_CONTEXT = 2 /* start and end */ };

struct cs_tokenizer {
    cs_pieces pieces;
    cs_bpe bpe;
    cs_map compiled;    /* what both point into; data is NULL: they own their memory */
    int32_t start, end; /* ids of the special tokens */
    size_t context_length;
};

static bool add_special(cs_pieces *pieces, const char *spelling, int32_t *id)
{
    *id = (int32_t)pieces->count;
    return cs_pieces_add(pieces, spelling, strlen(spelling), "", 0);
}

/* Read the pieces and merges, and compare them with what vocabularies there are. */
static clipsearch_status read_vocabulary(cs_tokenizer *t, const char *merges, const char *vocab, size_t vocabulary,
                                         clipsearch_error *err)
{
    cs_merges_file file;
    clipsearch_status status = cs_merges_file_read(merges, &file, err);
    if (status == CLIPSEARCH_OK)
        status = cs_merges_add(merges, &file, vocabulary - CS_BPE_FIRST - SPECIAL, SPECIAL, &t->pieces, &t->bpe, err);
    if (status == CLIPSEARCH_OK &&
        (!add_special(&t->pieces, "<|startoftext|>", &t->start) || !add_special(&t->pieces, "<|endoftext|>", &t->end)))
        status = cs_fail(err, CLIPSEARCH_E_MODEL,
                         "%s: its merges spell out a special token; is it the file of this model?", merges);
    if (status == CLIPSEARCH_OK && file.document)
        status = cs_vocab_check_object(merges, cs_tokenizer_json_vocabulary(file.document), &t->pieces, err);
    if (status == CLIPSEARCH_OK && vocab)
        status = cs_vocab_check(vocab, &t->pieces, err);
    cs_merges_file_free(&file);
    return status;
}

clipsearch_status cs_tokenizer_open_compiled(const char *compiled, const char *merges, const char *vocab,
                                             size_t vocabulary, size_t context_length, cs_tokenizer **tokenizer,
                                             clipsearch_error *err)
{
    *tokenizer = NULL;
    if (vocabulary < CS_BPE_FIRST + SPECIAL || vocabulary > CS_BPE_MAX_ID)
        return cs_fail(err, CLIPSEARCH_E_MODEL,
                       "a vocabulary of %zu pieces, expected %d to %d; correct vocab_size in the model's configuration",
                       vocabulary, CS_BPE_FIRST + SPECIAL, CS_BPE_MAX_ID);
    if (context_length < LEAST_CONTEXT)
        return cs_fail(err, CLIPSEARCH_E_MODEL,
                       "a context of %zu tokens, expected at least %d; correct max_position_embeddings in the model's "
                       "configuration",
                       context_length, LEAST_CONTEXT);
    cs_tokenizer *t = cs_zalloc_array(1, sizeof *t);
    if (!t)
        return cs_fail_memory(err, "a tokenizer");
    t->context_length = context_length;
    clipsearch_status status = CLIPSEARCH_OK;
    const cs_compiled_sources sources = {.merges = merges, .vocab = vocab};
    if (compiled && cs_compiled_map(compiled, vocabulary, &sources, &t->compiled, &t->pieces, &t->bpe)) {
        t->start = (int32_t)vocabulary - SPECIAL;
        t->end = t->start + 1;
    } else {
        status = read_vocabulary(t, merges, vocab, vocabulary, err);
    }
    if (status != CLIPSEARCH_OK) {
        cs_tokenizer_close(&t);
        return status;
    }
    *tokenizer = t;
    return CLIPSEARCH_OK;
}

clipsearch_status cs_tokenizer_open(const char *merges, const char *vocab, size_t vocabulary, size_t context_length,
                                    cs_tokenizer **tokenizer, clipsearch_error *err)
{
    return cs_tokenizer_open_compiled(NULL, merges, vocab, vocabulary, context_length, tokenizer, err);
}

bool cs_tokenizer_is_compiled(const cs_tokenizer *tokenizer)
{
    return tokenizer->compiled.data != NULL;
}

clipsearch_status cs_tokenizer_compile(const char *merges, const char *vocab, size_t vocabulary, cs_buf *out,
                                       clipsearch_error *err)
{
    cs_tokenizer *t;
    clipsearch_status status = cs_tokenizer_open(merges, vocab, vocabulary, LEAST_CONTEXT, &t, err);
    if (status != CLIPSEARCH_OK)
        return status;
    status = cs_compiled_put(&t->pieces, &t->bpe, &(cs_compiled_sources){.merges = merges, .vocab = vocab}, out, err);
    cs_tokenizer_close(&t);
    return status;
}

void cs_tokenizer_close(cs_tokenizer **tokenizer)
{
    if (!*tokenizer)
        return;
    if (cs_tokenizer_is_compiled(*tokenizer)) {
        cs_map_close(&(*tokenizer)->compiled);
    } else {
        cs_pieces_free(&(*tokenizer)->pieces);
        cs_bpe_free(&(*tokenizer)->bpe);
    }
    cs_free(*tokenizer);
    *tokenizer = NULL;
}

/* The output: the first context_length ids are kept, and all are counted. */
typedef struct output {
    int32_t *ids; /* [room] */
    size_t room, count;
} output;

static void put(output *out, int32_t id)
{
    if (out->count < out->room)
        out->ids[out->count] = id;
    out->count++;
}

/* The symbols a word starts from: one id a byte, the last one's with "</w>". At most 4 * count; returns how many. */
static size_t symbols_of(const cs_pieces *pieces, const uint32_t *codepoints, size_t count, int32_t *symbols)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        char bytes[4];
        size_t size = cs_utf8_put(codepoints[i], bytes);
        for (size_t k = 0; k < size; k++)
            symbols[n++] = pieces->id_of_byte[(uint8_t)bytes[k]];
    }
    symbols[n - 1] += 256;
    return n;
}

/* Encode one word of `count` code points into `out`. False: out of memory. */
static bool encode_word(const cs_tokenizer *t, const uint32_t *codepoints, size_t count, output *out)
{
    int32_t small[CS_BPE_SMALL];
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += codepoints[i] < 0x80 ? 1 : codepoints[i] < 0x800 ? 2 : codepoints[i] < 0x10000 ? 3 : 4;
    int32_t *symbols = bytes <= CS_BPE_SMALL ? small : cs_alloc_array(bytes, sizeof *symbols);
    if (!symbols)
        return false;
    size_t n = symbols_of(&t->pieces, codepoints, count, symbols);
    bool ok = cs_bpe_encode(&t->bpe, symbols, &n);
    for (size_t i = 0; ok && i < n; i++)
        put(out, symbols[i]);
    if (symbols != small)
        cs_free(symbols);
    return ok;
}

/* How many bytes of a text's beginning a message shows: whole characters. */
static int naming_bytes(const char *text, size_t size)
{
    size_t n = size < 40 ? size : 40;
    while (n > 0 && n < size && ((unsigned char)text[n] & 0xC0) == 0x80)
        n--;
    return (int)n;
}

static clipsearch_status encode_text(const cs_tokenizer *tokenizer, const char *text, size_t size, bool refuse,
                                     int32_t *ids, size_t *count, bool *truncated, clipsearch_error *err)
{
    *count = 0;
    *truncated = false;
    cs_codepoints codepoints;
    cs_codepoints_init(&codepoints);
    clipsearch_status status = cs_clean_codepoints(text, size, &codepoints, err);
    if (status != CLIPSEARCH_OK)
        goto done;
    output out = {.ids = ids, .room = tokenizer->context_length};
    put(&out, tokenizer->start);
    cs_word word = {0};
    /* what follows a full context matters only for the number in an error message */
    while ((refuse || out.count < out.room) && cs_split_next(codepoints.at, codepoints.count, word.end, &word)) {
        if (word.kind != CS_WORD) {
            put(&out, word.kind == CS_WORD_START ? tokenizer->start : tokenizer->end);
        } else if (!encode_word(tokenizer, codepoints.at + word.begin, word.end - word.begin, &out)) {
            status = cs_fail_memory(err, "tokenizing a text");
            goto done;
        }
    }
    put(&out, tokenizer->end);
    if (out.count > out.room) {
        if (refuse) {
            int n = naming_bytes(text, size);
            status = cs_fail(err, CLIPSEARCH_E_LIMIT,
                             "the text \"%.*s%s\" has %zu tokens, more than the %zu that the model reads", n, text,
                             (size_t)n < size ? "..." : "", out.count, out.room);
            goto done;
        }
        ids[out.room - 1] = tokenizer->end;
        out.count = out.room;
        *truncated = true;
    }
    *count = out.count;
done:
    cs_codepoints_free(&codepoints);
    return status;
}

clipsearch_status cs_tokenizer_encode(const cs_tokenizer *tokenizer, const char *text, size_t size, bool refuse,
                                      int32_t *ids, size_t *count, clipsearch_error *err)
{
    bool truncated;
    return encode_text(tokenizer, text, size, refuse, ids, count, &truncated, err);
}

clipsearch_status cs_tokenizer_truncate(const cs_tokenizer *tokenizer, const char *text, size_t size, int32_t *ids,
                                        size_t *count, bool *truncated, clipsearch_error *err)
{
    return encode_text(tokenizer, text, size, false, ids, count, truncated, err);
}

const char *cs_tokenizer_piece(const cs_tokenizer *tokenizer, int32_t id)
{
    return id >= 0 && (size_t)id < tokenizer->pieces.count ? cs_pieces_text(&tokenizer->pieces, (size_t)id) : NULL;
}
