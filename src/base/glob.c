/* SPDX-License-Identifier: MIT
 * glob.c - a pattern is a chain of tokens; matching walks the set of tokens reached so far, so nothing backtracks. */
#include "base/glob.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <string.h>

typedef enum token_kind {
    TOKEN_CHARACTER,
    TOKEN_ANY,         /* ? */
    TOKEN_CLASS,       /* [...] */
    TOKEN_STAR,        /* *: stays on any character but '/' */
    TOKEN_DIRECTORIES, /* "**" and the slash behind it: nothing, or anything that ends in '/' */
    TOKEN_BELOW        /* "**" at the end: one character or more, '/' too */
} token_kind;

typedef struct token {
    token_kind kind;
    uint32_t code;        /* TOKEN_CHARACTER */
    size_t first, ranges; /* TOKEN_CLASS: where its ranges are */
    bool negated;
} token;

typedef struct range {
    uint32_t low, high;
} range;

struct cs_glob {
    bool fold, whole_path, directories_only;
    size_t count;
    token tokens[CS_GLOB_TOKENS];
    size_t range_count;
    range ranges[CS_GLOB_TOKENS];
};

/* Letters whose two cases are a fixed distance apart, or alternate: capital, small, capital ... (Unicode 15's simple
 * case folding; the alphabets that names of files are commonly written in). */
typedef struct letter_range {
    uint32_t first, last; /* capitals, or both cases when they alternate */
    uint32_t distance;    /* 1: they alternate, beginning with a capital at `first` */
} letter_range;

static const letter_range letters[] = {
    {'A', 'Z', 32},     {0xC0, 0xD6, 32},   {0xD8, 0xDE, 32},  /* Latin */
    {0x100, 0x12F, 1},  {0x132, 0x137, 1},  {0x139, 0x148, 1}, /* Latin Extended-A */
    {0x14A, 0x177, 1},  {0x179, 0x17E, 1},  {0x1E00, 0x1E95, 1}, {0x1EA0, 0x1EFF, 1},
    {0x391, 0x3A1, 32}, {0x3A3, 0x3AB, 32},                                         /* Greek */
    {0x410, 0x42F, 32}, {0x400, 0x40F, 80}, {0x460, 0x481, 1},   {0x48A, 0x4BF, 1}, /* Cyrillic */
    {0x4D0, 0x52F, 1},  {0x531, 0x556, 48},                                         /* Armenian */
};

/* The same letter in the other case; any other character is its own. */
static uint32_t other_case(uint32_t code)
{
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++) {
        const letter_range *r = &letters[i];
        if (r->distance == 1 && code >= r->first && code <= r->last)
            return (code - r->first) % 2 ? code - 1 : code + 1;
        if (r->distance > 1 && code >= r->first && code <= r->last)
            return code + r->distance;
        if (r->distance > 1 && code >= r->first + r->distance && code <= r->last + r->distance)
            return code - r->distance;
    }
    return code;
}

/* The next character and how many bytes it takes. A broken byte becomes a number that no character has, so that it
 * equals only itself. */
static size_t next_character(const char *text, size_t size, uint32_t *code)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t n = cs_utf8_length(text, size);
    if (n == 0) {
        *code = 0x110000u + s[0];
        return 1;
    }
    *code = n == 1 ? s[0] : s[0] & (0x7Fu >> n);
    for (size_t i = 1; i < n; i++)
        *code = *code << 6 | (s[i] & 0x3Fu);
    return n;
}

/* ---- compiling ---- */

typedef struct compiler {
    cs_glob *glob;
    const char *pattern, *at, *end;
    clipsearch_error *err;
} compiler;

/* One character of the pattern, an escaped one included. */
static clipsearch_status take_character(compiler *in, uint32_t *code)
{
    if (*in->at == '\\' && ++in->at == in->end)
        return cs_fail(in->err, CLIPSEARCH_E_ARGUMENT, "pattern \"%s\": a '\\' at the end escapes nothing",
                       in->pattern);
    in->at += next_character(in->at, (size_t)(in->end - in->at), code);
    return CLIPSEARCH_OK;
}

