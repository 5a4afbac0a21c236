/* SPDX-License-Identifier: MIT
 * test_question_text.c - the grammar of questions: what is split and what is not, weights, quotes, files, errors; and
 * properties of invented questions. */
#include "base/mem.h"
#include "cli/question_text.h"
#include "support/folder.h"
#include "tap.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static clipsearch_error err;

/* The question as "kind:weight:text|...", or the error's message after "!". */
static const char *read_as(const char *text)
{
    static cs_buf out;
    static const char *const kinds[] = {"text", "image", "url", "item"};
    cs_question question = {0};
    cs_buf_free(&out);
    out = cs_buf_make(1 << 16);
    if (cs_question_read(&question, text, 1, &err) != CLIPSEARCH_OK)
        cs_buf_printf(&out, "!%s", err.message);
    else
        for (size_t i = 0; i < question.count; i++)
            cs_buf_printf(&out, "%s%s:%g:%s", i ? "|" : "", kinds[question.parts[i].kind], question.parts[i].weight,
                          question.parts[i].text);
    cs_question_free(&question);
    return out.data ? out.data : "";
}

static void is_read_as(const char *text, const char *expected)
{
    const char *got = read_as(text);
    const bool same = *expected == '!' ? strncmp(got, expected, strlen(expected)) == 0 : strcmp(got, expected) == 0;
    if (!TAP_OK(same, "%s", text))
        tap_note("got %s", got);
}

static void test_grammar(void)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"a white dog", "text:1:a white dog"},
        {"  dog \t", "text:1:dog"},
        {"dog + snow - people", "text:1:dog|text:1:snow|text:-1:people"},
        {"dog  +\tsnow", "text:1:dog|text:1:snow"},
        {"- people + dog", "text:-1:people|text:1:dog"},
        {"+ dog", "text:1:dog"},
        /* signs that are no standalone ones */
        {"a t-shirt", "text:1:a t-shirt"},
        {"C++", "text:1:C++"},
        {"C++ code", "text:1:C++ code"},
        {"dog +snow", "text:1:dog +snow"},
        {"dog -snow", "text:1:dog -snow"},
        {"dog- snow", "text:1:dog- snow"},
        {"a dog -- a cat", "text:1:a dog -- a cat"},
        {"rock-and-roll + jean-jacket", "text:1:rock-and-roll|text:1:jean-jacket"},
        {"a dog \xe2\x80\x93 a cat", "text:1:a dog \xe2\x80\x93 a cat"},
        {"don't + 5\" disk", "text:1:don't|text:1:5\" disk"},
        /* weights */
        {"2:dog", "text:2:dog"},
        {"0.5:dog - 1.5:cat", "text:0.5:dog|text:-1.5:cat"},
        {".5:dog", "text:0.5:dog"},
        {"1e2:dog", "text:100:dog"},
        {"2: dog", "text:2:dog"},
        {"2:a dog: a portrait", "text:2:a dog: a portrait"},
        {"dog: a portrait", "text:1:dog: a portrait"},
        {"16:9", "text:1:16:9"},
        {"a clock at 3:30", "text:1:a clock at 3:30"},
        {"3:30 in the night", "text:1:3:30 in the night"},
        {"2:\"3 dogs\"", "text:2:3 dogs"},
        {"...:dog", "text:1:...:dog"},
        {"nancy:dog", "text:1:nancy:dog"},
        {"12 monkeys", "text:1:12 monkeys"},
        /* quotes */
        {"\"rock - paper\" + scissors", "text:1:rock - paper|text:1:scissors"},
        {"\"2:dog\"", "text:1:2:dog"},
        {"\"a\" + \"b\"", "text:1:a|text:1:b"},
        {"\"5\" disk - x\"", "text:1:5\" disk - x"},
        {"a \"white\" dog", "text:1:a \"white\" dog"},
        {"\"white\" dog", "text:1:\"white\" dog"},
        {"\"no end - dog", "text:1:\"no end|text:-1:dog"},
        {"\" dog \"", "text:1: dog "},
        /* URLs */
        {"https://example.org/a.jpg + night", "url:1:https://example.org/a.jpg|text:1:night"},
        {"HTTP://example.org/", "url:1:HTTP://example.org/"},
        {"2:http://example.org/a-b+c", "url:2:http://example.org/a-b+c"},
        {"\"https://example.org/\"", "text:1:https://example.org/"},
        {"http and https", "text:1:http and https"},
        {"file:///etc/passwd", "!file:// is not fetched; give an http:// or https:// URL"},
        {"dog + ftp://x/y.jpg", "!ftp:// is not fetched"},
        /* errors */
        {"", "!a query is empty"},
        {" \t ", "!a query is empty"},
        {"+", "!a part is missing after \"+\""},
        {"-", "!a part is missing after \"-\""},
        {"dog +", "!a part is missing after \"+\""},
        {"a t-shirt - dog +", "!a part is missing after \"+\""},
        {"dog + - cat", "!a part is missing before \"-\""},
        {"dog + + cat", "!a part is missing before \"+\""},
        {"dog + \"\"", "!a part of the query \"dog + \"\"\" is empty"},
        {"dog + \" \"", "!a part of the query"},
        {"2:", "!a part of the query \"2:\" is empty"},
        {"2: + dog", "!a part of the query"},
        {"0:dog", "!the weight \"0\" must be a number from 0.001 to 1000"},
        {"nan:dog", "!the weight \"nan\" must be a number"},
        {"-NaN:dog", "!the weight \"-NaN\" must be a number"},
        {"inf:dog", "!the weight \"inf\" must be a number"},
        {"1e999:dog", "!the weight \"1e999\" must be a number"},
        {"-2:dog", "!the weight \"-2\" must be a number from 0.001 to 1000, as in 2:dog; to subtract a part, write -"},
        {"1001:dog", "!the weight \"1001\" must be"},
        {"1.2.3:dog", "!the weight \"1.2.3\" must be"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        is_read_as(cases[i].text, cases[i].expected);
    is_read_as("1000000000000000000000000000000000000000000000000000000000000000000000000:dog", "!the weight \"1000");
}

