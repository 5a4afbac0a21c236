/* SPDX-License-Identifier: MIT
 * test_digest.c - SHA-256 and MD5: published values, pieces of every size, many threads, a refusal. */
#include "base/digest.h"
#include "tap.h"

#include <pthread.h>
#include <string.h>

static size_t size_of(cs_digest_algorithm algorithm)
{
    return algorithm == CS_MD5 ? CS_MD5_BYTES : CS_SHA256_BYTES;
}

static const char *hex_of(cs_digest_algorithm algorithm, const void *data, size_t size)
{
    static char hex[2 * CS_SHA256_BYTES + 1];
    uint8_t bytes[CS_SHA256_BYTES];
    clipsearch_status status = cs_digest_of(algorithm, data, size, bytes, NULL);
    cs_digest_hex(bytes, size_of(algorithm), hex);
    return status == CLIPSEARCH_OK ? hex : "failed";
}

/* FIPS 180-4's examples; RFC 1321, appendix A.5. */
static void test_published(void)
{
    static const struct {
        cs_digest_algorithm algorithm;
        const char *text, *hex;
    } cases[] = {
        {CS_SHA256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {CS_SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {CS_SHA256, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {CS_MD5, "", "d41d8cd98f00b204e9800998ecf8427e"},
        {CS_MD5, "a", "0cc175b9c0f1b6a831c399e269772661"},
        {CS_MD5, "abc", "900150983cd24fb0d6963f7d28e17f72"},
        {CS_MD5, "message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
        {CS_MD5, "abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"},
        {CS_MD5, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "d174ab98d277d9f5a5611c2c9f419d9f"},
        {CS_MD5, "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
         "57edf4a22be3c955ac49da2e2107b67a"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        TAP_OK(strcmp(hex_of(cases[i].algorithm, cases[i].text, strlen(cases[i].text)), cases[i].hex) == 0,
               "%s of \"%s\"", cases[i].algorithm == CS_MD5 ? "md5" : "sha256", cases[i].text);
    char block[1000], hex[65];
    memset(block, 'a', sizeof block);
    cs_digest digest;
    uint8_t bytes[CS_SHA256_BYTES];
    cs_digest_init(&digest, CS_SHA256);
    for (size_t left = 1000000, n = 1; left; n = n % 997 + 1) { /* pieces that end everywhere in a block */
        size_t piece = n < left ? n : left;
        cs_digest_update(&digest, block, piece);
        left -= piece;
    }
    TAP_OK(cs_digest_final(&digest, bytes, NULL) == CLIPSEARCH_OK, "a million a in pieces");
    cs_digest_hex(bytes, sizeof bytes, hex);
    TAP_OK(strcmp(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0") == 0,
           "sha256 of a million a");
}

/* Lengths around the end of a block, byte by byte with empty pieces between, against all at once. */
static void test_pieces(void)
{
    char text[200];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)(i * 31 + 7);
    for (cs_digest_algorithm algorithm = CS_SHA256; algorithm <= CS_MD5; algorithm++) {
        bool same = true;
        for (size_t size = 0; size <= sizeof text; size++) {
            uint8_t whole[CS_SHA256_BYTES], pieces[CS_SHA256_BYTES];
            cs_digest digest;
            same = same && cs_digest_of(algorithm, text, size, whole, NULL) == CLIPSEARCH_OK;
            cs_digest_init(&digest, algorithm);
            for (size_t i = 0; i < size; i++) {
                cs_digest_update(&digest, text + i, 1);
                cs_digest_update(&digest, NULL, 0);
            }
            same = same && cs_digest_final(&digest, pieces, NULL) == CLIPSEARCH_OK;
            same = same && memcmp(whole, pieces, size_of(algorithm)) == 0;
        }
        TAP_OK(same, "%s in one piece and byte by byte", algorithm == CS_MD5 ? "md5" : "sha256");
    }
}

static void *digest_often(void *argument)
{
    bool *same = argument;
    for (int i = 0; i < 2000; i++) {
        uint8_t bytes[CS_SHA256_BYTES];
        *same = *same && cs_digest_of(CS_SHA256, "abc", 3, bytes, NULL) == CLIPSEARCH_OK && bytes[0] == 0xba &&
                bytes[31] == 0xad;
        *same = *same && cs_digest_of(CS_MD5, "abc", 3, bytes, NULL) == CLIPSEARCH_OK && bytes[0] == 0x90;
    }
    return NULL;
}

static void test_threads(void)
{
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    bool same[THREADS] = {true, true, true, true}, all = true;
    size_t started = 0;
    while (started < THREADS && pthread_create(&threads[started], NULL, digest_often, &same[started]) == 0)
        started++;
    for (size_t i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
        all = all && same[i];
    }
    TAP_OK(started == THREADS && all, "%zu threads at once", started);
}

/* What a libcrypto that refuses would leave behind. */
static void test_refused(void)
{
    static const uint8_t zeros[CS_SHA256_BYTES];
    for (cs_digest_algorithm algorithm = CS_SHA256; algorithm <= CS_MD5; algorithm++) {
        uint8_t bytes[CS_SHA256_BYTES];
        clipsearch_error err = {0};
        cs_digest digest;
        memset(bytes, 7, sizeof bytes);
        cs_digest_init(&digest, algorithm);
        digest.failed = true;
        cs_digest_update(&digest, "abc", 3);
        TAP_OK(cs_digest_final(&digest, bytes, &err) == CLIPSEARCH_E_UNSUPPORTED &&
                   memcmp(bytes, zeros, size_of(algorithm)) == 0,
               "a refusal is reported at the end: %s", err.message);
    }
}

int main(void)
{
    test_threads();
    test_published();
    test_pieces();
    test_refused();
    return tap_done();
}
