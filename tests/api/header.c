/* SPDX-License-Identifier: MIT
 * header.c - the public header needs nothing before it and bears being included twice. */
#include "clipsearch.h"
#include "clipsearch.h"

int main(void)
{
    clipsearch_error err;
    clipsearch_encoder *encoder;
    return clipsearch_encoder_open("/no such model", NULL, &encoder, &err) == CLIPSEARCH_E_NOT_FOUND ? 0 : 1;
}
