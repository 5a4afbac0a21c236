/* SPDX-License-Identifier: MIT
 * filter_parse.c - the filter language's grammar: a descent by precedence, as deep as the parentheses go. */
#include "store/filter_tree.h"

#include "base/json.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* A path is a BLOB in the table, so that any name can be stored; as TEXT its bytes are the same. */
const cs_filter_field_row cs_filter_fields[CS_FIELDS] = {
    [CS_FIELD_ID] = {"id", CS_TYPE_NUMBER, "items.id"},
    [CS_FIELD_PATH] = {"path", CS_TYPE_TEXT, "CAST(items.path AS TEXT)"},
    [CS_FIELD_NAME] = {"name", CS_TYPE_TEXT, "clipsearch_name(items.path)"},
    [CS_FIELD_SIZE] = {"size", CS_TYPE_NUMBER, "items.size"},
    [CS_FIELD_MTIME] = {"mtime", CS_TYPE_NUMBER, "(items.mtime_ns / 1e9)"},
    [CS_FIELD_WIDTH] = {"width", CS_TYPE_NUMBER, "items.width"},
    [CS_FIELD_HEIGHT] = {"height", CS_TYPE_NUMBER, "items.height"},
};

typedef struct parser {
    cs_lexer *lexer;
    cs_filter_tree *tree;
    cs_token token; /* the next one, not yet taken */
    unsigned depth; /* parentheses open */
    bool asked;     /* something was asked of the value read last */
    unsigned fields, values;
} parser;

/* ---- nodes */

static cs_filter_node *node(const parser *p, uint32_t number)
{
    return &p->tree->nodes[number];
}

static clipsearch_status add(parser *p, cs_filter_node new_node, uint32_t *number, clipsearch_error *err)
{
    cs_filter_tree *tree = p->tree;
    if (tree->count == tree->capacity) {
        uint32_t capacity = tree->capacity ? tree->capacity * 2 : 32;
        cs_filter_node *nodes = cs_realloc_array(tree->nodes, capacity, sizeof *nodes);
        if (!nodes)
            return cs_fail_memory(err, "a filter");
        tree->nodes = nodes;
        tree->capacity = capacity;
    }
    *number = tree->count;
    tree->nodes[tree->count++] = new_node;
    return CLIPSEARCH_OK;
}

static clipsearch_status count_one(parser *p, unsigned *count, unsigned max, const char *what, size_t at,
                                   clipsearch_error *err)
{
    if (*count == max)
        return cs_lexer_fail(p->lexer, CLIPSEARCH_E_LIMIT, at, err, "more than %u %s in one filter", max, what);
    ++*count;
    return CLIPSEARCH_OK;
}

static clipsearch_status advance(parser *p, clipsearch_error *err)
{
    return cs_lexer_next(p->lexer, &p->token, err);
}

static clipsearch_status expect(parser *p, cs_token_kind kind, const char *what, clipsearch_error *err)
{
    return p->token.kind == kind ? advance(p, err) : cs_lexer_fail_expected(p->lexer, &p->token, what, err);
}

static clipsearch_status fail_at(parser *p, uint32_t number, const char *message, clipsearch_error *err)
{
    return cs_lexer_fail(p->lexer, CLIPSEARCH_E_ARGUMENT, node(p, number)->at, err, "%s", message);
}

/* ---- what a node may stand for */

/* A condition is wanted: an attribute alone asks whether it is true. */
static clipsearch_status need_condition(parser *p, uint32_t *number, clipsearch_error *err)
{
    const cs_filter_node *n = node(p, *number);
    if (n->type == CS_TYPE_CONDITION || n->kind == CS_NODE_BOOLEAN)
        return CLIPSEARCH_OK;
    if (n->kind == CS_NODE_ATTRIBUTE)
        return add(p, (cs_filter_node){.kind = CS_NODE_TRUTH, .type = CS_TYPE_CONDITION, .at = n->at, .left = *number},
                   number, err);
    return fail_at(p, *number, "expected a condition such as width > 100; this is a value that nothing is asked of",
                   err);
}

static clipsearch_status need_value(parser *p, uint32_t number, clipsearch_error *err)
{
    if (node(p, number)->type == CS_TYPE_CONDITION)
        return fail_at(p, number, "expected a value, found a condition; conditions are joined by and, or, not", err);
    return CLIPSEARCH_OK;
}

