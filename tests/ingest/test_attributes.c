/* SPDX-License-Identifier: MIT
 * test_attributes.c - what is written for an image, from JSON and CSV. */
#include "base/json.h"
#include "base/mem.h"
#include "ingest/attributes.h"
#include "support/folder.h"
#include "tap.h"

#include <string.h>

static clipsearch_error err;
static folder f;

/* What `relative` gets; "(none)" when the source says nothing. */
static const char *attributes_of(clipsearch_source source, const char *relative)
{
    static char text[4096];
    cs_attributes *a;
    if (!source.path)
        source.path = "images";
    if (cs_attributes_open(&source, "/disk/images", &a, &err) != CLIPSEARCH_OK)
        return err.message;
    if (!a)
        return "(none)";
    cs_buf out = cs_buf_make(1 << 20);
    strcpy(text, "(failed)");
    if (cs_attributes_write(a, relative, &out, &err) == CLIPSEARCH_OK)
        strcpy(text, out.data);
    cs_buf_free(&out);
    cs_attributes_close(&a);
    return text;
}

static void expect(const char *what, clipsearch_source source, const char *relative, const char *expected)
{
    const char *got = attributes_of(source, relative);
    TAP_OK(strcmp(got, expected) == 0, "%s: %s", what, got);
    cs_json_document *document = NULL;
    TAP_OK(expected[0] != '{' || cs_json_parse(got, strlen(got), "out", 100000, &document, &err) == CLIPSEARCH_OK,
           "%s: is JSON", what);
    cs_json_close(&document);
}

static void expect_error(const char *what, clipsearch_source source, const char *words)
{
    cs_attributes *a;
    if (!source.path)
        source.path = "images";
    clipsearch_status status = cs_attributes_open(&source, "/disk/images", &a, &err);
    TAP_OK(status == CLIPSEARCH_E_FORMAT && !a && strstr(err.message, words), "%s: %s", what,
           status ? err.message : "(taken)");
    cs_attributes_close(&a);
}

static const char *csv(const char *text)
{
    folder_write_text(&f, "a.csv", text);
    return folder_path(&f, "a.csv");
}

static void test_json(void)
{
    expect("nothing said", (clipsearch_source){0}, "x.jpg", "(none)");
    expect("an empty object", (clipsearch_source){.attributes = "{}"}, "x.jpg", "{}");
    expect("members by key, no white space",
           (clipsearch_source){
               .attributes = " { \"b\" : [1, 2.5, [], {}, {\"y\":null,\"x\":[true,false]}], \"a\":\"\\u00e9\\n\" }"},
           "x.jpg", "{\"a\":\"\xC3\xA9\\n\",\"b\":[1,2.5,[],{},{\"y\":null,\"x\":[true,false]}]}");
    expect("large integers stay", (clipsearch_source){.attributes = "{\"n\":9007199254740993}"}, "x",
           "{\"n\":9007199254740993}");
    expect_error("an array", (clipsearch_source){.attributes = "[1]"}, "object");
    expect_error("no JSON", (clipsearch_source){.attributes = "{x}"}, "");
}

static void test_csv(void)
{
    const char *path = csv("path,n,s,e\na/x.jpg,12,hello,\n./y.jpg,007,\"say \"\"hi\"\"\",1\n/disk/images/z.jpg,1,,\n"
                           "/given/q.jpg,2,,\n");
    clipsearch_source source = {.attributes_csv = path, .path = "/given/"};
    expect("a row by path", source, "a/x.jpg", "{\"n\":12,\"s\":\"hello\"}");
    expect("with ./ in front", source, "y.jpg", "{\"e\":1,\"n\":\"007\",\"s\":\"say \\\"hi\\\"\"}");
    expect("by absolute path", source, "z.jpg", "{\"n\":1}");
    expect("by the path as given", source, "q.jpg", "{\"n\":2}");
    expect("no row", source, "x.jpg", "{}");
    source.attributes = "{\"s\":\"all\",\"z\":[1]}";
    expect("CSV beats the given, an empty field does not", source, "a/x.jpg", "{\"n\":12,\"s\":\"hello\",\"z\":[1]}");
    expect("given alone", source, "none.jpg", "{\"s\":\"all\",\"z\":[1]}");
    expect("given where the field is empty", source, "z.jpg", "{\"n\":1,\"s\":\"all\",\"z\":[1]}");
    source = (clipsearch_source){
        .attributes_csv = csv("v,name\n1,dir/x.jpg\n2,y.jpg\n"), .csv_key = "name", .csv_by_name = true};
    expect("by name", source, "other/place/x.jpg", "{\"v\":1}");
    path = csv(
        "path,v\na,1\nb,1.5\nc,-0\nd,1e5\ne,1e999\nf,+1\ng,01\nh,1.\ni,.5\nj,1234567890123456789\nk,true\nl, 1\nm,-\n"
        "n,-2.5E-3\no,0\np,0x10\nq,nan\n");
    static const char *const values[] = {"1",        "1.5",    "-0",     "1e5",     "\"1e999\"",
                                         "\"+1\"",   "\"01\"", "\"1.\"", "\".5\"",  "\"1234567890123456789\"",
                                         "\"true\"", "\" 1\"", "\"-\"",  "-2.5E-3", "0",
                                         "\"0x10\"", "\"nan\""};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char name[] = {(char)('a' + i), '\0'}, expected[64] = "{\"v\":";
        strcat(strcat(expected, values[i]), "}");
        expect("numbers and what only looks like them", (clipsearch_source){.attributes_csv = path}, name, expected);
    }
}

