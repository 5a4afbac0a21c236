/* SPDX-License-Identifier: MIT
 * test_filter_random.c - random filters over random rows, against an evaluator that knows no SQL and no text: it walks
 * the expression the test made up, and the same expression is written out for the filter language. */
#include "fixture.h"
#include "tap.h"

#include "base/buf.h"
#include "base/decimal.h"
#include "base/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIM = 2, ROWS = 60, FILTERS = 3000, KEYS = 5, MAX_NODES = 400 };

static clipsearch_error err;
static uint64_t state = 42;

static unsigned below(unsigned n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)(state >> 33) % n;
}

/* ---- rows */

typedef enum type { MISSING, NOTHING, NUMBER, TEXT, TRUTH } type; /* NOTHING: null in the JSON */

typedef struct value {
    type type;
    double number; /* TRUTH: 1 or 0 */
    const char *text;
} value;

typedef struct row {
    value key[KEYS];
    value tags[3]; /* [tag_count] */
    int tag_count;
    char path[64];
    uint32_t width, height;
    uint64_t size;
} row;

static row rows[ROWS];

/* How the keys are written in a filter, and where they are in the JSON. */
static const char *const written[KEYS] = {"p", "l\xC3\xA4nge", "attributes[\"size\"]", "n.deep", "n[\"a.\\\"b\"][1]"};
static const char *const texts[] = {"", "a", "ab", "A", "a%b", "\xC3\xA9", "*", "a'b\"c\\", "b_", "1"};

static value random_value(bool literal)
{
    value v = {.type = literal ? NUMBER + below(3) : below(5)};
    if (v.type == NUMBER)
        v.number = below(3) ? (double)below(9) - 3 : ((double)below(13) - 4) / 2;
    else if (v.type == TEXT)
        v.text = texts[below(sizeof texts / sizeof *texts)];
    else if (v.type == TRUTH)
        v.number = below(2);
    return v;
}

static void put_text(cs_buf *out, const char *text)
{
    cs_json_put_string(out, text, strlen(text));
}

static void put_json(cs_buf *out, const value *v)
{
    if (v->type == NOTHING)
        cs_buf_puts(out, "null");
    else if (v->type == NUMBER)
        cs_put_double(out, v->number);
    else if (v->type == TEXT)
        put_text(out, v->text);
    else
        cs_buf_puts(out, v->number ? "true" : "false");
}

static void put_row(cs_buf *out, const row *r)
{
    static const char *const before[KEYS] = {"\"p\":", "\"l\xC3\xA4nge\":", "\"size\":", "\"deep\":", ""};
    cs_buf_clear(out);
    cs_buf_puts(out, "{\"other\":7,\"tags\":[");
    for (int i = 0; i < r->tag_count; i++) {
        cs_buf_puts(out, i ? "," : "");
        put_json(out, &r->tags[i]);
    }
    cs_buf_puts(out, "]");
    for (int k = 0; k < 3; k++)
        if (r->key[k].type != MISSING) {
            cs_buf_printf(out, ",%s", before[k]);
            put_json(out, &r->key[k]);
        }
    cs_buf_puts(out, ",\"n\":{\"x\":{}");
    if (r->key[3].type != MISSING) {
        cs_buf_puts(out, ",\"deep\":");
        put_json(out, &r->key[3]);
    }
    cs_buf_puts(out, ",\"a.\\\"b\":[{}");
    if (r->key[4].type != MISSING) {
        cs_buf_puts(out, ",");
        put_json(out, &r->key[4]);
    }
    cs_buf_puts(out, "]}}");
}

