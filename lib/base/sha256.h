/*
 * sha256.h - SHA-256 (FIPS 180-4), for programs that need no more of a library
 * of ciphers than this
 */
#ifndef LIB_BASE_SHA256_H
#define LIB_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES	32

struct sha256 {
	uint32_t	 h[8];
	unsigned char	 block[64];
	uint64_t	 len;		/* bytes so far */
};

/* sha256_init - begin; nothing needs to be released */
void	sha256_init(struct sha256 *s);
/* sha256_add - the next bytes, in pieces of any size */
void	sha256_add(struct sha256 *s, const void *data, size_t len);
/* sha256_end - the digest of all of them; s must be begun again for the next */
void	sha256_end(struct sha256 *s, unsigned char out[SHA256_BYTES]);

#endif
