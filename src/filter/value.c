/* SPDX-License-Identifier: MIT
 * value.c - the filter language's values: fields and attributes, numbers, strings, calculations. */
#include "filter/parser.h"

#include "base/json.h"
#include "base/mem.h"

#include <string.h>

const cs_filter_field_row cs_filter_fields[CS_FIELDS] = {
    [CS_FIELD_ID] = {"id", CS_TYPE_NUMBER},         [CS_FIELD_PATH] = {"path", CS_TYPE_TEXT},
    [CS_FIELD_NAME] = {"name", CS_TYPE_TEXT},       [CS_FIELD_SIZE] = {"size", CS_TYPE_NUMBER},
    [CS_FIELD_MTIME] = {"mtime", CS_TYPE_NUMBER},   [CS_FIELD_WIDTH] = {"width", CS_TYPE_NUMBER},
    [CS_FIELD_HEIGHT] = {"height", CS_TYPE_NUMBER},
};

/* ---- nodes */

cs_filter_node *cs_parser_node(const cs_parser *p, uint32_t number)
{
    return &p->tree->nodes[number];
}

clipsearch_status cs_parser_add(cs_parser *p, cs_filter_node new_node, uint32_t *number, clipsearch_error *err)
{
    cs_filter_tree *tree = p->tree;
    cs_filter_node *nodes = cs_grow(tree->nodes, &tree->capacity, (size_t)tree->count + 1, sizeof *nodes);
    if (!nodes)
        return cs_fail_memory(err, "a filter");
    tree->nodes = nodes;
    *number = tree->count;
    tree->nodes[tree->count++] = new_node;
    return CLIPSEARCH_OK;
}

static clipsearch_status count_one(cs_parser *p, unsigned *count, unsigned max, const char *what, size_t at,
                                   clipsearch_error *err)
{
    if (*count == max)
        return cs_lexer_fail(p->lexer, CLIPSEARCH_E_LIMIT, at, err, "more than %u %s in one filter", max, what);
    ++*count;
    return CLIPSEARCH_OK;
}

clipsearch_status cs_parser_advance(cs_parser *p, clipsearch_error *err)
{
    return cs_lexer_next(p->lexer, &p->token, err);
}

clipsearch_status cs_parser_expect(cs_parser *p, cs_token_kind kind, const char *what, clipsearch_error *err)
{
    return p->token.kind == kind ? cs_parser_advance(p, err) : cs_lexer_fail_expected(p->lexer, &p->token, what, err);
}

clipsearch_status cs_parser_fail_at(cs_parser *p, uint32_t number, const char *message, clipsearch_error *err)
{
    return cs_lexer_fail(p->lexer, CLIPSEARCH_E_ARGUMENT, cs_parser_node(p, number)->at, err, "%s", message);
}

clipsearch_status cs_parser_need_value(cs_parser *p, uint32_t number, clipsearch_error *err)
{
    if (cs_parser_node(p, number)->type == CS_TYPE_CONDITION)
        return cs_parser_fail_at(p, number,
                                 "expected a value, found a condition; conditions are joined by and, or, not", err);
    return CLIPSEARCH_OK;
}

static clipsearch_status need_number(cs_parser *p, uint32_t number, clipsearch_error *err)
{
    clipsearch_status status = cs_parser_need_value(p, number, err);
    if (!status && cs_parser_node(p, number)->type != CS_TYPE_NUMBER && cs_parser_node(p, number)->type != CS_TYPE_ANY)
        status = cs_parser_fail_at(p, number, "expected a number to calculate with", err);
    return status;
}

/* ---- fields */

/* One more key behind those an attribute has. Keys are added one after the other, so they lie together. */
static clipsearch_status add_key(cs_parser *p, uint32_t attribute, cs_filter_node key, clipsearch_error *err)
{
    uint32_t number = 0;
    if (cs_parser_node(p, attribute)->count == CS_FILTER_MAX_KEYS)
        return cs_lexer_fail(p->lexer, CLIPSEARCH_E_LIMIT, key.at, err, "an attribute of more than %d steps",
                             CS_FILTER_MAX_KEYS);
    clipsearch_status status = cs_parser_add(p, key, &number, err);
    if (status)
        return status;
    if (cs_parser_node(p, attribute)->count++ == 0)
        cs_parser_node(p, attribute)->first = number;
    return status;
}