static void test_files(void)
{
    folder f;
    char *back = getcwd(NULL, 0);
    folder_make(&f);
    folder_write_text(&f, "cat.jpg", "x");
    folder_write_text(&f, "plain", "x");
    folder_write_text(&f, "notes.txt", "x");
    folder_write_text(&f, "a - b.PNG", "x");
    folder_write_text(&f, "dir.jpg/x.jpg", "x");
    if (chdir(f.path) == 0) {
        is_read_as("cat.jpg", "image:1:cat.jpg");
        is_read_as("./cat.jpg + \"at night\"", "image:1:./cat.jpg|text:1:at night");
        is_read_as("2:./cat.jpg - dog", "image:2:./cat.jpg|text:-1:dog");
        is_read_as("\"cat.jpg\"", "text:1:cat.jpg");
        is_read_as("a - b.PNG", "image:1:a - b.PNG");
        is_read_as("./plain", "image:1:./plain");
        is_read_as("plain", "text:1:plain");
        is_read_as("notes.txt", "text:1:notes.txt");
        is_read_as("dir.jpg", "text:1:dir.jpg");
        is_read_as("./dir.jpg", "text:1:./dir.jpg");
        is_read_as("none.jpg", "text:1:none.jpg");
    }
    if (chdir(back) != 0)
        abort();
    free(back);
    folder_remove(&f);
}

/* ---- operands */

typedef struct word {
    cs_operand_kind kind;
    const char *text;
} word;

/* The names of the questions that the words make, separated by '|'; or "!" and the message. */
static const char *ask(const word *words, size_t count)
{
    static char out[2048];
    cs_operand items[16];
    cs_questions questions = {0};
    out[0] = '\0';
    for (size_t i = 0; i < count; i++)
        items[i] = (cs_operand){.kind = words[i].kind, .text = words[i].text};
    const cs_operands operands = {items, count};
    if (cs_questions_read(&operands, &questions, &err) != CLIPSEARCH_OK)
        snprintf(out, sizeof out, "!%s", err.message);
    else
        for (size_t i = 0; i < questions.count; i++)
            snprintf(out + strlen(out), sizeof out - strlen(out), "%s%s", i ? "|" : "", questions.items[i].name);
    cs_questions_free(&questions);
    return out;
}

