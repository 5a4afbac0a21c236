/* SPDX-License-Identifier: MIT
 * lexer.c - the filter language's tokens. */
#include "filter/lexer.h"

#include "base/utf8.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- errors */

/* The column a person counts: characters, from 1. A byte that is no UTF-8 counts as one. */
static size_t column_of(const cs_lexer *lexer, size_t at)
{
    size_t column = 1;
    for (size_t i = 0; i < at && i < lexer->size; column++) {
        size_t n = cs_utf8_length(lexer->text + i, lexer->size - i);
        i += n ? n : 1;
    }
    return column;
}

clipsearch_status cs_lexer_fail(cs_lexer *lexer, clipsearch_status code, size_t at, clipsearch_error *err,
                                const char *format, ...)
{
    char message[512];
    va_list args;
    va_start(args, format);
    cs_vformat(message, sizeof message, format, args);
    va_end(args);
    lexer->column = column_of(lexer, at);
    return cs_fail(err, code, "filter, column %zu: %s", lexer->column, message);
}

/* At most this many bytes of the text are repeated in a message. */
enum { SHOWN = 40 };

/* `size` cut to whole characters. */
static int shown(const char *text, size_t size)
{
    size_t n = 0;
    while (n < size) {
        size_t length = cs_utf8_length(text + n, size - n);
        length = length ? length : 1;
        if (n + length > SHOWN)
            break;
        n += length;
    }
    return (int)n;
}

clipsearch_status cs_lexer_fail_expected(cs_lexer *lexer, const cs_token *found, const char *what,
                                         clipsearch_error *err)
{
    if (found->kind == CS_TOKEN_END)
        return cs_lexer_fail(lexer, CLIPSEARCH_E_ARGUMENT, found->at, err, "expected %s, found the end", what);
    const char *text = lexer->text + found->at;
    int n = shown(text, found->size);
    return cs_lexer_fail(lexer, CLIPSEARCH_E_ARGUMENT, found->at, err, "expected %s, found %.*s%s", what, n, text,
                         (size_t)n < found->size ? "..." : "");
}

/* ---- characters */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static uint32_t code_point(const char *text, size_t length)
{
    const unsigned char *s = (const unsigned char *)text;
    uint32_t code = length == 1 ? s[0] : length == 2 ? s[0] & 0x1Fu : length == 3 ? s[0] & 0x0Fu : s[0] & 0x07u;
    for (size_t i = 1; i < length; i++)
        code = code << 6 | (s[i] & 0x3Fu);
    return code;
}

/* Beyond ASCII everything is a letter but spaces, controls and the punctuation that word processors put in place of
 * spaces and quotes: in a name they would never be meant. Any character can be used in ["..."]. */
static bool is_letter_beyond_ascii(uint32_t code)
{
    return code >= 0xA1 && code != 0xAB && code != 0xBB && code != 0x1680 && !(code >= 0x2000 && code <= 0x206F) &&
           code != 0x3000 && code != 0xFEFF;
}

/* The length of the character of a name at `at`, 0 when there is none. */
static size_t name_length(const cs_lexer *lexer, size_t at)
{
    if (at >= lexer->size)
        return 0;
    char c = lexer->text[at];
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c))
        return 1;
    size_t n = (unsigned char)c < 0x80 ? 0 : cs_utf8_length(lexer->text + at, lexer->size - at);
    return n && is_letter_beyond_ascii(code_point(lexer->text + at, n)) ? n : 0;
}

static char peek(const cs_lexer *lexer, size_t ahead)
{
    return lexer->at + ahead < lexer->size ? lexer->text[lexer->at + ahead] : '\0';
}

/* ---- tokens */

static const struct {
    char text[3];
    cs_token_kind kind;
} marks[] = {
    {"==", CS_TOKEN_EQ},          {"!=", CS_TOKEN_NE},   {"<=", CS_TOKEN_LE},   {">=", CS_TOKEN_GE},
    {"&&", CS_TOKEN_AND},         {"||", CS_TOKEN_OR},   {"<", CS_TOKEN_LT},    {">", CS_TOKEN_GT},
    {"!", CS_TOKEN_NOT},          {"(", CS_TOKEN_OPEN},  {")", CS_TOKEN_CLOSE}, {"[", CS_TOKEN_OPEN_SQUARE},
    {"]", CS_TOKEN_CLOSE_SQUARE}, {",", CS_TOKEN_COMMA}, {".", CS_TOKEN_DOT},   {"+", CS_TOKEN_PLUS},
    {"-", CS_TOKEN_MINUS},        {"*", CS_TOKEN_STAR},  {"/", CS_TOKEN_SLASH}, {"%", CS_TOKEN_PERCENT},
};