/* Keep the bytes a token stands for. */
static clipsearch_status keep_text(cs_parser *p, const cs_token *token, cs_filter_node *n, clipsearch_error *err)
{
    cs_buf *texts = &p->tree->texts;
    clipsearch_status status = CLIPSEARCH_OK;
    n->text = texts->len;
    if (token->kind == CS_TOKEN_STRING)
        status = cs_lexer_unquote(p->lexer, token, texts, err);
    else
        cs_buf_append(texts, p->lexer->text + token->at, token->size);
    n->text_size = texts->len - n->text;
    cs_buf_putc(texts, '\0');
    return status ? status : texts->failed ? cs_fail_memory(err, "a filter") : CLIPSEARCH_OK;
}

static clipsearch_status read_number(cs_parser *p, cs_filter_node *n, clipsearch_error *err)
{
    cs_json_document *document = NULL;
    const cs_token *token = &p->token;
    clipsearch_status status = cs_json_parse(p->lexer->text + token->at, token->size, "a number", 1, &document, NULL);
    if (status)
        return status == CLIPSEARCH_E_MEMORY ? cs_fail_memory(err, "a filter")
                                             : cs_lexer_fail(p->lexer, CLIPSEARCH_E_LIMIT, token->at, err,
                                                             "a number beyond the range of a double");
    const cs_json *value = cs_json_root(document);
    *n = (cs_filter_node){.kind = value->is_integer ? CS_NODE_INTEGER : CS_NODE_REAL,
                          .type = CS_TYPE_NUMBER,
                          .at = token->at,
                          .integer = value->integer,
                          .real = value->number};
    cs_json_close(&document);
    return CLIPSEARCH_OK;
}

/* The text behind a dot, or between square brackets; the opening mark has been taken. */
static clipsearch_status read_key(cs_parser *p, uint32_t attribute, bool dot, clipsearch_error *err)
{
    cs_filter_node key = {.kind = CS_NODE_STRING, .type = CS_TYPE_TEXT, .at = p->token.at};
    clipsearch_status status;
    if (dot && !p->token.is_word)
        return cs_lexer_fail_expected(p->lexer, &p->token, "a name behind the dot", err);
    if (dot || p->token.kind == CS_TOKEN_STRING)
        status = keep_text(p, &p->token, &key, err);
    else if (p->token.kind == CS_TOKEN_NUMBER)
        status = read_number(p, &key, err);
    else
        return cs_lexer_fail_expected(p->lexer, &p->token, "a key in quotes or the number of an element", err);
    if (!status && !dot && key.kind == CS_NODE_REAL)
        status = cs_lexer_fail(p->lexer, CLIPSEARCH_E_ARGUMENT, key.at, err, "expected a whole number");
    if (!status)
        status = add_key(p, attribute, key, err);
    if (!status)
        status = cs_parser_advance(p, err);
    return status || dot ? status : cs_parser_expect(p, CS_TOKEN_CLOSE_SQUARE, "]", err);
}

static bool is_word(const cs_parser *p, const char *word)
{
    return strlen(word) == p->token.size && memcmp(p->lexer->text + p->token.at, word, p->token.size) == 0;
}

/* A name: a built-in field, or an attribute with its keys. `attributes` (and, as Milvus calls it, $meta) is all of
 * them, for those whose names mean something else. */
