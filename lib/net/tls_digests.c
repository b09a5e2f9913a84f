/*
 * tls_digests.c - digests of TLSA records, the best first (tls_dane_digests)
 *
 * Where a server has records of several digests only those of the best one
 * count (RFC 7671 9). OpenSSL does that, once it knows the order.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/net/tls_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"

#define NUMBER_MAX	255	/* of a matching type, and of a rank */

struct digests {		/* by matching type */
	const EVP_MD	*md[NUMBER_MAX + 1];
	unsigned char	 rank[NUMBER_MAX + 1];
};

/* The registered ones need no number (RFC 7218 2.3). */
static int
number_of(const char *name, const char *text)
{
	int64_t number;

	if (text == NULL)
		return strcasecmp(name, "sha256") == 0 ? 1 :
		    strcasecmp(name, "sha512") == 0 ? 2 : 0;
	if (num_parse_int(text, 1, NUMBER_MAX, &number, NULL) == -1)
		return 0;
	return (int)number;
}

/* "sha512", or "sha384=200"; what is wrong with a word is said when warns. */
static void
take_word(struct digests *d, char *word, int rank, bool warns)
{
	char *text = strchr(word, '=');
	const EVP_MD *md;
	int number;

	if (text != NULL)
		*text++ = '\0';
	number = number_of(word, text);
	md = EVP_get_digestbyname(word);
	if (number > 0 && md != NULL && d->md[number] == NULL) {
		d->md[number] = md;
		d->rank[number] = (unsigned char)rank;
	} else if (!warns) {
		return;
	} else if (md == NULL) {
		log_warning("tls_dane_digests: digest algorithm \"%s\" is "
		    "unknown", word);
	} else if (text == NULL && number == 0) {
		log_warning("tls_dane_digests: digest algorithm %s needs an "
		    "explicit number", word);
	} else if (number == 0) {
		log_warning("tls_dane_digests: bad number \"%s\" of digest "
		    "algorithm %s", text, word);
	} else {
		log_warning("tls_dane_digests: number %d of digest algorithm "
		    "%s is that of another one", number, word);
	}
}

static void
parse(struct digests *d, bool warns)
{
	char *copy = xstrdup(params.tls_dane_digests), *rest = copy, *word;
	int rank = NUMBER_MAX;

	memset(d, 0, sizeof(*d));
	while (rank > 0 && (word = text_split(&rest, TEXT_LIST_SEP)) != NULL)
		take_word(d, word, rank--, warns);
	free(copy);
}

bool
tls_has_digest(int matching)
{
	struct digests d;

	parse(&d, false);
	return matching == 0 || (matching > 0 && matching <= NUMBER_MAX &&
	    d.md[matching] != NULL);
}

int
tls_use_digests(SSL_CTX *ssl, struct err *err)
{
	struct digests d;
	int i;

	parse(&d, true);
	for (i = 1; i <= NUMBER_MAX; i++)
		/* OpenSSL knows the first two by itself. */
		if ((d.md[i] != NULL || i <= 2) && SSL_CTX_dane_mtype_set(ssl,
		    d.md[i], (uint8_t)i, d.rank[i]) != 1)
			return err_set(err, ERR_CONFIG, "tls_dane_digests: "
			    "cannot use digest number %d: disabling TLS "
			    "support", i);
	return 0;
}