static bool put_rows(cs_store *store, const cs_store_collection *collection)
{
    static const float vector[DIM] = {0, 1};
    cs_buf json = cs_buf_make(1 << 16);
    bool good = cs_store_begin(store, &err) == CLIPSEARCH_OK;
    for (int i = 0; i < ROWS && good; i++) {
        row *r = &rows[i];
        for (int k = 0; k < KEYS; k++)
            r->key[k] = random_value(false);
        r->tag_count = (int)below(4);
        for (int t = 0; t < r->tag_count; t++)
            r->tags[t] = random_value(true);
        snprintf(r->path, sizeof r->path, "/%c/%d%s", 'a' + (int)below(3), i, below(2) ? ".jpg" : "_b");
        r->width = below(5);
        r->height = below(5);
        r->size = below(100);
        put_row(&json, r);
        clipsearch_item item = {
            .path = r->path, .size = r->size, .width = r->width, .height = r->height, .attributes = json.data};
        int64_t id = 0;
        good = cs_store_put(store, &collection->identity, &item, vector, &id, &err) == CLIPSEARCH_OK && id == i + 1;
    }
    cs_buf_free(&json);
    return good && cs_store_commit(store, &err) == CLIPSEARCH_OK;
}

/* ---- expressions */

typedef enum kind {
    LITERAL,
    KEY,
    WIDTH,
    HEIGHT,
    SIZE,
    ID,
    PATH,
    NAME,
    ADD,
    SUBTRACT,
    MULTIPLY,
    DIVIDE,
    REMAINDER,
    EQ,
    NE,
    LT,
    LE,
    GT,
    GE,
    RANGE,
    IN,
    CONTAINS,
    LIKE,
    UNDER,
    IS_NULL,
    EXISTS,
    ALONE,
    NOT,
    AND,
    OR
} kind;

typedef struct node {
    kind kind;
    value literal;
    int key;
    const struct node *left, *right, *third;
    value list[4];
    int count;
    bool negated;
} node;

static node nodes[MAX_NODES];
static int used;

static node *new_node(kind k)
{
    nodes[used] = (node){.kind = k};
    return &nodes[used++];
}

static node *literal_of(type t)
{
    node *n = new_node(LITERAL);
    do
        n->literal = random_value(true);
    while (n->literal.type != t);
    return n;
}

static node *random_key(void)
{
    node *n = new_node(KEY);
    n->key = (int)below(KEYS);
    return n;
}

/* A value that is a number or may be one. */
static node *random_number(int depth)
{
    if (depth == 0 || used > MAX_NODES - 20 || below(3)) {
        unsigned which = below(8);
        if (which == 0)
            return literal_of(NUMBER);
        if (which < 5) {
            static const kind fields[] = {WIDTH, HEIGHT, SIZE, ID};
            return new_node(fields[which - 1]);
        }
        return random_key();
    }
    node *n = new_node(ADD + below(5));
    n->left = random_number(depth - 1);
    n->right = random_number(depth - 1);
    return n;
}

static node *random_text(void)
{
    node *n = new_node(below(3) ? KEY : below(2) ? PATH : NAME);
    n->key = (int)below(KEYS);
    return n;
}

static node *random_test(void)
{
    static const char *const patterns[] = {"%", "a%",  "%b",   "_",     "a\\%b", "%\\_%",
                                           "",  "%a%", "/a/%", "%.jpg", "[%",    "*"};
    static const char *const folders[] = {"/a", "/b/", "/", "//", "/a/1", "/a/0.jpg", "/ab", "/c/2_b"};
    node *n = new_node(EQ + below(14));
    n->negated = below(2);
    switch (n->kind) {
    case RANGE:
        n->literal.number = below(4); /* which way, and which ends belong to it */
        n->left = random_number(1);
        n->third = random_number(2);
        n->right = random_number(1);
        break;
    case IN:
        n->left = random_text();
        n->count = (int)below(4);
        for (int i = 0; i < n->count; i++) {
            do
                n->list[i] = random_value(true);
            while (n->left->kind != KEY && n->list[i].type != TEXT);
        }
        break;
    case CONTAINS:
        n->left = below(2) ? literal_of(NUMBER + below(3)) : below(2) ? random_text() : random_number(1);
        break;
    case LIKE:
        n->left = random_text();
        n->literal = (value){.type = TEXT, .text = patterns[below(sizeof patterns / sizeof *patterns)]};
        break;
    case UNDER:
        n->left = new_node(PATH);
        n->literal = (value){.type = TEXT, .text = folders[below(sizeof folders / sizeof *folders)]};
        break;
    case IS_NULL:
    case EXISTS:
    case ALONE:
        n->left = random_key();
        break;
    default:
        if (below(2)) {
            n->left = random_number(3);
            n->right = random_number(3);
        } else if (below(2)) {
            n->left = random_text();
            n->right = below(2) ? literal_of(TEXT) : random_text();
        } else {
            n->left = random_key();
            n->right = literal_of(n->kind <= NE ? NUMBER + below(3) : NUMBER + below(2));
        }
    }
    return n;
}