static const struct {
    const char *word;
    cs_token_kind kind;
} keywords[] = {
    {"and", CS_TOKEN_AND},   {"or", CS_TOKEN_OR},       {"not", CS_TOKEN_NOT},   {"in", CS_TOKEN_IN},
    {"like", CS_TOKEN_LIKE}, {"is", CS_TOKEN_IS},       {"null", CS_TOKEN_NULL}, {"exists", CS_TOKEN_EXISTS},
    {"true", CS_TOKEN_TRUE}, {"false", CS_TOKEN_FALSE},
};

static clipsearch_status read_word(cs_lexer *lexer, cs_token *token)
{
    size_t n;
    lexer->at += lexer->text[lexer->at] == '$'; /* $meta */
    while ((n = name_length(lexer, lexer->at)))
        lexer->at += n;
    token->size = lexer->at - token->at;
    token->kind = CS_TOKEN_NAME;
    token->is_word = true;
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
        if (strlen(keywords[i].word) == token->size &&
            strncasecmp(keywords[i].word, lexer->text + token->at, token->size) == 0)
            token->kind = keywords[i].kind;
    return CLIPSEARCH_OK;
}

static void skip_digits(cs_lexer *lexer)
{
    while (is_digit(peek(lexer, 0)))
        lexer->at++;
}

/* A number as JSON writes it, without its sign. */
static clipsearch_status read_number_token(cs_lexer *lexer, cs_token *token, clipsearch_error *err)
{
    token->kind = CS_TOKEN_NUMBER;
    if (peek(lexer, 0) == '0' && is_digit(peek(lexer, 1)))
        return cs_lexer_fail(lexer, CLIPSEARCH_E_ARGUMENT, lexer->at, err,
                             "a number cannot begin with 0; a string stands in quotes");
    skip_digits(lexer);
    if (peek(lexer, 0) == '.') {
        lexer->at++;
        if (!is_digit(peek(lexer, 0)))
            return cs_lexer_fail(lexer, CLIPSEARCH_E_ARGUMENT, lexer->at, err, "expected a digit behind the point");
        skip_digits(lexer);
    }
    if (peek(lexer, 0) == 'e' || peek(lexer, 0) == 'E') {
        lexer->at += 1u + (peek(lexer, 1) == '+' || peek(lexer, 1) == '-');
        if (!is_digit(peek(lexer, 0)))
            return cs_lexer_fail(lexer, CLIPSEARCH_E_ARGUMENT, lexer->at, err, "expected a digit of the exponent");
        skip_digits(lexer);
    }
    token->size = lexer->at - token->at;
    if (name_length(lexer, lexer->at))
        return cs_lexer_fail(lexer, CLIPSEARCH_E_ARGUMENT, lexer->at, err,
                             "a letter behind a number; a string stands in quotes");
    return CLIPSEARCH_OK;
}

static clipsearch_status read_string_token(cs_lexer *lexer, cs_token *token, clipsearch_error *err)
{
    char quote = lexer->text[lexer->at++];
    token->kind = CS_TOKEN_STRING;
    while (lexer->at < lexer->size && lexer->text[lexer->at] != quote)
        lexer->at += lexer->text[lexer->at] == '\\' && lexer->at + 1 < lexer->size ? 2 : 1;
    if (lexer->at >= lexer->size)
        return cs_lexer_fail(lexer, CLIPSEARCH_E_ARGUMENT, token->at, err, "this quote is not closed: expected %c",
                             quote);
    lexer->at++;
    token->size = lexer->at - token->at;
    return CLIPSEARCH_OK;
}

static clipsearch_status fail_character(cs_lexer *lexer, clipsearch_error *err)
{
    const char *text = lexer->text + lexer->at;
    unsigned char c = (unsigned char)*text;
    size_t n = cs_utf8_length(text, lexer->size - lexer->at);
    if (c == '=')
        return cs_lexer_fail(lexer, CLIPSEARCH_E_ARGUMENT, lexer->at, err, "expected ==, found =");
    if (c == '&' || c == '|')
        return cs_lexer_fail(lexer, CLIPSEARCH_E_ARGUMENT, lexer->at, err, "expected %c%c, found one %c", c, c, c);
    if (c < 0x20 || c == 0x7F || n == 0)
        return cs_lexer_fail(lexer, CLIPSEARCH_E_ARGUMENT, lexer->at, err,
                             "the byte %#04x has no meaning outside quotes", c);
    if (n > 1)
        return cs_lexer_fail(lexer, CLIPSEARCH_E_ARGUMENT, lexer->at, err,
                             "the character U+%04X has no meaning outside quotes; quotes are \" or '",
                             (unsigned)code_point(text, n));
    return cs_lexer_fail(lexer, CLIPSEARCH_E_ARGUMENT, lexer->at, err, "%c has no meaning outside quotes", c);
}

