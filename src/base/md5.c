/* SPDX-License-Identifier: MIT
 * md5.c - MD5 by the letter of RFC 1321. */
#include "base/md5.h"

/* RFC 1321, 3.4: the integer part of 4294967296 abs(sin(i)), i in radians from 1 */
static const uint32_t T[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};

/* How far round i / 16 turns left in its four steps. */
static const uint8_t turns[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

static uint32_t rotl(uint32_t x, unsigned n)
{
    return x << n | x >> (32 - n);
}

static void compress(uint32_t *state, const uint8_t *block)
{
    uint32_t x[16];
    for (int k = 0; k < 16; k++)
        x[k] = (uint32_t)block[4 * k] | (uint32_t)block[4 * k + 1] << 8 | (uint32_t)block[4 * k + 2] << 16 |
               (uint32_t)block[4 * k + 3] << 24;
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    for (unsigned i = 0; i < 64; i++) {
        unsigned round = i / 16;
        uint32_t mixed = round == 0   ? ((b & c) | (~b & d))
                         : round == 1 ? ((b & d) | (c & ~d))
                         : round == 2 ? (b ^ c ^ d)
                                      : (c ^ (b | ~d));
        unsigned k = round == 0 ? i : round == 1 ? (5 * i + 1) % 16 : round == 2 ? (3 * i + 5) % 16 : 7 * i % 16;
        uint32_t turned = b + rotl(a + mixed + x[k] + T[i], turns[round][i % 4]);
        a = d;
        d = c;
        c = b;
        b = turned;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
}

void cs_md5_init(cs_md5 *md5)
{
    *md5 = (cs_md5){.state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}}; /* RFC 1321, 3.3 */
}

void cs_md5_add(cs_md5 *md5, const void *data, size_t size)
{
    cs_hash_add(&md5->input, compress, md5->state, data, size);
}

void cs_md5_end(cs_md5 *md5, uint8_t digest[16])
{
    cs_hash_pad(&md5->input, compress, md5->state, false);
    for (int i = 0; i < 16; i++)
        digest[i] = (uint8_t)(md5->state[i / 4] >> (8 * (i % 4)));
}

void cs_md5_hex(const uint8_t digest[16], char hex[33])
{
    cs_hash_hex(digest, 16, hex);
}
