/* SPDX-License-Identifier: MIT
 * test_yaml.c - the YAML tree, its limits, its tables of keys, and the ingest file. */
#include "base/mem.h"
#include "config/ingest_yaml.h"
#include "config/yaml_json.h"
#include "config/yaml_keys.h"
#include "tap.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>

/* Parse `text` as an ingest file in the directory "in"; the message of the failure, or "" . */
static const char *message_of(const char *text)
{
    static clipsearch_error err;
    cs_yaml *yaml = NULL;
    cs_ingest_file file;
    err.message[0] = '\0';
    if (cs_yaml_parse(text, strlen(text), "f.yaml", &yaml, &err) == CLIPSEARCH_OK &&
        cs_ingest_file_read(yaml, "in", &file, &err) == CLIPSEARCH_OK)
        cs_ingest_file_close(&file);
    return err.message;
}

static void test_messages(void)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"sorces: [a]\n", "f.yaml:1:1: unknown key \"sorces\" in an ingest file; did you mean sources?"},
        {"sources: [a]\nbatch: many\n", "f.yaml:2:8: batch must be a whole number from 1 to 65536, not \"many\""},
        {"sources: [a]\nbatch: 0\n", "f.yaml:2:8: batch must be a whole number from 1 to 65536, not \"0\""},
        {"sources: [a]\nbatch: -3\n", "f.yaml:2:8: batch must be a whole number from 1 to 65536, not \"-3\""},
        {"sources: [a]\nbatch: 99999999999999999999999\n",
         "f.yaml:2:8: batch must be a whole number from 1 to 65536, not \"99999999999999999999999\""},
        {"sources: [a]\nmetric: cosin\n",
         "f.yaml:2:9: metric must be cosine, ip or l2, not \"cosin\"; did you mean cosine?"},
        {"sources: [a]\nprune: maybe\n", "f.yaml:2:8: prune must be true or false, not \"maybe\""},
        {"sources: [a]\nprune:\n", "f.yaml:2:7: prune must be true or false, not nothing"},
        {"sources: [a]\nmodel: [x]\n", "f.yaml:2:8: model must be a text, not a list"},
        {"sources: [a]\ncollection: a b\n",
         "f.yaml:2:13: collection must be 1 to 64 letters, digits, '_', '-' or '.', not \"a b\""},
        {"sources: [a]\ncollection: [b]\n",
         "f.yaml:2:13: collection must be 1 to 64 letters, digits, '_', '-' or '.', not a list"},
        {"sources: [a]\n# \303\251\nmodel: \303\251\377\n",
         "f.yaml:3:9: invalid leading UTF-8 octet; the file must be UTF-8"},
        {"sources: a\n", "f.yaml:1:10: sources must be a list (lines beginning with -), not \"a\""},
        {"sources: [[a]]\n", "f.yaml:1:11: a source must be a path, or a map that has a path, not a list"},
        {"sources: [~]\n",
         "f.yaml:1:11: a source must be a path, or a map that has a path, not nothing, which ~ alone means in "
         "YAML; the home directory is ~/"},
        {"sources: [a, null]\n", "f.yaml:1:14: a source must be a path, or a map that has a path, not nothing"},
        {"sources: []\n", "f.yaml:1:10: sources is empty; it needs at least one directory or file"},
        {"sources:\n  - path: a\n    inclde: b\n",
         "f.yaml:3:5: unknown key \"inclde\" in a source; did you mean include?"},
        {"sources:\n  - path: a\n    colour: b\n", "f.yaml:3:5: unknown key \"colour\" in a source; the keys are path, "
                                                   "include, exclude, recurse, follow_symlinks, "
                                                   "attributes, attributes_csv, csv, files_from, hidden, case"},
        {"sources:\n  - include: a\n", "f.yaml:2:5: a source needs the key path, the directory or file to read"},
        {"sources:\n  - [a]\n", "f.yaml:2:5: a source must be a path, or a map that has a path, not a list"},
        {"sources:\n  - path: a\n    include: [b, {c: d}]\n",
         "f.yaml:3:18: every element of include must be a text, not a map"},
        {"sources:\n  - path: a\n    attributes: 3\n",
         "f.yaml:3:17: attributes must be a map (key: value lines), not \"3\""},
        {"sources:\n  - path: a\n    attributes: {x: .nan}\n",
         "f.yaml:3:21: .nan cannot be stored as a number; quote it to store it as a text"},
        {"sources:\n  - path: a\n    attributes: {x: [1, -1e400]}\n",
         "f.yaml:3:25: -1e400 cannot be stored as a number; quote it to store it as a text"},
        {"sources:\n  - path: a\n    include: \"[a\"\n",
         "f.yaml:3:14: pattern \"[a\": '[' is not closed (write \\[ for a bracket)"},
        {"sources:\n  - path: a\n    exclude:\n      - b\n      - /\n    include: c\n",
         "f.yaml:5:9: pattern \"/\": empty"},
        {"sources:\n  - path: a\n    csv: {key: id}\n",
         "f.yaml:3:5: csv needs the key file, the CSV file with the attributes"},
        {"sources:\n  - path: a\n    csv: {file: x, match: nam}\n",
         "f.yaml:3:27: match must be path or name, not \"nam\"; did you mean name?"},
        {"sources:\n  - path: a\n    csv: {file: x}\n    attributes_csv: y\n",
         "f.yaml:3:5: csv and attributes_csv exclude each other; keep one of them"},
        {"sources: [a]\nindex: {codes: i9}\n",
         "f.yaml:2:16: codes must be f32, f16, bf16 or i8, not \"i9\"; did you mean i8?"},
        {"sources: [a]\nindex: {m: 3}\n", "f.yaml:2:12: m must be a whole number from 4 to 64, not \"3\""},
        {"sources: [a]\nindex: {efs: 3}\n", "f.yaml:2:9: unknown key \"efs\" in index; did you mean ef?"},
        {"sources: [a]\nindex: 3\n", "f.yaml:2:8: index must be a map (key: value lines), not \"3\""},
        {"sources: [a]\nsources: [b]\n", "f.yaml:2:1: the key \"sources\" is repeated; it is first in line 1"},
        {"batch: 3\n", "f.yaml:1:1: an ingest file needs the key sources, a list of directories and files"},
        {"", "f.yaml:1:1: the file is empty; it needs at least the key sources"},
        {"# nothing\n", "f.yaml:1:1: the file is empty; it needs at least the key sources"},
        {"- a\n", "f.yaml:1:1: an ingest file must be a map (key: value lines), not a list"},
        {"sources: [a]\n---\nsources: [b]\n",
         "f.yaml:2:1: a second document begins here (---); a file must have only one"},
        {"sources: &x [a]\n",
         "f.yaml:1:10: anchors (&name) and aliases (*name) are not supported; write the value out, or quote a text "
         "that begins with * or &"},
        {"sources: *x\n",
         "f.yaml:1:10: anchors (&name) and aliases (*name) are not supported; write the value out, or quote a text "
         "that begins with * or &"},
        {"sources: !!seq [a]\n", "f.yaml:1:10: tags (!name) are not supported; quote a text that begins with !"},
        {"[a, b]: c\n", "f.yaml:1:1: a key must be a plain text"},
        {"sources: [\"a\\0b\"]\n", "f.yaml:1:11: a NUL byte in a text"},
        {"sources: [a\n",
         "f.yaml:2:1: a [ is not closed, a comma is missing, or a text with brackets is not in quotes"},
        {"sources: [a]\n\tbatch: 3\n", "f.yaml:2:1: a tab stands where only spaces may; indent with spaces"},
        {"sources:\n\t- a\n", "f.yaml:2:1: a tab stands where only spaces may; indent with spaces"},
        {"sources:\n  - path: a\n    include: *.jpg\n",
         "f.yaml:3:14: a text that begins with * must be in quotes: \"*.jpg\""},
        {"sources:\n  - path: a\n    include: [*.jpg, \"*.png\"]\n",
         "f.yaml:3:15: a text that begins with * must be in quotes: \"*.jpg\""},
        {"sources:\n  - path: a\n    include:\n      - **/*.jpg # all\n",
         "f.yaml:4:9: a text that begins with * must be in quotes: \"**/*.jpg\""},
        {"sources:\n  - path: \xC3\xA9\n    include: {a: *[ab].jpg}\n",
         "f.yaml:3:18: a text that begins with * must be in quotes: \"*[ab].jpg\""},
        {"sources:\n  - path: a\n    exclude: *a\"b\n", "f.yaml:3:14: a text that begins with * must be in quotes"},
        {"sources:\n  - path: a\n    exclude: &*\n",
         "f.yaml:3:14: a text that begins with & must be in quotes: \"&*\""},
        {"sources: [@eaDir]\n", "f.yaml:1:11: a text that begins with @ must be in quotes: \"@eaDir\""},
        {"sources: [%a%]\n", "f.yaml:1:11: a text that begins with % must be in quotes: \"%a%\""},
        {"sources: [\"D:\\Music\"]\n", "f.yaml:1:14: in double quotes each \\ must be written twice; or use single "
                                       "quotes, in which it is written once"},
        {"sources: [\"C:\\Users\"]\n", "f.yaml:1:16: in double quotes each \\ must be written twice; or use single "
                                       "quotes, in which it is written once"},
        {"sources:\n  - path: a: b\n",
         "f.yaml:2:12: check the indentation of this line; a text with a colon and a space in it must be in quotes"},
        {"sources: - a\n", "f.yaml:1:10: begin a new line for each element of a list, with - before it"},
        {"sources:\n  - path: a\n   include: b\n",
         "f.yaml:3:4: elements of one list must begin in the same column, each with -"},
        {"sources: [\"a]\n", "f.yaml:2:1: a quote is not closed"},
        {"sources: [a]\nbatch 3\n",
         "f.yaml:3:1: a line of the form key: value is expected here; a space follows the colon"},
        {"sources:\n  - path: ~\n",
         "f.yaml:2:11: path must be a text, not nothing, which ~ alone means in YAML; the home directory is ~/"},
        {"sources: [a]\ndatabase: $HOME/x.db\n",
         "f.yaml:2:11: $HOME/x.db: variables are not replaced here; write the path out, or ~/ for the home directory"},
        {"sources:\n  - path: a\n    csv: {file: \"https://example.org/a.csv\"}\n",
         "f.yaml:3:17: https://example.org/a.csv: this is a URL; only directories and files of this machine can be "
         "read, "
         "so download or mount it first"},
        {"sources:\n  - path: a\n    case: exakt\n",
         "f.yaml:3:11: case must be any or exact, not \"exakt\"; did you mean exact?"},
        {"sources:\n  - files_from: nowhere.txt\n",
         "f.yaml:2:17: the list of files in/nowhere.txt: No such file or directory"},
        {"sources: [\xff]\n", "f.yaml:1:11: invalid leading UTF-8 octet; the file must be UTF-8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *message = message_of(cases[i].text);
        if (!TAP_OK(strcmp(message, cases[i].message) == 0, "message: %s", cases[i].message))
            tap_note("got: %s", message);
    }
}