static clipsearch_status need_number(parser *p, uint32_t number, clipsearch_error *err)
{
    clipsearch_status status = need_value(p, number, err);
    if (!status && node(p, number)->type != CS_TYPE_NUMBER && node(p, number)->type != CS_TYPE_ANY)
        status = fail_at(p, number, "expected a number to calculate with", err);
    return status;
}

static const char *type_words(cs_filter_type type)
{
    return type == CS_TYPE_NUMBER ? "a number" : type == CS_TYPE_TEXT ? "a string" : "true or false";
}

static bool is_mtime(const cs_filter_node *n)
{
    return n->kind == CS_NODE_FIELD && n->index == CS_FIELD_MTIME;
}

/* A string opposite mtime is a date. */
static clipsearch_status read_date(parser *p, uint32_t opposite, uint32_t number, clipsearch_error *err)
{
    cs_filter_node *n = node(p, number);
    double seconds;
    if (!is_mtime(node(p, opposite)) || n->kind != CS_NODE_STRING)
        return CLIPSEARCH_OK;
    if (!cs_filter_date(p->tree->texts.data + n->text, &seconds))
        return fail_at(p, number, "expected a date such as \"2024-05-31\" or \"2024-05-31T18:00:00+02:00\"", err);
    n->kind = CS_NODE_REAL;
    n->type = CS_TYPE_NUMBER;
    n->real = seconds;
    return CLIPSEARCH_OK;
}

/* Types that are known must fit: attributes may be of any, but a slip in what is written is told. */
static clipsearch_status check_types(parser *p, uint32_t left, uint32_t right, bool ordered, clipsearch_error *err)
{
    clipsearch_status status = read_date(p, left, right, err);
    if (!status)
        status = read_date(p, right, left, err);
    if (status)
        return status;
    cs_filter_type a = node(p, left)->type, b = node(p, right)->type;
    if (a != CS_TYPE_ANY && b != CS_TYPE_ANY && a != b)
        return cs_lexer_fail(p->lexer, CLIPSEARCH_E_ARGUMENT, node(p, right)->at, err,
                             "expected %s, as on the other side, found %s", type_words(a), type_words(b));
    if (ordered && (a == CS_TYPE_BOOLEAN || b == CS_TYPE_BOOLEAN))
        return fail_at(p, b == CS_TYPE_BOOLEAN ? right : left, "true and false have no order: use == or !=", err);
    return CLIPSEARCH_OK;
}

/* ---- fields */

/* One more key behind those an attribute has. Keys are added one after the other, so they lie together. */
static clipsearch_status add_key(parser *p, uint32_t attribute, cs_filter_node key, clipsearch_error *err)
{
    uint32_t number = 0;
    if (node(p, attribute)->count == CS_FILTER_MAX_KEYS)
        return cs_lexer_fail(p->lexer, CLIPSEARCH_E_LIMIT, key.at, err, "an attribute of more than %d steps",
                             CS_FILTER_MAX_KEYS);
    clipsearch_status status = add(p, key, &number, err);
    if (status)
        return status;
    if (node(p, attribute)->count++ == 0)
        node(p, attribute)->first = number;
    return status;
}

/* Keep the bytes a token stands for. */
static clipsearch_status keep_text(parser *p, const cs_token *token, cs_filter_node *n, clipsearch_error *err)
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

static clipsearch_status read_number(parser *p, cs_filter_node *n, clipsearch_error *err)
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
static clipsearch_status read_key(parser *p, uint32_t attribute, bool dot, clipsearch_error *err)
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
        status = advance(p, err);
    return status || dot ? status : expect(p, CS_TOKEN_CLOSE_SQUARE, "]", err);
}

static bool is_word(const parser *p, const char *word)
{
    return strlen(word) == p->token.size && memcmp(p->lexer->text + p->token.at, word, p->token.size) == 0;
}

/* A name: a built-in field, or an attribute with its keys. `attributes` (and, as Milvus calls it, $meta) is all of
 * them, for those whose names mean something else. */
