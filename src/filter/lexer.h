/* SPDX-License-Identifier: MIT
 * lexer.h - the filter language's tokens, and its errors with their column. */
#ifndef CS_FILTER_LEXER_H
#define CS_FILTER_LEXER_H

#include "base/buf.h"
#include "base/error.h"

typedef enum cs_token_kind {
    CS_TOKEN_END,
    CS_TOKEN_NAME,
    CS_TOKEN_STRING,
    CS_TOKEN_NUMBER,
    CS_TOKEN_OPEN,         /* ( */
    CS_TOKEN_CLOSE,        /* ) */
    CS_TOKEN_OPEN_SQUARE,  /* [ */
    CS_TOKEN_CLOSE_SQUARE, /* ] */
    CS_TOKEN_COMMA,
    CS_TOKEN_DOT,
    CS_TOKEN_EQ,
    CS_TOKEN_NE,
    CS_TOKEN_LT,
    CS_TOKEN_LE,
    CS_TOKEN_GT,
    CS_TOKEN_GE,
    CS_TOKEN_PLUS,
    CS_TOKEN_MINUS,
    CS_TOKEN_STAR,
    CS_TOKEN_SLASH,
    CS_TOKEN_PERCENT,
    CS_TOKEN_AND,
    CS_TOKEN_OR,
    CS_TOKEN_NOT,
    CS_TOKEN_IN,
    CS_TOKEN_LIKE,
    CS_TOKEN_IS,
    CS_TOKEN_NULL,
    CS_TOKEN_EXISTS,
    CS_TOKEN_TRUE,
    CS_TOKEN_FALSE
} cs_token_kind;

typedef struct cs_token {
    cs_token_kind kind;
    size_t at, size; /* bytes of the text */
    bool is_word;    /* letters: a name, or a keyword, which behind a dot is a name too */
} cs_token;

typedef struct cs_lexer {
    const char *text;
    size_t size, at;
    size_t column; /* of the error, once there is one */
} cs_lexer;

/* Take the next token. At the end CS_TOKEN_END comes again and again. */
clipsearch_status cs_lexer_next(cs_lexer *lexer, cs_token *token, clipsearch_error *err);

/* Append the characters a string token stands for; there is no NUL among them. \% and \_ stay as they are, for like. */
clipsearch_status cs_lexer_unquote(cs_lexer *lexer, const cs_token *token, cs_buf *out, clipsearch_error *err);

/* "filter, column N: " and the message; N is that of the byte `at`. */
clipsearch_status cs_lexer_fail(cs_lexer *lexer, clipsearch_status code, size_t at, clipsearch_error *err,
                                const char *format, ...) __attribute__((format(printf, 5, 6)));
/* "... expected WHAT, found TOKEN". */
clipsearch_status cs_lexer_fail_expected(cs_lexer *lexer, const cs_token *found, const char *what,
                                         clipsearch_error *err);

#endif
