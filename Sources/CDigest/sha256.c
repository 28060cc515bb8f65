// The functions on a context are deprecated for EVP, which initialises the whole library and frees it in an exit handler:
// a thread that still ends while the process exits then frees the same memory. These touch the context only.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include "CDigest.h"

_Static_assert(sizeof(SHA256_CTX) <= sizeof(sha256_state), "a context has no place in the state");

void sha256_begin(sha256_state *state) {
    SHA256_Init((SHA256_CTX *)state);
}

void sha256_add(sha256_state *state, const void *bytes, size_t count) {
    SHA256_Update((SHA256_CTX *)state, bytes, count);
}

void sha256_end(sha256_state *state, uint8_t digest[32]) {
    SHA256_Final(digest, (SHA256_CTX *)state);
}