static void test_limits(void)
{
    clipsearch_error err;
    cs_yaml *yaml;
    cs_buf text = cs_buf_make(4 << 20);
    for (int depth = 31; depth <= 34; depth++) {
        cs_buf_clear(&text);
        for (int i = 0; i < depth; i++)
            cs_buf_putc(&text, '[');
        for (int i = 0; i < depth; i++)
            cs_buf_putc(&text, ']');
        clipsearch_status status = cs_yaml_parse(text.data, text.len, "f", &yaml, &err);
        TAP_OK(status == (depth <= CS_YAML_MAX_DEPTH ? CLIPSEARCH_OK : CLIPSEARCH_E_LIMIT), "%d deep", depth);
        cs_yaml_close(&yaml);
    }
    cs_buf_clear(&text);
    for (int i = 0; i < 300000; i++)
        cs_buf_putc(&text, '[');
    TAP_OK(cs_yaml_parse(text.data, text.len, "f", &yaml, &err) == CLIPSEARCH_E_LIMIT,
           "300,000 deep is refused at once");
    cs_buf_clear(&text);
    for (int i = 0; i < 20001; i++)
        cs_buf_puts(&text, "- a\n");
    TAP_OK(cs_yaml_parse(text.data, text.len, "f", &yaml, &err) == CLIPSEARCH_E_LIMIT, "20,001 elements and a list");
    TAP_OK(cs_yaml_parse(text.data, text.len - 8, "f", &yaml, &err) == CLIPSEARCH_OK, "19,999 elements and a list");
    cs_yaml_close(&yaml);
    for (int members = 1000; members <= 1001; members++) {
        cs_buf_clear(&text);
        for (int i = 0; i < members; i++)
            cs_buf_printf(&text, "k%d: 1\n", i);
        TAP_OK(cs_yaml_parse(text.data, text.len, "f", &yaml, &err) ==
                   (members <= CS_YAML_MAX_MEMBERS ? CLIPSEARCH_OK : CLIPSEARCH_E_LIMIT),
               "%d keys", members);
        cs_yaml_close(&yaml);
    }
    cs_buf_clear(&text);
    cs_buf_putc(&text, '#');
    while (text.len < CS_YAML_MAX_BYTES)
        cs_buf_putc(&text, 'x');
    TAP_OK(cs_yaml_parse(text.data, text.len, "f", &yaml, &err) == CLIPSEARCH_OK && !cs_yaml_root(yaml), "a MiB");
    cs_yaml_close(&yaml);
    cs_buf_putc(&text, 'x');
    TAP_OK(cs_yaml_parse(text.data, text.len, "f", &yaml, &err) == CLIPSEARCH_E_LIMIT && !yaml &&
               strcmp(err.message,
                      "f:1:1: 1048577 bytes, more than the limit of 1048576 for a YAML file; shorten it, or "
                      "divide it into several") == 0,
           "a MiB and a byte: %s", err.message);
    cs_buf_free(&text);
}

