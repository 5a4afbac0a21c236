/* SPDX-License-Identifier: MIT
 * fuzz_pickle.c - any bytes as the pickle of an otherwise valid PyTorch archive. */
#include "weights_check.h"
#include "zip_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t storage[512];
    char name[] = "w/data/0";
    zip_file zip = zip_file_make(false);
    zip_file_add(&zip, "w/data.pkl", data, size);
    for (char key = '0'; key < '4'; key++) {
        name[sizeof name - 2] = key;
        zip_file_add(&zip, name, storage, sizeof storage);
    }
    zip_file_end(&zip);
    int result = check_weights((const uint8_t *)zip.file.data, zip.file.len);
    zip_file_free(&zip);
    return result;
}
