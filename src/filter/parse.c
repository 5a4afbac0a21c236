/* SPDX-License-Identifier: MIT
 * parse.c - the filter language's grammar: a descent by precedence, as deep as the parentheses go. */
#include "filter/parser.h"

#include "base/mem.h"

#include <string.h>

/* ---- what a node may stand for */

/* A condition is wanted: an attribute alone asks whether it is true. */
static clipsearch_status need_condition(cs_parser *p, uint32_t *number, clipsearch_error *err)
{
    const cs_filter_node *n = cs_parser_node(p, *number);
    if (n->type == CS_TYPE_CONDITION || n->kind == CS_NODE_BOOLEAN)
        return CLIPSEARCH_OK;
    if (n->kind == CS_NODE_ATTRIBUTE)
        return cs_parser_add(
            p, (cs_filter_node){.kind = CS_NODE_TRUTH, .type = CS_TYPE_CONDITION, .at = n->at, .left = *number}, number,
            err);
    return cs_parser_fail_at(p, *number,
                             "expected a condition such as width > 100; this is a value that nothing is asked of", err);
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
static clipsearch_status read_date(cs_parser *p, uint32_t opposite, uint32_t number, clipsearch_error *err)
{
    cs_filter_node *n = cs_parser_node(p, number);
    double seconds;
    if (!is_mtime(cs_parser_node(p, opposite)) || n->kind != CS_NODE_STRING)
        return CLIPSEARCH_OK;
    if (!cs_filter_date(p->tree->texts.data + n->text, &seconds))
        return cs_parser_fail_at(p, number, "expected a date such as \"2024-05-31\" or \"2024-05-31T18:00:00+02:00\"",
                                 err);
    n->kind = CS_NODE_REAL;
    n->type = CS_TYPE_NUMBER;
    n->real = seconds;
    return CLIPSEARCH_OK;
}

/* Types that are known must fit: attributes may have any, but a mistake in the filter's text is an error. */
static clipsearch_status check_types(cs_parser *p, uint32_t left, uint32_t right, bool ordered, clipsearch_error *err)
{
    clipsearch_status status = read_date(p, left, right, err);
    if (!status)
        status = read_date(p, right, left, err);
    if (status)
        return status;
    cs_filter_type a = cs_parser_node(p, left)->type, b = cs_parser_node(p, right)->type;
    if (a != CS_TYPE_ANY && b != CS_TYPE_ANY && a != b)
        return cs_lexer_fail(p->lexer, CLIPSEARCH_E_ARGUMENT, cs_parser_node(p, right)->at, err,
                             "expected %s, as on the other side, found %s", type_words(a), type_words(b));
    if (ordered && (a == CS_TYPE_BOOLEAN || b == CS_TYPE_BOOLEAN))
        return cs_parser_fail_at(p, b == CS_TYPE_BOOLEAN ? right : left,
                                 "true and false have no order: use == or !=", err);
    return CLIPSEARCH_OK;
}

/* ---- conditions */

static clipsearch_status add_condition(cs_parser *p, cs_filter_node n, uint32_t *number, clipsearch_error *err)
{
    n.type = CS_TYPE_CONDITION;
    n.at = cs_parser_node(p, n.left)->at;
    return cs_parser_add(p, n, number, err);
}

/* value in attribute */
static clipsearch_status parse_contains(cs_parser *p, uint32_t *number, clipsearch_error *err)
{
    cs_filter_node n = {.kind = CS_NODE_CONTAINS, .left = *number};
    clipsearch_status status = cs_parser_sum(p, &n.right, err);
    if (!status && cs_parser_node(p, n.right)->kind != CS_NODE_ATTRIBUTE)
        status = cs_parser_fail_at(p, n.right, "expected [ and a list, or an attribute that is one", err);
    return status ? status : add_condition(p, n, number, err);
}

static clipsearch_status parse_in(cs_parser *p, uint32_t *number, clipsearch_error *err)
{
    cs_filter_node n = {.kind = CS_NODE_IN, .left = *number};
    if (p->token.kind == CS_TOKEN_NAME)
        return parse_contains(p, number, err);
    clipsearch_status status =
        cs_parser_expect(p, CS_TOKEN_OPEN_SQUARE, "[ and a list, or an attribute that is one", err);
    while (!status && p->token.kind != CS_TOKEN_CLOSE_SQUARE) {
        uint32_t element = 0;
        cs_token first = p->token;
        bool sign = first.kind == CS_TOKEN_MINUS || first.kind == CS_TOKEN_PLUS;
        if (sign)
            status = cs_parser_advance(p, err);
        if (!status && p->token.kind != CS_TOKEN_NUMBER &&
            (sign ||
             (p->token.kind != CS_TOKEN_STRING && p->token.kind != CS_TOKEN_TRUE && p->token.kind != CS_TOKEN_FALSE)))
            status = cs_lexer_fail_expected(p->lexer, &p->token, sign ? "a number" : "a value or ]", err);
        if (!status)
            status = cs_parser_literal(p, &element, err);
        if (!status && first.kind == CS_TOKEN_MINUS) {
            cs_parser_node(p, element)->integer = -cs_parser_node(p, element)->integer;
            cs_parser_node(p, element)->real = -cs_parser_node(p, element)->real;
        }
        if (!status)
            status = check_types(p, n.left, element, false, err);
        if (!status && n.count++ == 0)
            n.first = element;
        if (!status && p->token.kind != CS_TOKEN_COMMA)
            break;
        if (!status)
            status = cs_parser_advance(p, err);
    }
    if (!status)
        status = cs_parser_expect(p, CS_TOKEN_CLOSE_SQUARE, ", or ]", err);
    return status ? status : add_condition(p, n, number, err);
}

static clipsearch_status parse_like(cs_parser *p, uint32_t *number, clipsearch_error *err)
{
    cs_filter_node n = {.kind = CS_NODE_LIKE, .left = *number};
    if (cs_parser_node(p, n.left)->type != CS_TYPE_TEXT && cs_parser_node(p, n.left)->type != CS_TYPE_ANY)
        return cs_parser_fail_at(p, n.left, "expected a string: like is for strings", err);
    if (p->token.kind != CS_TOKEN_STRING)
        return cs_lexer_fail_expected(p->lexer, &p->token, "a pattern in quotes", err);
    clipsearch_status status = cs_parser_literal(p, &n.right, err);
    if (!status && cs_parser_node(p, n.right)->text_size > CS_FILTER_MAX_PATTERN)
        status = cs_lexer_fail(p->lexer, CLIPSEARCH_E_LIMIT, cs_parser_node(p, n.right)->at, err,
                               "a pattern of more than %d bytes", CS_FILTER_MAX_PATTERN);
    return status ? status : add_condition(p, n, number, err);
}

bool cs_parser_at_word(const cs_parser *p, const char *word)
{
    return p->token.is_word && p->token.size == strlen(word) &&
           strncasecmp(p->lexer->text + p->token.at, word, p->token.size) == 0;
}

static clipsearch_status parse_under(cs_parser *p, uint32_t *number, clipsearch_error *err)
{
    cs_filter_node n = {.kind = CS_NODE_UNDER, .left = *number};
    const cs_filter_node *left = cs_parser_node(p, n.left);
    if (left->kind != CS_NODE_FIELD || left->index != CS_FIELD_PATH)
        return cs_parser_fail_at(p, n.left, "expected path: only paths are under a folder", err);
    if (p->token.kind != CS_TOKEN_STRING)
        return cs_lexer_fail_expected(p->lexer, &p->token, "a folder in quotes", err);
    clipsearch_status status = cs_parser_literal(p, &n.right, err);
    if (!status) {
        cs_filter_node *folder = cs_parser_node(p, n.right);
        const char *text = p->tree->texts.data + folder->text;
        const bool absolute = text[0] == '/';
        while (folder->text_size && text[folder->text_size - 1] == '/')
            folder->text_size--; /* none is left of "/" */
        if (!absolute)
            return cs_parser_fail_at(p, n.right, "expected the absolute path of a folder, such as \"/home/me/photos\"",
                                     err);
    }
    return status ? status : add_condition(p, n, number, err);
}

static bool is_field(const cs_parser *p, uint32_t number)
{
    return cs_parser_node(p, number)->kind == CS_NODE_FIELD || cs_parser_node(p, number)->kind == CS_NODE_ATTRIBUTE;
}

static clipsearch_status add_not(cs_parser *p, uint32_t *number, clipsearch_error *err)
{
    cs_filter_node n = {.kind = CS_NODE_NOT, .left = *number, .depth = cs_parser_node(p, *number)->depth};
    return add_condition(p, n, number, err);
}

static clipsearch_status parse_is(cs_parser *p, uint32_t *number, clipsearch_error *err)
{
    bool negated = p->token.kind == CS_TOKEN_NOT;
    clipsearch_status status = negated ? cs_parser_advance(p, err) : CLIPSEARCH_OK;
    if (!status && !is_field(p, *number))
        status = cs_parser_fail_at(p, *number, "expected a field: only fields can be null", err);
    if (!status)
        status = cs_parser_expect(p, CS_TOKEN_NULL, negated ? "null" : "null or not null", err);
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
static clipsearch_status parse_comparison(cs_parser *p, uint32_t *number, clipsearch_error *err)
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
        clipsearch_status status = cs_parser_advance(p, err);
        if (!status)
            status = cs_parser_sum(p, &n.right, err);
        if (!status)
            status = cs_parser_need_value(p, n.right, err);
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
static clipsearch_status parse_test(cs_parser *p, uint32_t *number, clipsearch_error *err)
{
    bool exists = p->token.kind == CS_TOKEN_EXISTS, negated = false;
    clipsearch_status status = exists ? cs_parser_advance(p, err) : CLIPSEARCH_OK;
    if (!status)
        status = cs_parser_sum(p, number, err);
    if (status)
        return status;
    p->asked = exists || cs_parser_node(p, *number)->type == CS_TYPE_CONDITION;
    if (exists) {
        if (!is_field(p, *number))
            return cs_parser_fail_at(p, *number, "expected a field behind exists", err);
        status = add_condition(p, (cs_filter_node){.kind = CS_NODE_IS_NULL, .left = *number}, number, err);
        return status ? status : add_not(p, number, err);
    }
    if (!is_comparison(p->token.kind) && p->token.kind != CS_TOKEN_IN && p->token.kind != CS_TOKEN_LIKE &&
        p->token.kind != CS_TOKEN_IS && p->token.kind != CS_TOKEN_NOT && !cs_parser_at_word(p, "under"))
        return CLIPSEARCH_OK;
    p->asked = true;
    status = cs_parser_need_value(p, *number, err);
    if (status || is_comparison(p->token.kind))
        return status ? status : parse_comparison(p, number, err);
    if (p->token.kind == CS_TOKEN_NOT) {
        negated = true;
        status = cs_parser_advance(p, err);
        if (!status && p->token.kind != CS_TOKEN_IN && p->token.kind != CS_TOKEN_LIKE && !cs_parser_at_word(p, "under"))
            status = cs_lexer_fail_expected(p->lexer, &p->token, "in, like or under behind not", err);
    }
    cs_token_kind kind = p->token.kind;
    if (!status)
        status = cs_parser_advance(p, err);
    if (!status)
        status = kind == CS_TOKEN_IN     ? parse_in(p, number, err)
                 : kind == CS_TOKEN_LIKE ? parse_like(p, number, err)
                 : kind == CS_TOKEN_IS   ? parse_is(p, number, err)
                                         : parse_under(p, number, err);
    return status || !negated ? status : add_not(p, number, err);
}

static clipsearch_status parse_not(cs_parser *p, uint32_t *number, clipsearch_error *err)
{
    bool any = false, negated = false;
    clipsearch_status status = CLIPSEARCH_OK;
    while (!status && p->token.kind == CS_TOKEN_NOT) {
        any = true;
        negated = !negated;
        status = cs_parser_advance(p, err);
    }
    if (!status)
        status = parse_test(p, number, err);
    if (!status && any)
        status = need_condition(p, number, err);
    return status || !negated ? status : add_not(p, number, err);
}

/* `depth` of an and or or is how often the other stands within it, which is how deep the SQL nests. */
static clipsearch_status add_junction(cs_parser *p, cs_filter_node n, uint32_t *number, clipsearch_error *err)
{
    unsigned left = cs_parser_node(p, n.left)->depth + (cs_parser_node(p, n.left)->kind != n.kind);
    unsigned right = cs_parser_node(p, n.right)->depth + 1;
    n.depth = left > right ? left : right;
    if (n.depth > CS_FILTER_MAX_DEPTH)
        return cs_lexer_fail(p->lexer, CLIPSEARCH_E_LIMIT, cs_parser_node(p, n.right)->at, err,
                             "and and or within one another more than %d deep", CS_FILTER_MAX_DEPTH);
    return add_condition(p, n, number, err);
}

static clipsearch_status parse_junction(cs_parser *p, cs_token_kind token, uint32_t *number, clipsearch_error *err)
{
    bool is_or = token == CS_TOKEN_OR;
    clipsearch_status status = is_or ? parse_junction(p, CS_TOKEN_AND, number, err) : parse_not(p, number, err);
    while (!status && p->token.kind == token) {
        cs_filter_node n = {.kind = is_or ? CS_NODE_OR : CS_NODE_AND, .left = *number};
        status = need_condition(p, &n.left, err);
        if (!status)
            status = cs_parser_advance(p, err);
        if (!status)
            status = is_or ? parse_junction(p, CS_TOKEN_AND, &n.right, err) : parse_not(p, &n.right, err);
        if (!status)
            status = need_condition(p, &n.right, err);
        if (!status)
            status = add_junction(p, n, number, err);
    }
    return status;
}

clipsearch_status cs_parser_condition(cs_parser *p, uint32_t *number, clipsearch_error *err)
{
    return parse_junction(p, CS_TOKEN_OR, number, err);
}

static clipsearch_status parse_text(cs_lexer *lexer, cs_filter_tree *tree, clipsearch_error *err)
{
    cs_parser p = {.lexer = lexer, .tree = tree};
    /* no text kept is longer than its token, and one NUL stands behind each */
    tree->texts = cs_buf_make(2 * CS_FILTER_MAX_BYTES + 16);
    clipsearch_status status = cs_parser_advance(&p, err);
    if (!status && p.token.kind == CS_TOKEN_END)
        return cs_lexer_fail(lexer, CLIPSEARCH_E_ARGUMENT, 0, err,
                             "the filter is empty: expected a condition such as width > 100");
    if (!status)
        status = cs_parser_condition(&p, &tree->root, err);
    if (!status && p.token.kind != CS_TOKEN_END)
        status = cs_lexer_fail_expected(
            lexer, &p.token, p.asked ? "and, or or the end" : "a comparison such as ==, and, or or the end", err);
    return status ? status : need_condition(&p, &tree->root, err);
}

clipsearch_status cs_filter_parse(const char *text, cs_filter_tree **out, size_t *column, clipsearch_error *err)
{
    cs_lexer lexer = {.text = text, .size = strnlen(text, CS_FILTER_MAX_BYTES + 1)};
    *out = NULL;
    if (column)
        *column = 0;
    if (lexer.size > CS_FILTER_MAX_BYTES)
        return cs_fail(err, CLIPSEARCH_E_LIMIT, "the filter has more than %d bytes", CS_FILTER_MAX_BYTES);
    cs_filter_tree *tree = cs_zalloc_array(1, sizeof *tree);
    if (!tree)
        return cs_fail_memory(err, "a filter");
    clipsearch_status status = parse_text(&lexer, tree, err);
    if (status)
        cs_filter_free(&tree);
    if (status && column)
        *column = lexer.column;
    *out = tree;
    return status;
}

void cs_filter_each_attribute(const cs_filter_tree *tree, bool (*each)(void *context, const char *name), void *context)
{
    for (uint32_t i = 0; i < tree->count; i++) {
        const cs_filter_node *n = &tree->nodes[i];
        if (n->kind == CS_NODE_ATTRIBUTE && tree->nodes[n->first].kind == CS_NODE_STRING &&
            !each(context, tree->texts.data + tree->nodes[n->first].text))
            return;
    }
}

void cs_filter_free(cs_filter_tree **tree)
{
    if (!tree || !*tree)
        return;
    cs_free((*tree)->nodes);
    cs_buf_free(&(*tree)->texts);
    cs_free(*tree);
    *tree = NULL;
}