#define ASK(expected, ...)                                                                                             \
    do {                                                                                                               \
        const word words[] = {__VA_ARGS__};                                                                            \
        const char *got = ask(words, sizeof words / sizeof *words);                                                    \
        if (!TAP_OK(strncmp(got, expected, strlen(expected)) == 0 && (*(expected) == '!' || !strcmp(got, expected)),   \
                    "%s", expected))                                                                                   \
            tap_note("got %s", got);                                                                                   \
    } while (0)
#define W(text)                                                                                                        \
    {                                                                                                                  \
        CS_WORD, text                                                                                                  \
    }

static void test_operands(void)
{
    ASK("a white dog|a cat", W("a white dog"), W("a cat"));
    ASK("dog + snow - people", W("dog"), W("+"), W("snow"), W("-"), W("people"));
    ASK("dog + snow|cat", W("dog"), W("+"), W("snow"), W("cat"));
    ASK("dog - cat - bird", W("dog"), W("-"), W("cat + bird"));
    ASK("dog - cat + bird", W("dog"), W("-"), W("cat - bird"));
    ASK("- people", W("-"), W("people"));
    ASK("cat|dog + snow - people", W("cat"), W("dog"), {CS_ADD, "snow"}, {CS_NOT, "people"});
    ASK("dog - people|cat", {CS_NOT, "people"}, W("dog"), W("cat"));
    ASK("dog - people", {CS_ADD, "dog"}, {CS_NOT, "people"});
    ASK("x.jpg + at night", {CS_IMAGE, "x.jpg"}, W("+"), W("at night"));
    ASK("a|x.jpg|b", W("a"), {CS_IMAGE, "x.jpg"}, W("b"));
    ASK("dog - 2:x", W("dog"), W("-"), W("2:x"));
    ASK("--like 5", {CS_LIKE, "5"});
    ASK("--like 5 + --like 9", {CS_LIKE, "5"}, {CS_LIKE, "9"});
    ASK("--like 5 - --like 9 + dog", {CS_LIKE, "5"}, W("-"), {CS_LIKE, "9"}, {CS_ADD, "dog"});
    ASK("dog|--like 5", W("dog"), {CS_LIKE, "5"});
    ASK("dog + --like 5", W("dog"), W("+"), {CS_LIKE, "5"});
    ASK("x.jpg --crop 1,2,30,40", {CS_IMAGE, "x.jpg"}, {CS_CROP, "1,2,30,40"});
    ASK("x.jpg --crop 10%,0%,50.5%,100%", {CS_CROP, "10%,0%,50.5%,100%"}, {CS_IMAGE, "x.jpg"});
    ASK("x.jpg|y.jpg --crop 1,2,3,4 + night", {CS_IMAGE, "x.jpg"}, {CS_IMAGE, "y.jpg"}, {CS_CROP, "1,2,3,4"},
        {CS_ADD, "night"});
    ASK("!a part is missing after \"+\"", W("dog"), W("+"));
    ASK("!a part is missing after \"-\"", W("dog"), W("-"), W("+"), W("cat"));
    ASK("!a part is missing after \"+\"", W("dog"), W("+"), {CS_ADD, "cat"});
    ASK("!a query is empty", W("dog"), W("+"), W(" "));
    ASK("!a query is empty", W("dog"), {CS_NOT, ""});
    ASK("!--like must be the number of an image, not \"x\"", {CS_LIKE, "x"});
    ASK("!--like must be the number of an image, not \"0\"", {CS_LIKE, "0"});
    ASK("!--like must be the number of an image, not \"5x\"", {CS_LIKE, "5x"});
    ASK("!--like must be the number of an image, not \"99999999999999999999\"", {CS_LIKE, "99999999999999999999"});
    ASK("!--crop is for the image of a query", W("dog"), {CS_CROP, "1,2,3,4"});
    ASK("!an image has two regions", {CS_IMAGE, "x.jpg"}, {CS_CROP, "1,2,3,4"}, {CS_CROP, "1,2,3,4"});
    ASK("!file:// is not fetched", {CS_IMAGE, "file:///x.jpg"});
}

