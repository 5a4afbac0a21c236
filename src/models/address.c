/* SPDX-License-Identifier: MIT
 * address.c - which addresses are reached through the internet. */
#include "models/http.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

/* A block of addresses: `bits` bits of `start`. */
typedef struct block {
    uint32_t start;
    unsigned bits;
} block;

/* IPv4 addresses with other uses: RFC 6890's registry, multicast (RFC 5771) and the reserved rest (RFC 1112). */
static const block not_public[] = {
    {0x00000000, 8},  /* this network */
    {0x0A000000, 8},  /* private */
    {0x64400000, 10}, /* a carrier's network */
    {0x7F000000, 8},  /* loopback */
    {0xA9FE0000, 16}, /* link-local */
    {0xAC100000, 12}, /* private */
    {0xC0000000, 24}, /* protocol assignments */
    {0xC0000200, 24}, /* documentation */
    {0xC0586300, 24}, /* 6to4 relays, withdrawn */
    {0xC0A80000, 16}, /* private */
    {0xC6120000, 15}, /* benchmarks */
    {0xC6336400, 24}, /* documentation */
    {0xCB007100, 24}, /* documentation */
    {0xE0000000, 3},  /* multicast, reserved, broadcast */
};

static bool is_public_ipv4(const uint8_t bytes[4])
{
    const uint32_t address = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
    for (size_t i = 0; i < sizeof not_public / sizeof *not_public; i++)
        if ((address ^ not_public[i].start) >> (32 - not_public[i].bits) == 0)
            return false;
    return true;
}

/* Global unicast addresses are in 2000::/3 (RFC 4291); of the others only those that hold an IPv4 address count. */
static bool is_public_ipv6(const uint8_t bytes[16])
{
    static const uint8_t zeros[12] = {0}, mapped[12] = {[10] = 0xFF, [11] = 0xFF}, nat64[12] = {0x00, 0x64, 0xFF, 0x9B};
    if (memcmp(bytes, mapped, sizeof mapped) == 0 || memcmp(bytes, nat64, sizeof nat64) == 0)
        return is_public_ipv4(bytes + 12);
    if (memcmp(bytes, zeros, sizeof zeros) == 0) /* ::, ::1, and the IPv4-compatible form, withdrawn */
        return false;
    if (bytes[0] == 0x20 && bytes[1] == 0x02) /* 6to4 */
        return is_public_ipv4(bytes + 2);
    if (bytes[0] == 0x20 && bytes[1] == 0x01 && (bytes[2] < 2 || (bytes[2] == 0x0D && bytes[3] == 0xB8)))
        return false; /* 2001::/23 for protocols (Teredo is one), 2001:db8::/32 for documentation */
    return (bytes[0] & 0xE0) == 0x20;
}

bool cs_http_is_public(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        uint8_t bytes[4];
        memcpy(bytes, &((const struct sockaddr_in *)(const void *)address)->sin_addr, sizeof bytes);
        return is_public_ipv4(bytes);
    }
    if (address->sa_family == AF_INET6) {
        uint8_t bytes[16];
        memcpy(bytes, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, sizeof bytes);
        return is_public_ipv6(bytes);
    }
    return false;
}