static node *random_condition(int depth)
{
    if (depth == 0 || used > MAX_NODES / 2)
        return random_test();
    unsigned which = below(5);
    if (which == 0)
        return random_test();
    node *n = new_node(which == 1 ? NOT : which < 4 ? AND : OR);
    n->left = random_condition(depth - 1);
    if (n->kind != NOT)
        n->right = random_condition(depth - 1);
    return n;
}

/* ---- what it means */

static const value none = {.type = MISSING};

static value number(double x)
{
    return isnan(x) ? none : (value){.type = NUMBER, .number = x};
}

static value evaluate(const node *n, const row *r)
{
    const char *slash = strrchr(r->path, '/');
    switch (n->kind) {
    case LITERAL:
        return n->literal;
    case KEY:
        return r->key[n->key];
    case WIDTH:
        return number(r->width);
    case HEIGHT:
        return number(r->height);
    case SIZE:
        return number((double)r->size);
    case ID:
        return number((double)(r - rows + 1));
    case PATH:
        return (value){.type = TEXT, .text = r->path};
    case NAME:
        return (value){.type = TEXT, .text = slash + 1};
    default:
        break;
    }
    value a = evaluate(n->left, r), b = evaluate(n->right, r);
    if (a.type != NUMBER || b.type != NUMBER)
        return none;
    switch (n->kind) {
    case ADD:
        return number(a.number + b.number);
    case SUBTRACT:
        return number(a.number - b.number);
    case MULTIPLY:
        return number(a.number * b.number);
    case DIVIDE:
        return b.number == 0 ? none : number(a.number / b.number);
    default:
        return b.number == 0 ? none : number(fmod(a.number, b.number));
    }
}

/* -1, 0, 1; 2 when they cannot be compared. */
static int compare(const value *a, const value *b)
{
    if (a->type != b->type || a->type == MISSING || a->type == NOTHING)
        return 2;
    if (a->type == TEXT) {
        int order = strcmp(a->text, b->text);
        return order < 0 ? -1 : order > 0;
    }
    return a->number < b->number ? -1 : a->number > b->number;
}

static bool ordered(const value *a, kind k, const value *b)
{
    int order = compare(a, b);
    if (order == 2)
        return false;
    if (a->type == TRUTH && k != EQ)
        return false;
    return k == EQ ? order == 0 : k == LT ? order < 0 : k == LE ? order <= 0 : k == GT ? order > 0 : order >= 0;
}

/* Characters, of which one beyond ASCII has two bytes in these tests. */
static bool is_like(const char *text, const char *pattern)
{
    if (!*pattern)
        return !*text;
    if (*pattern == '%')
        return is_like(text, pattern + 1) || (*text && is_like(text + 1, pattern));
    if (*pattern == '_')
        return *text && is_like(text + ((unsigned char)*text >= 0x80 ? 2 : 1), pattern + 1);
    pattern += *pattern == '\\';
    return *text == *pattern && is_like(text + 1, pattern + 1);
}

static bool holds(const node *n, const row *r);