static clipsearch_status parse_field(cs_parser *p, uint32_t *number, clipsearch_error *err)
{
    cs_filter_node field = {.kind = CS_NODE_ATTRIBUTE, .type = CS_TYPE_ANY, .at = p->token.at};
    bool whole = is_word(p, "attributes") || is_word(p, "$meta");
    if (!whole && p->lexer->text[p->token.at] == '$')
        return cs_lexer_fail_expected(p->lexer, &p->token, "a name without $", err);
    for (uint32_t i = 0; i < CS_FIELDS; i++)
        if (is_word(p, cs_filter_fields[i].name))
            field = (cs_filter_node){
                .kind = CS_NODE_FIELD, .type = cs_filter_fields[i].type, .at = p->token.at, .index = i};
    clipsearch_status status = count_one(p, &p->fields, CS_FILTER_MAX_FIELDS, "fields", field.at, err);
    if (!status)
        status = cs_parser_add(p, field, number, err);
    if (!status && field.kind == CS_NODE_ATTRIBUTE && !whole) {
        cs_filter_node key = {.kind = CS_NODE_STRING, .type = CS_TYPE_TEXT, .at = field.at};
        status = keep_text(p, &p->token, &key, err);
        if (!status)
            status = add_key(p, *number, key, err);
    }
    if (!status)
        status = cs_parser_advance(p, err);
    while (!status && (p->token.kind == CS_TOKEN_DOT || p->token.kind == CS_TOKEN_OPEN_SQUARE)) {
        bool dot = p->token.kind == CS_TOKEN_DOT;
        if (field.kind == CS_NODE_FIELD)
            return cs_lexer_fail(p->lexer, CLIPSEARCH_E_ARGUMENT, p->token.at, err,
                                 "%s is a field of its own and holds no others; an attribute of that name is written "
                                 "attributes.%s",
                                 cs_filter_fields[field.index].name, cs_filter_fields[field.index].name);
        status = cs_parser_advance(p, err);
        if (!status)
            status = read_key(p, *number, dot, err);
    }
    if (!status && field.kind == CS_NODE_ATTRIBUTE && cs_parser_node(p, *number)->count == 0)
        status = cs_lexer_fail_expected(p->lexer, &p->token, "the attribute's name, as in attributes.size", err);
    return status;
}

/* ---- values */

clipsearch_status cs_parser_literal(cs_parser *p, uint32_t *number, clipsearch_error *err)
{
    cs_filter_node n = {.at = p->token.at};
    clipsearch_status status = count_one(p, &p->values, CS_FILTER_MAX_VALUES, "values", n.at, err);
    if (status)
        return status;
    switch (p->token.kind) {
    case CS_TOKEN_NUMBER:
        status = read_number(p, &n, err);
        break;
    case CS_TOKEN_STRING:
        n.kind = CS_NODE_STRING;
        n.type = CS_TYPE_TEXT;
        status = keep_text(p, &p->token, &n, err);
        break;
    default: /* CS_TOKEN_TRUE, CS_TOKEN_FALSE */
        n.kind = CS_NODE_BOOLEAN;
        n.type = CS_TYPE_BOOLEAN;
        n.integer = p->token.kind == CS_TOKEN_TRUE;
        break;
    }
    if (!status)
        status = cs_parser_add(p, n, number, err);
    return status ? status : cs_parser_advance(p, err);
}

static clipsearch_status parse_primary(cs_parser *p, uint32_t *number, clipsearch_error *err)
{
    clipsearch_status status;
    switch (p->token.kind) {
    case CS_TOKEN_NUMBER:
    case CS_TOKEN_STRING:
    case CS_TOKEN_TRUE:
    case CS_TOKEN_FALSE:
        return cs_parser_literal(p, number, err);
    case CS_TOKEN_NAME:
        return parse_field(p, number, err);
    case CS_TOKEN_OPEN:
        if (p->depth == CS_FILTER_MAX_DEPTH)
            return cs_lexer_fail(p->lexer, CLIPSEARCH_E_LIMIT, p->token.at, err, "parentheses more than %d deep",
                                 CS_FILTER_MAX_DEPTH);
        p->depth++;
        status = cs_parser_advance(p, err);
        if (!status)
            status = cs_parser_condition(p, number, err);
        if (!status)
            status = cs_parser_expect(p, CS_TOKEN_CLOSE, ")", err);
        p->depth--;
        return status;
    case CS_TOKEN_NULL:
        return cs_lexer_fail(p->lexer, CLIPSEARCH_E_ARGUMENT, p->token.at, err,
                             "expected a value; whether there is one is asked by \"is null\" and \"is not null\"");
    default:
        return cs_lexer_fail_expected(p->lexer, &p->token, "a field, a value or (", err);
    }
}