clipsearch_status cs_lexer_next(cs_lexer *lexer, cs_token *token, clipsearch_error *err)
{
    while (lexer->at < lexer->size && strchr(" \t\r\n", lexer->text[lexer->at]))
        lexer->at++;
    *token = (cs_token){.kind = CS_TOKEN_END, .at = lexer->at};
    if (lexer->at >= lexer->size)
        return CLIPSEARCH_OK;
    char c = lexer->text[lexer->at];
    if (is_digit(c))
        return read_number_token(lexer, token, err);
    if (c == '"' || c == '\'')
        return read_string_token(lexer, token, err);
    if (name_length(lexer, lexer->at) || (c == '$' && name_length(lexer, lexer->at + 1)))
        return read_word(lexer, token);
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        size_t n = strlen(marks[i].text);
        if (n <= lexer->size - lexer->at && memcmp(lexer->text + lexer->at, marks[i].text, n) == 0) {
            token->kind = marks[i].kind;
            token->size = n;
            lexer->at += n;
            return CLIPSEARCH_OK;
        }
    }
    return fail_character(lexer, err);
}

/* ---- strings */

/* The value of `count` hex digits at `at`; false when they are not all there. */
static bool read_hex(const char *text, size_t at, size_t end, int count, uint32_t *value)
{
    *value = 0;
    for (int i = 0; i < count; i++, at++) {
        char c = at < end ? text[at] : '\0';
        int digit = is_digit(c)            ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return false;
        *value = *value << 4 | (uint32_t)digit;
    }
    return true;
}

/* \uXXXX behind its backslash and u at `at`, a surrogate pair being two of them; moves *at behind it. */
static clipsearch_status put_unicode(cs_lexer *lexer, size_t *at, size_t end, cs_buf *out, clipsearch_error *err)
{
    uint32_t code, low;
    char bytes[4];
    size_t begin = *at - 2;
    bool good = read_hex(lexer->text, *at, end, 4, &code);
    *at += 4;
    if (good && code >= 0xD800 && code <= 0xDBFF) {
        good = *at + 2 <= end && memcmp(lexer->text + *at, "\\u", 2) == 0 &&
               read_hex(lexer->text, *at + 2, end, 4, &low) && low >= 0xDC00 && low <= 0xDFFF;
        *at += 6;
        if (good)
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (good && (code == 0 || (code >= 0xDC00 && code <= 0xDFFF))) {
        good = false;
    }
    if (!good)
        return cs_lexer_fail(lexer, CLIPSEARCH_E_ARGUMENT, begin, err,
                             "expected \\u and the four hex digits of a character (two such for one above FFFF)");
    cs_buf_append(out, bytes, cs_utf8_put(code, bytes));
    return CLIPSEARCH_OK;
}

clipsearch_status cs_lexer_unquote(cs_lexer *lexer, const cs_token *token, cs_buf *out, clipsearch_error *err)
{
    static const char letters[] = "bfnrt", meanings[] = "\b\f\n\r\t";
    size_t at = token->at + 1, end = token->at + token->size - 1;
    clipsearch_status status = CLIPSEARCH_OK;
    while (at < end && !status) {
        char c = lexer->text[at++];
        if (c != '\\') {
            cs_buf_putc(out, c);
            continue;
        }
        char escaped = lexer->text[at++]; /* there is one: the closing quote is not escaped */
        const char *letter = strchr(letters, escaped);
        if (escaped == 'u')
            status = put_unicode(lexer, &at, end, out, err);
        else if (letter)
            cs_buf_putc(out, meanings[letter - letters]);
        else if (escaped == '%' || escaped == '_')
            cs_buf_append(out, lexer->text + at - 2, 2);
        else if (escaped == '\\' || escaped == '"' || escaped == '\'' || escaped == '/')
            cs_buf_putc(out, escaped);
        else
            status = cs_lexer_fail(lexer, CLIPSEARCH_E_ARGUMENT, at - 2, err,
                                   "expected one of \\\\ \\\" \\' \\/ \\b \\f \\n \\r \\t \\uXXXX \\%% \\_ behind a "
                                   "backslash");
    }
    if (!status && out->failed)
        status = cs_fail_memory(err, "a filter");
    return status;
}