static bool holds_plain(const node *n, const row *r)
{
    if (n->kind == AND)
        return holds(n->left, r) && holds(n->right, r);
    if (n->kind == OR)
        return holds(n->left, r) || holds(n->right, r);
    if (n->kind == NOT)
        return !holds(n->left, r);
    value a = evaluate(n->left, r), b;
    bool any = false;
    switch (n->kind) {
    case IN:
        for (int i = 0; i < n->count; i++)
            any = any || ordered(&a, EQ, &n->list[i]);
        return any;
    case CONTAINS:
        for (int i = 0; i < r->tag_count; i++)
            any = any || ordered(&a, EQ, &r->tags[i]);
        return any;
    case LIKE:
        return a.type == TEXT && is_like(a.text, n->literal.text);
    case UNDER: {
        size_t size = strlen(n->literal.text);
        while (size && n->literal.text[size - 1] == '/')
            size--;
        return strncmp(a.text, n->literal.text, size) == 0 && (a.text[size] == '/' || a.text[size] == '\0');
    }
    case IS_NULL:
        return a.type == MISSING || a.type == NOTHING;
    case EXISTS:
        return a.type != MISSING && a.type != NOTHING;
    case ALONE:
        return a.type == TRUTH && a.number != 0;
    case NE:
        b = evaluate(n->right, r);
        return !ordered(&a, EQ, &b);
    case RANGE: {
        value middle = evaluate(n->third, r);
        bool falling = (int)n->literal.number & 1, closed = (int)n->literal.number & 2;
        kind k = falling ? (closed ? GE : GT) : closed ? LE : LT;
        b = evaluate(n->right, r);
        return ordered(&a, k, &middle) && ordered(&middle, falling ? GT : LT, &b);
    }
    default:
        b = evaluate(n->right, r);
        return ordered(&a, n->kind, &b);
    }
}

static bool holds(const node *n, const row *r)
{
    bool negatable = n->kind == IN || n->kind == CONTAINS || n->kind == LIKE || n->kind == UNDER || n->kind == IS_NULL;
    return holds_plain(n, r) != (negatable && n->negated);
}

/* ---- how it is written */

static void put_space(cs_buf *out)
{
    static const char *const spaces[] = {" ", "  ", "\t", " \n"};
    cs_buf_puts(out, spaces[below(4) ? 0 : below(4)]);
}

/* A pattern's backslash is the language's: in quotes it is written twice, or once before % and _. */
static void put_literal(cs_buf *out, const value *v)
{
    if (v->type != TEXT || strchr(v->text, '\'') || below(2)) {
        put_json(out, v);
        return;
    }
    cs_buf_putc(out, '\'');
    for (const char *c = v->text; *c; c++) {
        if (*c == '\\')
            cs_buf_putc(out, '\\');
        cs_buf_putc(out, *c);
    }
    cs_buf_putc(out, '\'');
}

static int arithmetic_rank(kind k)
{
    return k == ADD || k == SUBTRACT ? 1 : k == MULTIPLY || k == DIVIDE || k == REMAINDER ? 2 : 3;
}

static void put_value(cs_buf *out, const node *n, int rank)
{
    static const char *const fields[] = {"width", "height", "size", "id", "path", "name"};
    static const char *const operators[] = {"+", "-", "*", "/", "%"};
    int own = arithmetic_rank(n->kind);
    bool parentheses = own < rank || !below(8);
    cs_buf_puts(out, parentheses ? "(" : "");
    if (n->kind == LITERAL) {
        put_literal(out, &n->literal);
    } else if (n->kind == KEY) {
        cs_buf_puts(out, written[n->key]);
    } else if (n->kind < ADD) {
        cs_buf_puts(out, fields[n->kind - WIDTH]);
    } else {
        put_value(out, n->left, own);
        cs_buf_puts(out, operators[n->kind - ADD]);
        put_space(out);
        put_value(out, n->right, own + 1);
    }
    cs_buf_puts(out, parentheses ? ")" : "");
}

static void put_condition(cs_buf *out, const node *n, int rank);

static void put_test(cs_buf *out, const node *n)
{
    static const char *const operators[] = {"==", "!=", "<", "<=", ">", ">="};
    if (n->kind == EXISTS)
        cs_buf_puts(out, below(2) ? "exists " : "EXISTS ");
    put_value(out, n->left, n->kind == RANGE || n->kind <= GE ? 1 : 0);
    put_space(out);
    switch (n->kind) {
    case IN:
        cs_buf_puts(out, n->negated ? "not in [" : "in [");
        for (int i = 0; i < n->count; i++) {
            cs_buf_puts(out, i ? ", " : "");
            put_literal(out, &n->list[i]);
        }
        cs_buf_puts(out, n->count && below(2) ? ",]" : "]");
        break;
    case CONTAINS:
        cs_buf_puts(out, n->negated ? "not in tags" : "in tags");
        break;
    case LIKE:
        cs_buf_puts(out, n->negated ? "NOT LIKE " : "like ");
        put_literal(out, &n->literal);
        break;
    case UNDER:
        cs_buf_puts(out, n->negated ? "not UNDER " : "under ");
        put_literal(out, &n->literal);
        break;
    case IS_NULL:
        cs_buf_puts(out, n->negated ? "is not null" : "is null");
        break;
    case EXISTS:
    case ALONE:
        break;
    case RANGE: {
        bool falling = (int)n->literal.number & 1, closed = (int)n->literal.number & 2;
        cs_buf_puts(out, falling ? (closed ? ">= " : "> ") : closed ? "<= " : "< ");
        put_value(out, n->third, 1);
        cs_buf_puts(out, falling ? " > " : " < ");
        put_value(out, n->right, 1);
        break;
    }
    default:
        cs_buf_puts(out, operators[n->kind - EQ]);
        put_space(out);
        put_value(out, n->right, 1);
    }
}