static void test_regions(void)
{
    static const char *const wrong[] = {
        "",          "1,2,3",     "1,2,3,4,5", "1,2,3,x",     "1,2,3,4%",    "1.5,0,3,4",     "1;2;3;4",
        "nan,0,1,1", "1,2,3,inf", "1,,3,4",    "1,2,0,4",     "1,2,3,0",     "-1,2,3,4",      "1,-2,3,4",
        "1,2,-3,4",  "1,2,3,4 ",  "%,%,%,%",   "1e400,0,1,1", "0%,0%,0%,1%", "1%,1%,1%,nan%", "10%, 10%,5%,5%"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        clipsearch_region region;
        TAP_OK(cs_region_read(wrong[i], &region, &err) == CLIPSEARCH_E_ARGUMENT && strstr(err.message, "--crop"),
               "\"%s\": %s", wrong[i], err.message);
    }
    clipsearch_region r;
    TAP_OK(cs_region_read("10,20,300,4000", &r, &err) == CLIPSEARCH_OK && fabs(r.x - 10) < 1e-9 &&
               fabs(r.y - 20) < 1e-9 && fabs(r.width - 300) < 1e-9 && fabs(r.height - 4000) < 1e-9 && !r.percent,
           "pixels");
    TAP_OK(cs_region_read("12.5%,0%,50%,100%", &r, &err) == CLIPSEARCH_OK && fabs(r.x - 12.5) < 1e-9 &&
               fabs(r.height - 100) < 1e-9 && r.percent,
           "per cent");
}

static void test_lines(void)
{
    cs_questions questions = {0};
    TAP_OK(cs_questions_add_line(&questions, "dog + snow", "f: line 1", &err) == CLIPSEARCH_OK &&
               cs_questions_add_line(&questions, "  ", "f: line 2", &err) == CLIPSEARCH_OK &&
               cs_questions_add_line(&questions, "a cat", "f: line 3", &err) == CLIPSEARCH_OK && questions.count == 2 &&
               strcmp(questions.items[0].name, "dog + snow") == 0 && strcmp(questions.items[1].name, "a cat") == 0,
           "lines of a list; one of blanks is no question");
    TAP_OK(cs_questions_add_line(&questions, "dog +", "f: line 4", &err) == CLIPSEARCH_E_ARGUMENT &&
               strncmp(err.message, "f: line 4: a part is missing", 28) == 0,
           "%s", err.message);
    cs_questions_free(&questions);
    cs_buf many = cs_buf_make(1 << 20);
    for (int i = 0; i < CS_MAX_PARTS; i++)
        cs_buf_puts(&many, i ? " + dog" : "dog");
    cs_question question = {0};
    TAP_OK(cs_question_read(&question, many.data, 1, &err) == CLIPSEARCH_OK && question.count == CS_MAX_PARTS,
           "%d parts", (int)CS_MAX_PARTS);
    cs_question_free(&question);
    cs_buf_puts(&many, " + cat");
    TAP_OK(cs_question_read(&question, many.data, 1, &err) == CLIPSEARCH_E_ARGUMENT, "%s", err.message);
    cs_question_free(&question);
    cs_buf_free(&many);
}

/* ---- properties */

static uint64_t random_state = 88172645463325252u;

static unsigned below(unsigned n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)(random_state >> 33) % n;
}

/* A text of a few words that could be mistaken for something else, never of blanks only. */
static void invent_text(char text[128])
{
    static const char *const words[] = {"dog",  "t-shirt", "C++",  "+",   "-",        "2:x",  "16:9", "a",  "5\"",
                                        "snow", "'",       "nan:", "1e3", "\xc3\xa9", "http", "--k",  "+1", "-x"};
    text[0] = '\0';
    const unsigned count = 1 + below(4);
    for (unsigned i = 0; i < count; i++) {
        strcat(text, i ? " " : "");
        strcat(text, words[below(sizeof words / sizeof *words)]);
    }
}

/* Whether the text, written in quotes, is a part: it is not when a sign follows a quote inside it. */
static bool fits_quotes(const char *text)
{
    return !strchr(text, '"');
}

/* Invented parts, written with quotes and signs, are read as they were invented; and the name of the question, read
 * again, is the same question. */
