/*
 * tls_anchor.c - trust anchors from a file, in the words of TLSA records
 *
 * A certificate there vouches for a chain that has it, a public key for one
 * that has a certificate with it: what usage 2 of RFC 6698 says, matching the
 * whole object.
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
#include "lib/base/mem.h"

#define USAGE_ANCHOR	2	/* DANE-TA, RFC 7218 */

static void
add(struct tls_tlsa **list, size_t *count, unsigned char selector,
    const unsigned char *der, long len)
{
	struct tls_tlsa *r;

	*list = xreallocarray(*list, *count + 1, sizeof(**list));
	r = *list + (*count)++;
	r->usage = USAGE_ANCHOR;
	r->selector = selector;
	r->matching = 0;
	r->data = xmalloc((size_t)len);
	memcpy(r->data, der, (size_t)len);
	r->len = (size_t)len;
}

static void
read_anchors(BIO *in, struct tls_tlsa **list, size_t *count)
{
	char *kind, *header;
	unsigned char *der;
	long len;

	while (PEM_read_bio(in, &kind, &header, &der, &len) == 1) {
		if (strcmp(kind, PEM_STRING_X509) == 0 ||
		    strcmp(kind, PEM_STRING_X509_OLD) == 0)
			add(list, count, 0, der, len);
		else if (strcmp(kind, PEM_STRING_PUBLIC) == 0)
			add(list, count, 1, der, len);
		OPENSSL_free(kind);
		OPENSSL_free(header);
		OPENSSL_free(der);
	}
}

int
tls_anchors_load(const char *path, struct tls_tlsa **list, size_t *count,
    struct err *err)
{
	size_t before = *count;
	BIO *in;

	errno = 0;
	if ((in = BIO_new_file(path, "r")) == NULL) {
		ERR_clear_error();
		return err_set(err, ERR_CONFIG, "error opening trust anchor "
		    "file: %s: %s", path, strerror(errno));
	}
	read_anchors(in, list, count);
	BIO_free(in);
	if (ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE &&
	    *count > before) {
		ERR_clear_error();	/* that is how the end looks */
		return 0;
	}
	ERR_clear_error();
	return err_set(err, ERR_CONFIG, "%s trust anchor file: %s",
	    *count > before ? "error reading" : "no trust anchors in", path);
}

void
tls_tlsa_free(struct tls_tlsa *list, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		free(list[i].data);
	free(list);
}