static void test_json(void)
{
    /* expected values by the core schema of YAML 1.2, chapter 10.3 */
    static const struct {
        const char *yaml, *json;
    } cases[] = {
        {"{a: 1, b: two, c: \"3\"}", "{\"a\":1,\"b\":\"two\",\"c\":\"3\"}"},
        {"{}", "{}"},
        {"[]", "[]"},
        {"[[], {}, [1, [2]], {x: {y: [z]}}]", "[[],{},[1,[2]],{\"x\":{\"y\":[\"z\"]}}]"},
        {"[~, null, Null, '', 'null']", "[null,null,null,\"\",\"null\"]"},
        {"[true, False, TRUE, yes, 'true']", "[true,false,true,\"yes\",\"true\"]"},
        {"[0, -7, +12, 007, 0o17, 0xFf, 9223372036854775807]", "[0,-7,12,7,15,255,9223372036854775807]"},
        {"[1.5, -.5, 2., 1e3, 1.5E-2, 1., ., e5, 1e, 0x, 1_000]",
         "[1.5,-0.5,2,1000,0.015,1,\".\",\"e5\",\"1e\",\"0x\",\"1_000\"]"},
        {"['1e999', 12:30, 2024-01-02, 1.2.3]", "[\"1e999\",\"12:30\",\"2024-01-02\",\"1.2.3\"]"},
        {"a: |\n  two\n  lines\nb: \"q\\\"\\t\"", "{\"a\":\"two\\nlines\\n\",\"b\":\"q\\\"\\t\"}"},
        {"plain", "\"plain\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        clipsearch_error err = {0};
        cs_yaml *yaml = NULL;
        cs_buf json = cs_buf_make(4096);
        bool ok = cs_yaml_parse(cases[i].yaml, strlen(cases[i].yaml), "f", &yaml, &err) == CLIPSEARCH_OK &&
                  cs_yaml_to_json(yaml, cs_yaml_root(yaml), &json, &err) == CLIPSEARCH_OK;
        if (!TAP_OK(ok && strcmp(json.data, cases[i].json) == 0, "to JSON, case %zu", i))
            tap_note("got: %s %s", json.data ? json.data : "", err.message);
        cs_buf_free(&json);
        cs_yaml_close(&yaml);
    }
}

static const char whole[] = "database: db/photos.db\n"
                            "collection: 2024\n"
                            "model: ../models/b32\n"
                            "metric: l2\n"
                            "batch: 16\n"
                            "threads: 3\n"
                            "on_bad: stop\n"
                            "prune: yes\n"
                            "exif: ignore\n"
                            "max_pixels: 1000\n"
                            "max_bytes: 4294967296\n"
                            "index: {codes: bf16, m: 8, ef_construction: 99, ef: 50}\n"
                            "sources:\n"
                            "  - plain\n"
                            "  - path: /abs\n"
                            "    include: '*.png'\n"
                            "    exclude: [thumbs, \"*.tmp\"]\n"
                            "    recurse: false\n"
                            "    follow_symlinks: true\n"
                            "    attributes: {year: 2024, tag: [a, b]}\n"
                            "    csv: {file: tags.csv, key: file, match: name}\n"
                            "  - path: ~/Pictures\n"
                            "    attributes_csv: ~/tags.csv\n";

static clipsearch_status read_whole(cs_ingest_file *file, clipsearch_error *err)
{
    cs_yaml *yaml;
    *file = (cs_ingest_file){0};
    clipsearch_status status = cs_yaml_parse(whole, sizeof whole - 1, "f.yaml", &yaml, err);
    return status == CLIPSEARCH_OK ? cs_ingest_file_read(yaml, "in", file, err) : status;
}

static void test_whole(void)
{
    clipsearch_error err = {0};
    cs_ingest_file f;
    setenv("HOME", "/home/someone", 1);
    if (!TAP_OK(read_whole(&f, &err) == CLIPSEARCH_OK, "a file with everything: %s", err.message))
        return;
    TAP_OK(strcmp(f.database, "in/db/photos.db") == 0 && strcmp(f.model, "in/../models/b32") == 0, "paths of the file");
    TAP_OK(strcmp(f.collection, "2024") == 0, "a number is a good name");
    TAP_OK(f.has_metric && f.metric == CLIPSEARCH_L2 && f.has_batch && f.batch == 16 && f.has_threads &&
               f.threads == 3 && f.has_on_bad && f.on_bad == CS_ON_BAD_STOP && f.has_prune && f.prune && f.has_exif &&
               f.exif.ignore_orientation && strcmp(f.exif.metadata, "") == 0 && f.max_pixels == 1000 &&
               f.max_bytes == UINT64_C(4294967296),
           "settings");
    TAP_OK(f.index.codes == CLIPSEARCH_CODES_BF16 && f.index.m == 8 && f.index.ef_construction == 99 &&
               f.index.ef == 50,
           "parameters of the index");
    TAP_OK(f.source_count == 3, "three sources");
    const clipsearch_source *s = f.sources;
    TAP_OK(strcmp(s[0].path, "in/plain") == 0 && !s[0].include && !s[0].no_recurse, "a source that is only a path");
    TAP_OK(strcmp(s[1].path, "/abs") == 0 && s[1].include_count == 1 && strcmp(s[1].include[0], "*.png") == 0 &&
               s[1].exclude_count == 2 && strcmp(s[1].exclude[1], "*.tmp") == 0 && s[1].no_recurse &&
               s[1].follow_symlinks,
           "patterns and switches");
    TAP_OK(strcmp(s[1].attributes, "{\"year\":2024,\"tag\":[\"a\",\"b\"]}") == 0, "attributes");
    TAP_OK(strcmp(s[1].attributes_csv, "in/tags.csv") == 0 && strcmp(s[1].csv_key, "file") == 0 && s[1].csv_by_name,
           "csv");
    TAP_OK(strcmp(s[2].path, "/home/someone/Pictures") == 0 &&
               strcmp(s[2].attributes_csv, "/home/someone/tags.csv") == 0,
           "~/ is the home directory");
    cs_ingest_file_close(&f);
}

/* Every allocation fails once; nothing may leak (the sanitizer looks) and the status must say why. */
static void test_memory(void)
{
    bool all_clean = true;
    for (uint64_t n = 1; n < 10000; n++) {
        clipsearch_error err;
        cs_ingest_file file;
        cs_mem_fail_at(n);
        clipsearch_status status = read_whole(&file, &err);
        cs_mem_fail_at(0);
        if (status == CLIPSEARCH_OK) {
            cs_ingest_file_close(&file);
            TAP_OK(all_clean && n > 20, "each of %llu allocations may fail", (unsigned long long)(n - 1));
            return;
        }
        all_clean = all_clean && status == CLIPSEARCH_E_MEMORY && !file.yaml;
    }
    TAP_OK(false, "the reading never succeeds");
}

/* What `exif: TEXT` means, or its message. */
static const char *exif_of(const char *text)
{
    static char result[600];
    char yaml_text[256];
    cs_yaml *yaml;
    cs_ingest_file file;
    clipsearch_error err;
    int size = snprintf(yaml_text, sizeof yaml_text, "exif: %s\nsources: [a]\n", text);
    if (cs_yaml_parse(yaml_text, (size_t)size, "f", &yaml, &err) != CLIPSEARCH_OK ||
        cs_ingest_file_read(yaml, "in", &file, &err) != CLIPSEARCH_OK)
        return strcpy(result, err.message);
    snprintf(result, sizeof result, "%s %s", file.exif.ignore_orientation ? "ignore" : "turn",
             file.exif.metadata ? file.exif.metadata : "all");
    cs_ingest_file_close(&file);
    return result;
}

static void test_exif(void)
{
    static const char *const cases[][2] = {
        {"apply", "turn all"},
        {"orientation", "turn "},
        {"ignore", "ignore "},
        {"taken", "turn taken"},
        {"taken, gps", "turn taken, gps"},
        {"[taken, gps, f_number]", "turn taken,gps,f_number"},
        {"[]", "turn "},
        {"aply", "f:1:7: exif: there is no \"aply\"; did you mean apply?"},
        {"[taken, lenz]", "f:1:15: exif: there is no \"lenz\"; did you mean lens?"},
        {"[taken, ignore]", "f:1:15: exif: \"ignore\" stands alone, not in a list"},
        {"{a: b}", "f:1:7: exif must be a text or a list of texts, not a map"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *got = exif_of(cases[i][0]);
        TAP_OK(strcmp(got, cases[i][1]) == 0, "exif: %s: %s", cases[i][0], got);
    }
    const char *got = exif_of("xxxxxxxx");
    TAP_OK(strstr(got, "there are apply, orientation, ignore, altitude, ") && strstr(got, "title and gps"), "%s", got);
}

int main(void)
{
    test_exif();
    test_messages();
    test_limits();
    test_json();
    test_whole();
    test_memory();
    return tap_done();
}
