/* SPDX-License-Identifier: MIT
 * test_address.c - addresses of databases. */
#include "tap.h"

#include "base/server_scheme.h"
#include "remote/milvus_address.h"

#include <stdio.h>
#include <string.h>

static void test_good(void)
{
    static const struct {
        const char *text, *host, *port, *database, *authority;
        bool tls, zilliz;
    } good[] = {
        {"milvus://localhost", "localhost", "19530", "", "localhost:19530", false, false},
        {"milvus://127.0.0.1:19531", "127.0.0.1", "19531", "", "127.0.0.1:19531", false, false},
        {"milvus://db.example:1/photos", "db.example", "1", "photos", "db.example:1", false, false},
        {"milvus://db.example/", "db.example", "19530", "", "db.example:19530", false, false},
        {"milvus+tls://db.example:65535/a_1", "db.example", "65535", "a_1", "db.example:65535", true, false},
        {"milvus://[::1]:19530/x", "::1", "19530", "x", "[::1]:19530", false, false},
        {"milvus://[fe80::2]", "fe80::2", "19530", "", "[fe80::2]:19530", false, false},
        {"https://in01-1.aws.zillizcloud.com", "in01-1.aws.zillizcloud.com", "443", "",
         "in01-1.aws.zillizcloud.com:443", true, true},
        {"https://in01-1.aws.zillizcloud.com:19530", "in01-1.aws.zillizcloud.com", "19530", "",
         "in01-1.aws.zillizcloud.com:19530", true, true},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        cs_milvus_address a;
        clipsearch_error err = {.message = ""};
        TAP_OK(cs_milvus_address_parse(good[i].text, &a, &err) == CLIPSEARCH_OK &&
                   strcmp(a.server.host, good[i].host) == 0 && strcmp(a.server.port, good[i].port) == 0 &&
                   strcmp(a.database, good[i].database) == 0 && strcmp(a.authority, good[i].authority) == 0 &&
                   a.server.tls == good[i].tls && a.zilliz == good[i].zilliz,
               "%s %s", good[i].text, err.message);
    }
}

static void test_bad(void)
{
    static const char *const bad[] = {
        "milvus://",          "milvus://:19530",       "milvus://h:",    "milvus://h:0",    "milvus://h:65536",
        "milvus://h:123456",  "milvus://h:12a",        "milvus://[::1",  "milvus://[::1]x", "milvus://[]",
        "milvus://h/a-b",     "milvus://h/1a",         "milvus://h/a/b", "milvus://h?x=1",  "milvus://h/a#b",
        "milvus://h h:19530", "milvus://h:19530:19531"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cs_milvus_address a;
        clipsearch_error err;
        TAP_OK(cs_milvus_address_parse(bad[i], &a, &err) == CLIPSEARCH_E_ARGUMENT, "refused: %s", bad[i]);
    }
    char longer[400] = "milvus://";
    memset(longer + 9, 'h', 300);
    cs_milvus_address a;
    clipsearch_error err;
    TAP_OK(cs_milvus_address_parse(longer, &a, &err) == CLIPSEARCH_E_ARGUMENT, "refused: a host of 300 bytes");
    TAP_OK(cs_milvus_address_parse("milvus://root:secret@h", &a, &err) == CLIPSEARCH_E_ARGUMENT &&
               !strstr(err.message, "secret"),
           "a password in an address is refused and not repeated: %s", err.message);
}

static void test_schemes(void)
{
    TAP_OK(cs_server_scheme_of("milvus://h") && cs_server_scheme_of("milvus+tls://h") &&
               cs_server_scheme_of("https://h"),
           "addresses of servers");
    TAP_OK(!cs_server_scheme_of("photos.db") && !cs_server_scheme_of("/a/milvus://h") &&
               !cs_server_scheme_of("MILVUS://h") && !cs_server_scheme_of("") && !cs_server_scheme_of(":memory:"),
           "paths of files");
}

int main(void)
{
    test_good();
    test_bad();
    test_schemes();
    return tap_done();
}
