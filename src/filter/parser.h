/* SPDX-License-Identifier: MIT
 * parser.h - what the parts of the filter language's parser share: value.c reads values, parse.c conditions, date.c
 * dates. */
#ifndef CS_FILTER_PARSER_H
#define CS_FILTER_PARSER_H

#include "filter/lexer.h"
#include "filter/tree.h"

typedef struct cs_parser {
    cs_lexer *lexer;
    cs_filter_tree *tree;
    cs_token token; /* the next one, not yet taken */
    unsigned depth; /* parentheses open */
    bool asked;     /* something was asked of the value read last */
    unsigned fields, values;
} cs_parser;

/* Each of those that read begins at p->token and leaves the first token it does not take there; *number receives the
 * node. */

/* ---- value.c */

/* The node; the pointer lives until the next node is added. */
cs_filter_node *cs_parser_node(const cs_parser *p, uint32_t number);
clipsearch_status cs_parser_add(cs_parser *p, cs_filter_node node, uint32_t *number, clipsearch_error *err);
/* Take the next token. */
clipsearch_status cs_parser_advance(cs_parser *p, clipsearch_error *err);
/* The same if the one at hand is of `kind`, which `what` says in words. */
clipsearch_status cs_parser_expect(cs_parser *p, cs_token_kind kind, const char *what, clipsearch_error *err);
/* CLIPSEARCH_E_ARGUMENT where the node begins. */
clipsearch_status cs_parser_fail_at(cs_parser *p, uint32_t number, const char *message, clipsearch_error *err);
clipsearch_status cs_parser_need_value(cs_parser *p, uint32_t number, clipsearch_error *err);
/* A number without sign, a string, true or false. */
clipsearch_status cs_parser_literal(cs_parser *p, uint32_t *number, clipsearch_error *err);
/* A value with its arithmetic, or a condition in parentheses. */
clipsearch_status cs_parser_sum(cs_parser *p, uint32_t *number, clipsearch_error *err);

/* ---- parse.c */

/* Whether the next token is this word, in small letters or capitals. Not a keyword: attributes may have the name. */
bool cs_parser_at_word(const cs_parser *p, const char *word);
/* A condition or value with and and or. */
clipsearch_status cs_parser_condition(cs_parser *p, uint32_t *number, clipsearch_error *err);

/* ---- date.c */

/* Seconds since 1970 of "2024-05-31", "2024-05-31T18:00", "2024-05-31 18:00:07.5", with "Z" or "+02:00" behind a time;
 * without, it is UTC. False for anything else. */
bool cs_filter_date(const char *text, double *seconds);

#endif