static clipsearch_status parse_field(parser *p, uint32_t *number, clipsearch_error *err)
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
        status = add(p, field, number, err);
    if (!status && field.kind == CS_NODE_ATTRIBUTE && !whole) {
        cs_filter_node key = {.kind = CS_NODE_STRING, .type = CS_TYPE_TEXT, .at = field.at};
        status = keep_text(p, &p->token, &key, err);
        if (!status)
            status = add_key(p, *number, key, err);
    }
    if (!status)
        status = advance(p, err);
    while (!status && (p->token.kind == CS_TOKEN_DOT || p->token.kind == CS_TOKEN_OPEN_SQUARE)) {
        bool dot = p->token.kind == CS_TOKEN_DOT;
        if (field.kind == CS_NODE_FIELD)
            return cs_lexer_fail(p->lexer, CLIPSEARCH_E_ARGUMENT, p->token.at, err,
                                 "%s is a field of its own and holds no others; an attribute of that name is written "
                                 "attributes.%s",
                                 cs_filter_fields[field.index].name, cs_filter_fields[field.index].name);
        status = advance(p, err);
        if (!status)
            status = read_key(p, *number, dot, err);
    }
    if (!status && field.kind == CS_NODE_ATTRIBUTE && node(p, *number)->count == 0)
        status = cs_lexer_fail_expected(p->lexer, &p->token, "the attribute's name, as in attributes.size", err);
    return status;
}

/* ---- values */

static clipsearch_status parse_or(parser *p, uint32_t *number, clipsearch_error *err);

static clipsearch_status parse_literal(parser *p, uint32_t *number, clipsearch_error *err)
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
        status = add(p, n, number, err);
    return status ? status : advance(p, err);
}

static clipsearch_status parse_primary(parser *p, uint32_t *number, clipsearch_error *err)
{
    clipsearch_status status;
    switch (p->token.kind) {
    case CS_TOKEN_NUMBER:
    case CS_TOKEN_STRING:
    case CS_TOKEN_TRUE:
    case CS_TOKEN_FALSE:
        return parse_literal(p, number, err);
    case CS_TOKEN_NAME:
        return parse_field(p, number, err);
    case CS_TOKEN_OPEN:
        if (p->depth == CS_FILTER_MAX_DEPTH)
            return cs_lexer_fail(p->lexer, CLIPSEARCH_E_LIMIT, p->token.at, err, "parentheses more than %d deep",
                                 CS_FILTER_MAX_DEPTH);
        p->depth++;
        status = advance(p, err);
        if (!status)
            status = parse_or(p, number, err);
        if (!status)
            status = expect(p, CS_TOKEN_CLOSE, ")", err);
        p->depth--;
        return status;
    case CS_TOKEN_NULL:
        return cs_lexer_fail(p->lexer, CLIPSEARCH_E_ARGUMENT, p->token.at, err,
                             "expected a value; whether there is one is asked by \"is null\" and \"is not null\"");
    default:
        return cs_lexer_fail_expected(p->lexer, &p->token, "a field, a value or (", err);
    }
}

static clipsearch_status add_arithmetic(parser *p, cs_filter_node n, uint32_t *number, clipsearch_error *err)
{
    unsigned left = node(p, n.left)->depth, right = n.kind == CS_NODE_NEGATIVE ? 0 : node(p, n.right)->depth;
    n.type = CS_TYPE_NUMBER;
    n.at = node(p, n.left)->at;
    n.depth = 1 + (left > right ? left : right);
    if (n.depth > CS_FILTER_MAX_ARITHMETIC)
        return cs_lexer_fail(p->lexer, CLIPSEARCH_E_LIMIT, n.at, err, "a calculation of more than %d steps",
                             CS_FILTER_MAX_ARITHMETIC);
    return add(p, n, number, err);
}