static void test_round_trip(void)
{
    unsigned good = 0, named = 0, total = 2000;
    for (unsigned i = 0; i < total; i++) {
        cs_buf text = cs_buf_make(4096);
        char parts[5][128];
        double weights[5];
        const unsigned count = 1 + below(5);
        for (unsigned p = 0; p < count; p++) {
            do
                invent_text(parts[p]);
            while (!fits_quotes(parts[p]));
            weights[p] = (double)(1 + below(4000)) / 4;
            const bool minus = below(2);
            cs_buf_printf(&text, "%s%g:\"%s\"", p ? minus ? "  - " : " +\t" : minus ? "- " : "", weights[p], parts[p]);
            weights[p] = minus ? -weights[p] : weights[p];
        }
        cs_question question = {0}, again = {0};
        bool same = cs_question_read(&question, text.data, 1, &err) == CLIPSEARCH_OK && question.count == count;
        for (unsigned p = 0; p < count && same; p++)
            same = question.parts[p].kind == CS_PART_TEXT && strcmp(question.parts[p].text, parts[p]) == 0 &&
                   fabs(question.parts[p].weight - weights[p]) < 1e-12;
        if (!same)
            tap_note("%s", text.data);
        good += same;
        cs_buf_clear(&text);
        cs_question_put(&text, &question);
        same = cs_question_read(&again, text.data, 1, &err) == CLIPSEARCH_OK && again.count == question.count;
        for (size_t p = 0; p < question.count && same; p++)
            same = strcmp(again.parts[p].text, question.parts[p].text) == 0 &&
                   fabs(again.parts[p].weight - question.parts[p].weight) < 1e-12;
        if (!same && (question.count > 1 || fabs(question.parts[0].weight) != 1)) {
            tap_note("%s", text.data);
            named--;
        }
        named++;
        cs_question_free(&question);
        cs_question_free(&again);
        cs_buf_free(&text);
    }
    TAP_OK(good == total, "%u of %u invented questions are read as they were written", good, total);
    TAP_OK(named == total, "%u of %u names are the same question", named, total);
}

/* Words without standalone signs, weights, quotes at both ends or the name of a file are one text, byte for byte. */
static void test_plain_texts(void)
{
    unsigned good = 0, total = 0;
    for (unsigned i = 0; i < 2000; i++) {
        char text[128], padded[132];
        invent_text(text);
        snprintf(padded, sizeof padded, " %s ", text);
        if (strstr(padded, " + ") || strstr(padded, " - ") || strncmp(text, "2:x", 3) == 0 ||
            strncmp(text, "nan:", 4) == 0)
            continue;
        cs_question question = {0};
        total++;
        good += cs_question_read(&question, text, 1, &err) == CLIPSEARCH_OK && question.count == 1 &&
                question.parts[0].kind == CS_PART_TEXT && strcmp(question.parts[0].text, text) == 0 &&
                fabs(question.parts[0].weight - 1) < 1e-12;
        cs_question_free(&question);
    }
    TAP_OK(good == total && total > 500, "%u of %u texts without a sign of their own stay whole", good, total);
}

static void test_memory(void)
{
    const cs_operand items[] = {{.kind = CS_WORD, .text = "2:dog + \"snow - ice\""},
                                {.kind = CS_NOT, .text = "people"},
                                {.kind = CS_IMAGE, .text = "x.jpg"},
                                {.kind = CS_CROP, .text = "1,2,3,4"}};
    const cs_operands operands = {(cs_operand *)(uintptr_t)items, 4};
    uint64_t n = 1;
    clipsearch_status status = CLIPSEARCH_E_MEMORY;
    for (; status == CLIPSEARCH_E_MEMORY && n < 200; n++) {
        cs_questions questions = {0};
        cs_mem_fail_at(n);
        status = cs_questions_read(&operands, &questions, NULL);
        cs_mem_fail_at(0);
        cs_questions_free(&questions);
    }
    TAP_OK(status == CLIPSEARCH_OK && n > 10, "each of %d allocations may fail", (int)n - 2);
}

int main(void)
{
    test_grammar();
    test_files();
    test_operands();
    test_regions();
    test_lines();
    test_round_trip();
    test_plain_texts();
    test_memory();
    return tap_done();
}