static clipsearch_status compile_class(compiler *in, token *out)
{
    cs_glob *glob = in->glob;
    out->kind = TOKEN_CLASS;
    out->first = glob->range_count;
    in->at++;
    if (in->at != in->end && (*in->at == '!' || *in->at == '^')) {
        out->negated = true;
        in->at++;
    }
    /* a ']' that comes first is an ordinary member, as in the shell */
    for (bool first = true; in->at != in->end && (*in->at != ']' || first); first = false) {
        if (glob->range_count == CS_GLOB_TOKENS)
            return cs_fail(in->err, CLIPSEARCH_E_LIMIT, "pattern \"%s\": longer than %d", in->pattern,
                           (int)CS_GLOB_TOKENS);
        range *r = &glob->ranges[glob->range_count];
        clipsearch_status status = take_character(in, &r->low);
        if (status != CLIPSEARCH_OK)
            return status;
        r->high = r->low;
        if (in->end - in->at >= 2 && in->at[0] == '-' && in->at[1] != ']') {
            in->at++;
            status = take_character(in, &r->high);
            if (status != CLIPSEARCH_OK)
                return status;
        }
        if (r->high < r->low)
            return cs_fail(in->err, CLIPSEARCH_E_ARGUMENT, "pattern \"%s\": a range in brackets runs backwards",
                           in->pattern);
        glob->range_count++;
    }
    out->ranges = glob->range_count - out->first;
    if (in->at == in->end)
        return cs_fail(in->err, CLIPSEARCH_E_ARGUMENT, "pattern \"%s\": '[' is not closed (write \\[ for a bracket)",
                       in->pattern);
    in->at++;
    return CLIPSEARCH_OK;
}

/* A run of stars: "**" that fills the space between slashes crosses directories, any other run is one '*'. */
static void compile_stars(compiler *in, token *out)
{
    const char *start = in->at;
    while (in->at != in->end && *in->at == '*')
        in->at++;
    bool fills = in->at - start == 2 && (start == in->pattern || start[-1] == '/');
    out->kind = TOKEN_STAR;
    if (fills && in->at == in->end) {
        out->kind = TOKEN_BELOW;
    } else if (fills && *in->at == '/') {
        out->kind = TOKEN_DIRECTORIES;
        in->at++;
    }
}

static clipsearch_status compile(compiler *in)
{
    cs_glob *glob = in->glob;
    while (in->at != in->end) {
        if (glob->count == CS_GLOB_TOKENS)
            return cs_fail(in->err, CLIPSEARCH_E_LIMIT, "pattern \"%s\": longer than %d", in->pattern,
                           (int)CS_GLOB_TOKENS);
        token *out = &glob->tokens[glob->count++];
        clipsearch_status status = CLIPSEARCH_OK;
        if (*in->at == '*') {
            compile_stars(in, out);
        } else if (*in->at == '[') {
            status = compile_class(in, out);
        } else if (*in->at == '?') {
            out->kind = TOKEN_ANY;
            in->at++;
        } else {
            out->kind = TOKEN_CHARACTER;
            status = take_character(in, &out->code);
        }
        if (status != CLIPSEARCH_OK)
            return status;
    }
    return CLIPSEARCH_OK;
}

