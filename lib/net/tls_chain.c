/*
 * tls_chain.c - certificates and private keys, from files or a table
 *
 * The newer form is one list of PEM objects: a key, then the certificate it
 * belongs to, then those that vouch for it; then the next key. The older has
 * a pair of files for each kind of key.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/net/tls_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"

#define DISABLING	"disabling TLS support"

/* A key and its certificates while they are read; where they go. */
struct loader {
	SSL_CTX		*ctx;		/* one of these two */
	SSL		*ssl;
	EVP_PKEY	*key;
	X509		*cert;
	STACK_OF(X509)	*chain;
	int		 keys;		/* seen so far in this file */
};

static void
loader_reset(struct loader *l)
{
	EVP_PKEY_free(l->key);
	X509_free(l->cert);
	sk_X509_pop_free(l->chain, X509_free);
	l->key = NULL;
	l->cert = NULL;
	l->chain = NULL;
}

/* The key and all that came behind it are complete. */
static int
use_key(struct loader *l, const char *title, struct err *err)
{
	int ok;

	if (l->key == NULL)
		return 0;
	if (l->cert == NULL)
		return err_set(err, ERR_CONFIG, "No certs for key at index %d "
		    "in %s", l->keys, title);
	ok = l->ctx != NULL ?
	    SSL_CTX_use_cert_and_key(l->ctx, l->cert, l->key, l->chain, 1) :
	    SSL_use_cert_and_key(l->ssl, l->cert, l->key, l->chain, 1);
	if (ok != 1)
		return err_set(err, ERR_CONFIG, "error loading private key "
		    "and certificate at index %d in %s", l->keys, title);
	loader_reset(l);
	return 0;
}

static int
take_key(struct loader *l, const unsigned char *der, long len,
    const char *title, struct err *err)
{
	if (use_key(l, title, err) == -1)
		return -1;
	l->keys++;
	l->key = d2i_AutoPrivateKey(NULL, &der, len);
	if (l->key == NULL)
		return err_set(err, ERR_CONFIG, "error loading private key at "
		    "index %d in %s", l->keys, title);
	return 0;
}

static int
take_cert(struct loader *l, const unsigned char *der, long len,
    const char *title, struct err *err)
{
	X509 *cert;

	if (l->key == NULL)
		return err_set(err, ERR_CONFIG, "certificate before any "
		    "private key in %s", title);
	if ((cert = d2i_X509(NULL, &der, len)) == NULL)
		return err_set(err, ERR_CONFIG, "error loading certificate "
		    "for key at index %d in %s", l->keys, title);
	if (l->cert == NULL) {
		l->cert = cert;
		return 0;
	}
	if (l->chain == NULL)
		l->chain = sk_X509_new_null();
	if (l->chain == NULL || sk_X509_push(l->chain, cert) == 0) {
		X509_free(cert);
		return err_set(err, ERR_SYSTEM, "out of memory");
	}
	return 0;
}

static bool
ends_with(const char *text, const char *tail)
{
	size_t n = strlen(text), m = strlen(tail);

	return n >= m && strcmp(text + n - m, tail) == 0;
}

static int
take_object(struct loader *l, const char *kind, const char *header,
    const unsigned char *der, long len, const char *title, struct err *err)
{
	if (ends_with(kind, "PRIVATE KEY")) {
		if (header[0] != '\0' || strncmp(kind, "ENCRYPTED", 9) == 0)
			return err_set(err, ERR_CONFIG, "private key with a "
			    "passphrase in %s", title);
		return take_key(l, der, len, title, err);
	}
	if (strcmp(kind, PEM_STRING_X509) == 0 ||
	    strcmp(kind, PEM_STRING_X509_OLD) == 0)
		return take_cert(l, der, len, title, err);
	return 0;		/* curves and other parameters: in the key as well */
}

static int
read_objects(struct loader *l, BIO *in, const char *title, struct err *err)
{
	char *kind, *header;
	unsigned char *der;
	long len;
	int rc = 0;

	l->keys = 0;
	while (rc == 0 && PEM_read_bio(in, &kind, &header, &der, &len) == 1) {
		rc = take_object(l, kind, header, der, len, title, err);
		OPENSSL_free(kind);
		OPENSSL_free(header);
		OPENSSL_clear_free(der, (size_t)len);
	}
	if (rc == 0 && ERR_GET_REASON(ERR_peek_last_error()) ==
	    PEM_R_NO_START_LINE)
		ERR_clear_error();	/* that is how the end looks */
	else if (rc == 0)
		rc = err_set(err, ERR_CONFIG, "error reading %s", title);
	if (rc == 0 && l->keys == 0 && l->cert == NULL)
		rc = err_set(err, ERR_CONFIG, "no private key in %s", title);
	return rc;
}