static int rank_of(const node *n)
{
    return n->kind == OR ? 1 : n->kind == AND ? 2 : 3;
}

static void put_condition(cs_buf *out, const node *n, int rank)
{
    int own = rank_of(n);
    bool parentheses = own < rank || !below(6);
    cs_buf_puts(out, parentheses ? "(" : "");
    if (n->kind == NOT) {
        cs_buf_puts(out, below(2) ? "not " : "!");
        put_condition(out, n->left, 3);
    } else if (n->kind == AND || n->kind == OR) {
        put_condition(out, n->left, own);
        put_space(out);
        cs_buf_puts(out, n->kind == AND ? (below(2) ? "and" : "&&") : below(2) ? "or" : "||");
        put_space(out);
        put_condition(out, n->right, below(2) ? own : own + 1);
    } else {
        put_test(out, n);
    }
    cs_buf_puts(out, parentheses ? ")" : "");
}

/* ---- the test */

typedef struct answer {
    bool in[ROWS + 1];
} answer;

static clipsearch_status note(void *context, int64_t id, clipsearch_error *unused)
{
    (void)unused;
    ((answer *)context)->in[id] = true;
    return CLIPSEARCH_OK;
}

int main(void)
{
    cs_store *store = NULL;
    cs_store_collection collection = fixture_collection("random", DIM);
    if (!fixture_begin() || cs_store_open(fixture_path("random.db"), CLIPSEARCH_CREATE, &store, &err) ||
        cs_store_create(store, &collection, &err) || !put_rows(store, &collection)) {
        TAP_OK(false, "%s", err.message);
        return tap_done();
    }
    int wrong = 0, some = 0;
    cs_buf text = cs_buf_make(1 << 16);
    for (int f = 0; f < FILTERS && wrong < 5; f++) {
        used = 0;
        const node *n = random_condition((int)below(5));
        answer got = {{false}};
        cs_filter_tree *filter = NULL;
        cs_buf_clear(&text);
        put_condition(&text, n, 0);
        clipsearch_status status = cs_filter_parse(text.data, &filter, NULL, &err);
        if (!status)
            status = cs_store_each_id(store, &collection.identity, filter, true, note, &got, &err);
        cs_filter_free(&filter);
        int matches = 0, bad_row = status ? 0 : -1;
        for (int i = 0; i < ROWS && !status; i++) {
            bool expected = holds(n, &rows[i]);
            matches += expected;
            if (expected != got.in[i + 1])
                bad_row = i;
        }
        some += matches > 0 && matches < ROWS;
        if (bad_row >= 0) {
            cs_buf json = cs_buf_make(1 << 16);
            put_row(&json, &rows[bad_row]);
            TAP_OK(false, "%s: row %d %s %s: %s", text.data, bad_row + 1, rows[bad_row].path, json.data,
                   status                     ? err.message
                   : holds(n, &rows[bad_row]) ? "left out"
                                              : "let through");
            cs_buf_free(&json);
            wrong++;
        }
    }
    TAP_OK(wrong == 0, "%d random filters over %d rows let through what they mean", FILTERS, ROWS);
    TAP_OK(some > FILTERS / 2, "%d of them let through some rows but not all", some);
    cs_buf_free(&text);
    cs_store_close(&store);
    fixture_end();
    return tap_done();
}