clipsearch_status cs_glob_open(const char *pattern, bool fold, cs_glob **out, clipsearch_error *err)
{
    *out = NULL;
    const char *start = pattern, *end = pattern + strlen(pattern);
    bool directories_only = end != start && end[-1] == '/';
    while (end != start && end[-1] == '/')
        end--;
    bool whole_path = memchr(start, '/', (size_t)(end - start)) != NULL;
    while (start != end && *start == '/')
        start++; /* "/a" is a at the top of the source */
    if (start == end)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "pattern \"%s\": empty", pattern);
    cs_glob *glob = cs_zalloc_array(1, sizeof *glob);
    if (!glob)
        return cs_fail_memory(err, "a pattern");
    glob->fold = fold;
    glob->whole_path = whole_path;
    glob->directories_only = directories_only;
    compiler in = {.glob = glob, .pattern = pattern, .at = start, .end = end, .err = err};
    clipsearch_status status = compile(&in);
    if (status != CLIPSEARCH_OK)
        cs_glob_close(&glob);
    *out = glob;
    return status;
}

void cs_glob_close(cs_glob **glob)
{
    cs_free(*glob);
    *glob = NULL;
}

bool cs_glob_directories_only(const cs_glob *glob)
{
    return glob->directories_only;
}

/* ---- matching ---- */

/* Tokens that the text read so far can have led to; number `count` means the whole pattern is used up. */
typedef struct reached {
    bool at[CS_GLOB_TOKENS + 1];
} reached;

/* Enter token i, and what follows it for nothing. Every token is entered behind the start or a '/', so far as
 * TOKEN_DIRECTORIES is concerned: it stands nowhere else. */
static void enter(const cs_glob *glob, reached *set, size_t i)
{
    for (;; i++) {
        set->at[i] = true;
        if (i == glob->count || (glob->tokens[i].kind != TOKEN_STAR && glob->tokens[i].kind != TOKEN_DIRECTORIES))
            return;
    }
}

static bool class_has(const cs_glob *glob, const token *t, uint32_t code)
{
    const uint32_t other = glob->fold ? other_case(code) : code;
    for (size_t i = 0; i < t->ranges; i++) {
        const range *r = &glob->ranges[t->first + i];
        if ((code >= r->low && code <= r->high) || (other >= r->low && other <= r->high))
            return true;
    }
    return false;
}

/* Where token i leads on reading `code`. */
static void step(const cs_glob *glob, size_t i, uint32_t code, reached *next)
{
    const token *t = &glob->tokens[i];
    switch (t->kind) {
    case TOKEN_CHARACTER:
        if (code == t->code || (glob->fold && other_case(code) == t->code))
            enter(glob, next, i + 1);
        break;
    case TOKEN_ANY:
        if (code != '/')
            enter(glob, next, i + 1);
        break;
    case TOKEN_CLASS:
        if (code != '/' && class_has(glob, t, code) != t->negated)
            enter(glob, next, i + 1);
        break;
    case TOKEN_STAR:
        if (code != '/')
            enter(glob, next, i);
        break;
    case TOKEN_DIRECTORIES:
        next->at[i] = true; /* in the middle of a name: what follows it may not begin here */
        if (code == '/')
            enter(glob, next, i + 1);
        break;
    case TOKEN_BELOW:
        next->at[i] = true;
        enter(glob, next, i + 1);
        break;
    }
}

bool cs_glob_match(const cs_glob *glob, const char *path)
{
    const char *text = glob->whole_path ? path : cs_path_base(path);
    const char *end = text + strlen(text);
    reached sets[2], *now = &sets[0], *next = &sets[1];
    size_t bytes = glob->count + 1;
    memset(now->at, 0, bytes);
    enter(glob, now, 0);
    while (text != end) {
        uint32_t code;
        text += next_character(text, (size_t)(end - text), &code);
        memset(next->at, 0, bytes);
        for (size_t i = 0; i < glob->count; i++)
            if (now->at[i])
                step(glob, i, code, next);
        reached *swap = now;
        now = next;
        next = swap;
    }
    return now->at[glob->count];
}

bool cs_glob_match_any(cs_glob *const *globs, size_t count, const char *path, bool is_directory)
{
    for (size_t i = 0; i < count; i++)
        if ((is_directory || !globs[i]->directories_only) && cs_glob_match(globs[i], path))
            return true;
    return false;
}