int
tls_load_chain(SSL *ssl, const struct buf *pem, const char *title,
    struct err *err)
{
	struct loader l = { .ssl = ssl };
	BIO *in = BIO_new_mem_buf(pem->ptr, (int)pem->len);
	int rc;

	rc = in == NULL ? err_set(err, ERR_SYSTEM, "out of memory") :
	    read_objects(&l, in, title, err);
	if (rc == 0)
		rc = use_key(&l, title, err);
	loader_reset(&l);
	BIO_free(in);
	return rc;
}

static int
load_chain_files(SSL_CTX *ssl, const char *list, struct err *err)
{
	struct loader l = { .ctx = ssl };
	char *copy = xstrdup(list), *rest = copy, *path, *last = NULL;
	BIO *in;
	int rc = 0;

	while (rc == 0 && (path = text_split(&rest, TEXT_LIST_SEP)) != NULL) {
		last = path;
		errno = 0;
		if ((in = BIO_new_file(path, "r")) == NULL) {
			ERR_clear_error();
			rc = err_set(err, ERR_CONFIG, "error opening chain "
			    "file: %s: %s", path, strerror(errno));
			break;
		}
		rc = read_objects(&l, in, path, err);
		BIO_free(in);
	}
	if (rc == 0)
		rc = use_key(&l, last, err);
	loader_reset(&l);
	free(copy);
	if (rc == -1 && err != NULL) {
		struct err why = *err;

		err_set(err, why.kind, "%s: " DISABLING, why.text);
	}
	return rc;
}

static int
load_pair(SSL_CTX *ssl, const char *cert, const char *key, const char *kind,
    struct err *err)
{
	if (cert[0] == '\0')
		return 0;
	if (SSL_CTX_use_certificate_chain_file(ssl, cert) != 1)
		return err_set(err, ERR_CONFIG, "cannot get %s certificate "
		    "from file \"%s\": " DISABLING, kind, cert);
	if (SSL_CTX_use_PrivateKey_file(ssl, key, SSL_FILETYPE_PEM) != 1)
		return err_set(err, ERR_CONFIG, "cannot get %s private key "
		    "from file \"%s\": " DISABLING, kind, key);
	if (SSL_CTX_check_private_key(ssl) != 1)
		return err_set(err, ERR_CONFIG, "%s private key in \"%s\" does "
		    "not belong to the certificate in \"%s\": " DISABLING,
		    kind, key, cert);
	return 0;
}

int
tls_load_files(SSL_CTX *ssl, const struct tls_setup *setup, struct err *err)
{
	const char *side = setup->is_server ? "smtpd" : "smtp";
	bool has_pairs = setup->cert_file[0] != '\0' ||
	    setup->eccert_file[0] != '\0' || setup->dcert_file[0] != '\0';

	if (setup->chain_files[0] != '\0') {
		if (has_pairs)
			log_warning("Both %s_tls_chain_files and one or more "
			    "of the legacy  %s_tls_cert_file, "
			    "%s_tls_eccert_file or %s_tls_dcert_file are "
			    "non-empty; the legacy  parameters will be ignored",
			    side, side, side, side);
		return load_chain_files(ssl, setup->chain_files, err);
	}
	if (setup->is_server && strcmp(setup->cert_file, "none") == 0) {
		/* Anonymous ciphers, on purpose; TLS 1.3 has none. */
		SSL_CTX_set_options(ssl, SSL_OP_NO_TLSv1_3);
		return 0;
	}
	if (!has_pairs && setup->is_server)
		return err_set(err, ERR_CONFIG, "No server certs available. "
		    "TLS won't be enabled");
	if (load_pair(ssl, setup->cert_file, setup->key_file, "RSA", err) ==
	    -1 || load_pair(ssl, setup->dcert_file, setup->dkey_file, "DSA",
	    err) == -1)
		return -1;
	return load_pair(ssl, setup->eccert_file, setup->eckey_file, "ECDSA",
	    err);
}
