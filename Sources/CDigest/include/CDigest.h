/* SHA-256 (FIPS 180-4) by libcrypto. */
#ifndef CDIGEST_H
#define CDIGEST_H

#include <stddef.h>
#include <stdint.h>

/* A digest in work; libcrypto's own context fits. */
typedef struct {
    uint64_t words[16];
} sha256_state;

void sha256_begin(sha256_state *state);
void sha256_add(sha256_state *state, const void *bytes, size_t count);
/* Writes the 32 bytes; the state is of no use afterwards. */
void sha256_end(sha256_state *state, uint8_t digest[32]);

#endif
