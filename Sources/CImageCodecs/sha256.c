// The functions on a context are deprecated for EVP, which initialises the whole library and frees it in an exit handler:
// a thread that still ends while the process exits then frees the same memory. These touch the context only.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include "CImageCodecs.h"

void image_sha256(const uint8_t *bytes, size_t count, uint8_t digest[32]) {
    SHA256_CTX context;
    SHA256_Init(&context);
    SHA256_Update(&context, bytes, count);
    SHA256_Final(digest, &context);
}