static void test_csv_errors(void)
{
    expect_error("no key column", (clipsearch_source){.attributes_csv = csv("file,v\nx,1\n")}, "no column \"path\"");
    expect_error("two rows for one image", (clipsearch_source){.attributes_csv = csv("path,v\nx,1\ny,2\n./x,3\n")},
                 "lines 2 and 4");
    expect_error("two of one name",
                 (clipsearch_source){.attributes_csv = csv("path,v\na/x,1\nb/x,2\n"), .csv_by_name = true},
                 "lines 2 and 3");
    expect_error("a row for nothing", (clipsearch_source){.attributes_csv = csv("path,v\n./,1\n")}, "line 2");
    clipsearch_source missing = {.attributes_csv = "/none.csv", .path = "p"};
    cs_attributes *a;
    TAP_OK(cs_attributes_open(&missing, "/r", &a, &err) == CLIPSEARCH_E_IO && err.code == CLIPSEARCH_E_IO,
           "missing: %s", err.message);
}

static void test_counts(void)
{
    clipsearch_source source = {.path = "p", .attributes_csv = csv("path,v\nx,1\ny,2\nz,3\n")};
    cs_attributes *a;
    if (!TAP_OK(cs_attributes_open(&source, "/p", &a, &err) == CLIPSEARCH_OK, "three rows"))
        return;
    cs_buf out = cs_buf_make(100);
    cs_attributes_write(a, "y", &out, &err);
    cs_attributes_write(a, "q", &out, &err);
    cs_attributes_write(a, "y", &out, &err);
    cs_attributes_counts counts = cs_attributes_count(a);
    TAP_OK(counts.rows_without_image == 2 && counts.images_without_row == 1, "what did not join is counted");
    cs_buf_free(&out);
    cs_attributes_close(&a);
}

static void test_memory(void)
{
    clipsearch_source source = {
        .path = "p", .attributes = "{\"a\":[1,2],\"b\":\"x\"}", .attributes_csv = csv("path,v,w\nx,1,y\n")};
    clipsearch_status status = CLIPSEARCH_E_MEMORY;
    bool all = true;
    int n = 0;
    while (status != CLIPSEARCH_OK && ++n < 200) {
        cs_attributes *a = NULL;
        cs_buf out = cs_buf_make(1000);
        cs_mem_fail_at((uint64_t)n);
        status = cs_attributes_open(&source, "/p", &a, &err);
        if (status == CLIPSEARCH_OK)
            status = cs_attributes_write(a, "x", &out, &err);
        all = all &&
              (status == CLIPSEARCH_E_MEMORY ||
               (status == CLIPSEARCH_OK && strcmp(out.data, "{\"a\":[1,2],\"b\":\"x\",\"v\":1,\"w\":\"y\"}") == 0));
        cs_buf_free(&out);
        cs_attributes_close(&a);
    }
    cs_mem_fail_at(0);
    TAP_OK(all && n > 8 && n < 200, "each of %d allocations may fail", n - 1);
}

/* A list of files need not have a path: its relative names start at the current directory. */
static void test_without_path(void)
{
    static const char *const files[] = {"x.jpg"};
    const clipsearch_source source = {
        .attributes_csv = csv("path,v\n./x.jpg,1\n/disk/images/y.jpg,2\n"), .files = files, .file_count = 1};
    cs_attributes *a;
    cs_buf out = cs_buf_make(1000);
    bool good = cs_attributes_open(&source, "/disk/images", &a, &err) == CLIPSEARCH_OK &&
                cs_attributes_write(a, "x.jpg", &out, &err) == CLIPSEARCH_OK && strcmp(out.data, "{\"v\":1}") == 0 &&
                cs_attributes_write(a, "y.jpg", &out, &err) == CLIPSEARCH_OK && strcmp(out.data, "{\"v\":2}") == 0;
    TAP_OK(good, "a list of files without a path");
    cs_buf_free(&out);
    cs_attributes_close(&a);
}

int main(void)
{
    folder_make(&f);
    test_json();
    test_without_path();
    test_csv();
    test_csv_errors();
    test_counts();
    test_memory();
    folder_remove(&f);
    return tap_done();
}
