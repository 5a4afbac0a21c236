/* SPDX-License-Identifier: MIT
 * header.cc - the public header is C++ as well. */
#include "clipsearch.h"
#include "clipsearch.h"

int main()
{
    clipsearch_error err;
    clipsearch_encoder *encoder;
    return clipsearch_encoder_open("/no such model", nullptr, &encoder, &err) == CLIPSEARCH_E_NOT_FOUND ? 0 : 1;
}