static clipsearch_status add_arithmetic(cs_parser *p, cs_filter_node n, uint32_t *number, clipsearch_error *err)
{
    unsigned left = cs_parser_node(p, n.left)->depth,
             right = n.kind == CS_NODE_NEGATIVE ? 0 : cs_parser_node(p, n.right)->depth;
    n.type = CS_TYPE_NUMBER;
    n.at = cs_parser_node(p, n.left)->at;
    n.depth = 1 + (left > right ? left : right);
    if (n.depth > CS_FILTER_MAX_ARITHMETIC)
        return cs_lexer_fail(p->lexer, CLIPSEARCH_E_LIMIT, n.at, err, "a calculation of more than %d steps",
                             CS_FILTER_MAX_ARITHMETIC);
    return cs_parser_add(p, n, number, err);
}

/* Signs fold into a number; of a row of them only their product counts. */
static clipsearch_status parse_signed(cs_parser *p, uint32_t *number, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    bool any = false, negative = false;
    size_t at = p->token.at;
    while (!status && (p->token.kind == CS_TOKEN_MINUS || p->token.kind == CS_TOKEN_PLUS)) {
        any = true;
        negative ^= p->token.kind == CS_TOKEN_MINUS;
        status = cs_parser_advance(p, err);
    }
    if (!status)
        status = parse_primary(p, number, err);
    if (status || !any)
        return status;
    status = need_number(p, *number, err);
    if (status)
        return status;
    cs_filter_node *n = cs_parser_node(p, *number);
    if (!negative && n->type == CS_TYPE_NUMBER)
        return CLIPSEARCH_OK;
    if (n->kind == CS_NODE_INTEGER || n->kind == CS_NODE_REAL) {
        n->integer = -n->integer; /* not negative so far, so there is such a number */
        n->real = -n->real;
        n->at = at;
        return CLIPSEARCH_OK;
    }
    cs_filter_node sign = {.kind = CS_NODE_NEGATIVE, .left = *number};
    status = add_arithmetic(p, sign, number, err);
    if (!status && !negative) { /* +attribute: a number, unlike the attribute alone */
        sign.left = *number;
        status = add_arithmetic(p, sign, number, err);
    }
    return status;
}

/* The token is an operator of `kind` behind *number: read its right side, and make *number the whole. */
static clipsearch_status parse_right(cs_parser *p, cs_filter_kind kind,
                                     clipsearch_status (*parse)(cs_parser *, uint32_t *, clipsearch_error *),
                                     uint32_t *number, clipsearch_error *err)
{
    cs_filter_node n = {.kind = kind, .left = *number};
    clipsearch_status status = need_number(p, n.left, err);
    if (!status)
        status = cs_parser_advance(p, err);
    if (!status)
        status = parse(p, &n.right, err);
    if (!status)
        status = need_number(p, n.right, err);
    return status ? status : add_arithmetic(p, n, number, err);
}

static clipsearch_status parse_product(cs_parser *p, uint32_t *number, clipsearch_error *err)
{
    clipsearch_status status = parse_signed(p, number, err);
    while (!status && p->token.kind >= CS_TOKEN_STAR && p->token.kind <= CS_TOKEN_PERCENT)
        status = parse_right(p, (cs_filter_kind)(CS_NODE_MULTIPLY + (p->token.kind - CS_TOKEN_STAR)), parse_signed,
                             number, err);
    return status;
}

clipsearch_status cs_parser_sum(cs_parser *p, uint32_t *number, clipsearch_error *err)
{
    clipsearch_status status = parse_product(p, number, err);
    while (!status && (p->token.kind == CS_TOKEN_PLUS || p->token.kind == CS_TOKEN_MINUS))
        status =
            parse_right(p, p->token.kind == CS_TOKEN_PLUS ? CS_NODE_ADD : CS_NODE_SUBTRACT, parse_product, number, err);
    return status;
}