/* Signs fold into a number; of a row of them only their product counts. */
static clipsearch_status parse_signed(parser *p, uint32_t *number, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    bool any = false, negative = false;
    size_t at = p->token.at;
    while (!status && (p->token.kind == CS_TOKEN_MINUS || p->token.kind == CS_TOKEN_PLUS)) {
        any = true;
        negative ^= p->token.kind == CS_TOKEN_MINUS;
        status = advance(p, err);
    }
    if (!status)
        status = parse_primary(p, number, err);
    if (status || !any)
        return status;
    status = need_number(p, *number, err);
    if (status)
        return status;
    cs_filter_node *n = node(p, *number);
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

static clipsearch_status parse_product(parser *p, uint32_t *number, clipsearch_error *err)
{
    clipsearch_status status = parse_signed(p, number, err);
    while (!status && p->token.kind >= CS_TOKEN_STAR && p->token.kind <= CS_TOKEN_PERCENT) {
        cs_filter_node n = {.left = *number};
        n.kind = (cs_filter_kind)(CS_NODE_MULTIPLY + (p->token.kind - CS_TOKEN_STAR));
        status = need_number(p, n.left, err);
        if (!status)
            status = advance(p, err);
        if (!status)
            status = parse_signed(p, &n.right, err);
        if (!status)
            status = need_number(p, n.right, err);
        if (!status)
            status = add_arithmetic(p, n, number, err);
    }
    return status;
}

static clipsearch_status parse_sum(parser *p, uint32_t *number, clipsearch_error *err)
{
    clipsearch_status status = parse_product(p, number, err);
    while (!status && (p->token.kind == CS_TOKEN_PLUS || p->token.kind == CS_TOKEN_MINUS)) {
        cs_filter_node n = {.left = *number};
        n.kind = p->token.kind == CS_TOKEN_PLUS ? CS_NODE_ADD : CS_NODE_SUBTRACT;
        status = need_number(p, n.left, err);
        if (!status)
            status = advance(p, err);
        if (!status)
            status = parse_product(p, &n.right, err);
        if (!status)
            status = need_number(p, n.right, err);
        if (!status)
            status = add_arithmetic(p, n, number, err);
    }
    return status;
}

/* ---- conditions */

static clipsearch_status add_condition(parser *p, cs_filter_node n, uint32_t *number, clipsearch_error *err)
{
    n.type = CS_TYPE_CONDITION;
    n.at = node(p, n.left)->at;
    return add(p, n, number, err);
}

static clipsearch_status parse_in(parser *p, uint32_t *number, clipsearch_error *err)
{
    cs_filter_node n = {.kind = CS_NODE_IN, .left = *number};
    clipsearch_status status = expect(p, CS_TOKEN_OPEN_SQUARE, "[ and a list", err);
    while (!status && p->token.kind != CS_TOKEN_CLOSE_SQUARE) {
        uint32_t element = 0;
        cs_token first = p->token;
        bool sign = first.kind == CS_TOKEN_MINUS || first.kind == CS_TOKEN_PLUS;
        if (sign)
            status = advance(p, err);
        if (!status && p->token.kind != CS_TOKEN_NUMBER &&
            (sign ||
             (p->token.kind != CS_TOKEN_STRING && p->token.kind != CS_TOKEN_TRUE && p->token.kind != CS_TOKEN_FALSE)))
            status = cs_lexer_fail_expected(p->lexer, &p->token, sign ? "a number" : "a value or ]", err);
        if (!status)
            status = parse_literal(p, &element, err);
        if (!status && first.kind == CS_TOKEN_MINUS) {
            node(p, element)->integer = -node(p, element)->integer;
            node(p, element)->real = -node(p, element)->real;
        }
        if (!status)
            status = check_types(p, n.left, element, false, err);
        if (!status && n.count++ == 0)
            n.first = element;
        if (!status && p->token.kind != CS_TOKEN_COMMA)
            break;
        if (!status)
            status = advance(p, err);
    }
    if (!status)
        status = expect(p, CS_TOKEN_CLOSE_SQUARE, ", or ]", err);
    return status ? status : add_condition(p, n, number, err);
}

static clipsearch_status parse_like(parser *p, uint32_t *number, clipsearch_error *err)
{
    cs_filter_node n = {.kind = CS_NODE_LIKE, .left = *number};
    if (node(p, n.left)->type != CS_TYPE_TEXT && node(p, n.left)->type != CS_TYPE_ANY)
        return fail_at(p, n.left, "expected a string: like is for strings", err);
    if (p->token.kind != CS_TOKEN_STRING)
        return cs_lexer_fail_expected(p->lexer, &p->token, "a pattern in quotes", err);
    clipsearch_status status = parse_literal(p, &n.right, err);
    if (!status && node(p, n.right)->text_size > CS_FILTER_MAX_PATTERN)
        status = cs_lexer_fail(p->lexer, CLIPSEARCH_E_LIMIT, node(p, n.right)->at, err,
                               "a pattern of more than %d bytes", CS_FILTER_MAX_PATTERN);
    return status ? status : add_condition(p, n, number, err);
}

static bool is_field(const parser *p, uint32_t number)
{
    return node(p, number)->kind == CS_NODE_FIELD || node(p, number)->kind == CS_NODE_ATTRIBUTE;
}

static clipsearch_status add_not(parser *p, uint32_t *number, clipsearch_error *err)
{
    cs_filter_node n = {.kind = CS_NODE_NOT, .left = *number, .depth = node(p, *number)->depth};
    return add_condition(p, n, number, err);
}

static clipsearch_status parse_is(parser *p, uint32_t *number, clipsearch_error *err)
{
    bool negated = p->token.kind == CS_TOKEN_NOT;
    clipsearch_status status = negated ? advance(p, err) : CLIPSEARCH_OK;
    if (!status && !is_field(p, *number))
        status = fail_at(p, *number, "expected a field: only fields can be null", err);
    if (!status)
        status = expect(p, CS_TOKEN_NULL, negated ? "null" : "null or not null", err);
    if (!status)
        status = add_condition(p, (cs_filter_node){.kind = CS_NODE_IS_NULL, .left = *number}, number, err);
    return status || !negated ? status : add_not(p, number, err);
}

static bool is_comparison(cs_token_kind kind)
{
    return kind >= CS_TOKEN_EQ && kind <= CS_TOKEN_GE;
}

static bool is_rising(cs_token_kind kind)
{
    return kind == CS_TOKEN_LT || kind == CS_TOKEN_LE;
}

/* left OP right, and low < x < high, which is low < x and x < high. */
static clipsearch_status parse_comparison(parser *p, uint32_t *number, clipsearch_error *err)
{
    uint32_t low = 0;
    cs_token_kind first = p->token.kind;
    for (unsigned i = 0;; i++) {
        cs_token_kind kind = p->token.kind;
        cs_filter_node n = {.kind = (cs_filter_kind)(CS_NODE_EQ + (kind - CS_TOKEN_EQ)), .left = *number};
        bool ordered = kind != CS_TOKEN_EQ && kind != CS_TOKEN_NE;
        uint32_t condition = 0;
        if (i == 2 || (i == 1 && (!ordered || first == CS_TOKEN_EQ || first == CS_TOKEN_NE ||
                                  is_rising(first) != is_rising(kind))))
            return cs_lexer_fail(
                p->lexer, CLIPSEARCH_E_ARGUMENT, p->token.at, err,
                "comparisons are chained as low < x < high or high > x > low only; join others by and");
        clipsearch_status status = advance(p, err);
        if (!status)
            status = parse_sum(p, &n.right, err);
        if (!status)
            status = need_value(p, n.right, err);
        if (!status)
            status = check_types(p, n.left, n.right, ordered, err);
        if (!status)
            status = add_condition(p, n, &condition, err);
        if (!status && i == 1)
            status = add_condition(
                p, (cs_filter_node){.kind = CS_NODE_AND, .left = low, .right = condition, .depth = 1}, &condition, err);
        if (status)
            return status;
        if (!is_comparison(p->token.kind)) {
            *number = condition;
            return CLIPSEARCH_OK;
        }
        low = condition;
        *number = n.right;
    }
}

/* A value, and what is asked of it. */
static clipsearch_status parse_test(parser *p, uint32_t *number, clipsearch_error *err)
{
    bool exists = p->token.kind == CS_TOKEN_EXISTS, negated = false;
    clipsearch_status status = exists ? advance(p, err) : CLIPSEARCH_OK;
    if (!status)
        status = parse_sum(p, number, err);
    if (status)
        return status;
    p->asked = exists;
    if (exists) {
        if (!is_field(p, *number))
            return fail_at(p, *number, "expected a field behind exists", err);
        status = add_condition(p, (cs_filter_node){.kind = CS_NODE_IS_NULL, .left = *number}, number, err);
        return status ? status : add_not(p, number, err);
    }
    if (!is_comparison(p->token.kind) && p->token.kind != CS_TOKEN_IN && p->token.kind != CS_TOKEN_LIKE &&
        p->token.kind != CS_TOKEN_IS && p->token.kind != CS_TOKEN_NOT)
        return CLIPSEARCH_OK;
    p->asked = true;
    status = need_value(p, *number, err);
    if (status || is_comparison(p->token.kind))
        return status ? status : parse_comparison(p, number, err);
    if (p->token.kind == CS_TOKEN_NOT) {
        negated = true;
        status = advance(p, err);
        if (!status && p->token.kind != CS_TOKEN_IN && p->token.kind != CS_TOKEN_LIKE)
            status = cs_lexer_fail_expected(p->lexer, &p->token, "in or like behind not", err);
    }
    cs_token_kind kind = p->token.kind;
    if (!status)
        status = advance(p, err);
    if (!status)
        status = kind == CS_TOKEN_IN     ? parse_in(p, number, err)
                 : kind == CS_TOKEN_LIKE ? parse_like(p, number, err)
                                         : parse_is(p, number, err);
    return status || !negated ? status : add_not(p, number, err);
}

static clipsearch_status parse_not(parser *p, uint32_t *number, clipsearch_error *err)
{
    bool any = false, negated = false;
    clipsearch_status status = CLIPSEARCH_OK;
    while (!status && p->token.kind == CS_TOKEN_NOT) {
        any = true;
        negated = !negated;
        status = advance(p, err);
    }
    if (!status)
        status = parse_test(p, number, err);
    if (!status && any)
        status = need_condition(p, number, err);
    return status || !negated ? status : add_not(p, number, err);
}

/* `depth` of an and or or is how often the other stands within it, which is how deep the SQL nests. */
static clipsearch_status add_junction(parser *p, cs_filter_node n, uint32_t *number, clipsearch_error *err)
{
    unsigned left = node(p, n.left)->depth + (node(p, n.left)->kind != n.kind);
    unsigned right = node(p, n.right)->depth + 1;
    n.depth = left > right ? left : right;
    if (n.depth > CS_FILTER_MAX_DEPTH)
        return cs_lexer_fail(p->lexer, CLIPSEARCH_E_LIMIT, node(p, n.right)->at, err,
                             "and and or within one another more than %d deep", CS_FILTER_MAX_DEPTH);
    return add_condition(p, n, number, err);
}

static clipsearch_status parse_junction(parser *p, cs_token_kind token, uint32_t *number, clipsearch_error *err)
{
    bool is_or = token == CS_TOKEN_OR;
    clipsearch_status status = is_or ? parse_junction(p, CS_TOKEN_AND, number, err) : parse_not(p, number, err);
    while (!status && p->token.kind == token) {
        cs_filter_node n = {.kind = is_or ? CS_NODE_OR : CS_NODE_AND, .left = *number};
        status = need_condition(p, &n.left, err);
        if (!status)
            status = advance(p, err);
        if (!status)
            status = is_or ? parse_junction(p, CS_TOKEN_AND, &n.right, err) : parse_not(p, &n.right, err);
        if (!status)
            status = need_condition(p, &n.right, err);
        if (!status)
            status = add_junction(p, n, number, err);
    }
    return status;
}

static clipsearch_status parse_or(parser *p, uint32_t *number, clipsearch_error *err)
{
    return parse_junction(p, CS_TOKEN_OR, number, err);
}

clipsearch_status cs_filter_parse(cs_lexer *lexer, cs_filter_tree *tree, clipsearch_error *err)
{
    parser p = {.lexer = lexer, .tree = tree};
    /* no text kept is longer than its token, and one NUL stands behind each */
    *tree = (cs_filter_tree){.texts = cs_buf_make(2 * CS_FILTER_MAX_BYTES + 16)};
    clipsearch_status status = advance(&p, err);
    if (!status && p.token.kind == CS_TOKEN_END)
        return cs_lexer_fail(lexer, CLIPSEARCH_E_ARGUMENT, 0, err,
                             "the filter is empty: expected a condition such as width > 100");
    if (!status)
        status = parse_or(&p, &tree->root, err);
    if (!status && p.token.kind != CS_TOKEN_END)
        status = cs_lexer_fail_expected(
            lexer, &p.token, p.asked ? "and, or or the end" : "a comparison such as ==, and, or or the end", err);
    return status ? status : need_condition(&p, &tree->root, err);
}

void cs_filter_tree_free(cs_filter_tree *tree)
{
    cs_free(tree->nodes);
    cs_buf_free(&tree->texts);
    *tree = (cs_filter_tree){0};
}
