/*
 * crypto.h - OpenSSL, loaded when it is needed
 *
 * Scripts start postconf again and again, and linking with libcrypto would be
 * half of what a start costs; few runs need it.
 */
#ifndef CMD_POSTCONF_CRYPTO_H
#define CMD_POSTCONF_CRYPTO_H

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#define CRYPTO_FUNCTIONS(X) \
	X(ASN1_TIME_diff) X(ERR_clear_error) X(EVP_PKEY_free) \
	X(OpenSSL_version) X(PEM_read_PrivateKey) X(PEM_read_X509) \
	X(X509_check_private_key) X(X509_free) X(X509_get0_notAfter)

#define CRYPTO_MEMBER(fn) __typeof__(fn) *fn;
struct crypto {
	CRYPTO_FUNCTIONS(CRYPTO_MEMBER)
};
#undef CRYPTO_MEMBER

/* crypto_load - the library; ends the process when there is none */
const struct crypto	*crypto_load(void);

#endif
