/*
 * tls_grammar.c - what main.cf says about TLS: levels, protocols, ciphers, names
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/net/tls_grammar.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/ssl.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"

#define TLS_LIST_SEP	TEXT_LIST_SEP ":"

static const char *const levels[] = {
	[TLS_LEVEL_NONE] = "none", [TLS_LEVEL_MAY] = "may",
	[TLS_LEVEL_ENCRYPT] = "encrypt", [TLS_LEVEL_DANE] = "dane",
	[TLS_LEVEL_DANE_ONLY] = "dane-only",
	[TLS_LEVEL_FINGERPRINT] = "fingerprint",
	[TLS_LEVEL_VERIFY] = "verify", [TLS_LEVEL_SECURE] = "secure"
};

enum tls_level
tls_level_parse(const char *word)
{
	int i;

	for (i = TLS_LEVEL_NONE; i <= TLS_LEVEL_SECURE; i++)
		if (strcasecmp(word, levels[i]) == 0)
			return (enum tls_level)i;
	return TLS_LEVEL_BAD;
}

const char *
tls_level_name(enum tls_level level)
{
	return level == TLS_LEVEL_BAD ? "invalid" : levels[level];
}

enum tls_level
tls_level_of_client(const char *text, bool uses, bool enforces,
    bool checks_names)
{
	if (text[0] != '\0')
		return tls_level_parse(text);
	if (enforces)
		return checks_names ? TLS_LEVEL_VERIFY : TLS_LEVEL_ENCRYPT;
	return uses ? TLS_LEVEL_MAY : TLS_LEVEL_NONE;
}

int
tls_log_parse(unsigned *out, const char *text)
{
	if (text[0] < '0' || text[0] > '4' || text[1] != '\0')
		return -1;
	*out = (1u << (text[0] - '0')) - 1;
	return 0;
}

/* ---- protocols ---- */

static int
version_of(const char *name)
{
	static const struct {
		const char	*name;
		int		 version;
	} names[] = {
		{ "SSLv3", TLS_SSL3 }, { "TLSv1", TLS_1_0 },
		{ "TLSv1.1", TLS_1_1 }, { "TLSv1.2", TLS_1_2 },
		{ "TLSv1.3", TLS_1_3 }
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(name, names[i].name) == 0)
			return names[i].version;
	return -1;
}

/* A bound may also be a number, for versions that have no name yet. */
static int
bound_of(const char *text)
{
	int version = version_of(text);
	char *end;
	long n;

	if (version != -1 || text[0] == '\0')
		return version == -1 ? 0 : version;
	errno = 0;
	n = strtol(text, &end, 16);
	return errno != 0 || *end != '\0' || n < 0 || n > 0xffff ? -1 : (int)n;
}

int
tls_protocols_parse(struct tls_protocols *out, const char *text)
{
	const unsigned all = (1u << (TLS_1_3 - TLS_SSL3 + 1)) - 1;
	char *copy = xstrdup(text), *rest = copy, *word;
	unsigned included = 0;
	int v, rc = 0;

	memset(out, 0, sizeof(*out));
	while (rc == 0 && (word = text_split(&rest, TLS_LIST_SEP)) != NULL) {
		if (strncmp(word, ">=", 2) == 0)
			v = out->floor = bound_of(word + 2);
		else if (strncmp(word, "<=", 2) == 0)
			v = out->ceiling = bound_of(word + 2);
		else if (strcasecmp(word + (*word == '!'), "SSLv2") == 0)
			continue;	/* nobody has it any more */
		else if ((v = version_of(word + (*word == '!'))) != -1) {
			if (*word == '!')
				out->excluded |= 1u << (v - TLS_SSL3);
			else
				included |= 1u << (v - TLS_SSL3);
		}
		if (v == -1)
			rc = -1;
	}
	if (included != 0)
		out->excluded |= all & ~included;
	free(copy);
	return rc;
}

/* ---- ciphers ---- */

static const char *
grade_list(const char *grade)
{
	if (strcasecmp(grade, "high") == 0)
		return params.tls_high_cipherlist;
	if (strcasecmp(grade, "medium") == 0 || strcasecmp(grade, "low") == 0 ||
	    strcasecmp(grade, "export") == 0)
		return params.tls_medium_cipherlist;
	if (strcasecmp(grade, "null") == 0)
		return params.tls_null_cipherlist;
	return NULL;
}

int
tls_cipher_list(struct buf *out, const char *grade,
    const char *const excludes[])
{
	const char *list = grade_list(grade);
	char *copy, *rest, *word;

	if (list == NULL)
		return -1;
	buf_sets(out, list);
	for (; *excludes != NULL; excludes++) {
		copy = rest = xstrdup(*excludes);
		while ((word = text_split(&rest, TLS_LIST_SEP)) != NULL)
			buf_addf(out, ":!%s", word);
		free(copy);
	}
	return 0;
}

/* ---- names ---- */

void
tls_match_names(struct buf *out, const char *rules, const char *nexthop,
    const char *hostname)
{
	char *copy = xstrdup(rules), *rest = copy, *word;

	while ((word = text_split(&rest, TLS_LIST_SEP)) != NULL) {
		if (strcasecmp(word, "nexthop") == 0) {
			buf_adds(out, nexthop);
		} else if (strcasecmp(word, "dot-nexthop") == 0) {
			buf_addc(out, '.');
			buf_adds(out, nexthop);
		} else if (strcasecmp(word, "hostname") == 0) {
			buf_adds(out, hostname);
		} else {
			buf_adds(out, word);
		}
		buf_addc(out, '\0');
	}
	free(copy);
}

/* ---- options of the library ---- */

struct option_name {
	const char	*name;
	unsigned long	 bits;
};

static int
parse_bits(unsigned long *out, const char *text,
    const struct option_name *names, const char *what, struct err *err)
{
	char *copy = xstrdup(text), *rest = copy, *word, *end;
	const struct option_name *n;
	int rc = 0;

	*out = 0;
	while (rc == 0 && (word = text_split(&rest, TLS_LIST_SEP)) != NULL) {
		for (n = names; n->name != NULL; n++)
			if (strcasecmp(word, n->name) == 0)
				break;
		if (n->name != NULL) {
			*out |= n->bits;
		} else if (strncasecmp(word, "0x", 2) == 0) {
			*out |= strtoul(word, &end, 16);
			rc = *end == '\0' ? 0 : -1;
		} else {
			rc = -1;
		}
		if (rc == -1)
			err_set(err, ERR_CONFIG, "unknown %s value \"%s\" in "
			    "\"%s\"", what, word, text);
	}
	free(copy);
	return rc;
}

int
tls_ssl_options(unsigned long *out, const char *text, struct err *err)
{
	static const struct option_name names[] = {
		{ "ENABLE_MIDDLEBOX_COMPAT", SSL_OP_ENABLE_MIDDLEBOX_COMPAT },
		{ "LEGACY_SERVER_CONNECT", SSL_OP_LEGACY_SERVER_CONNECT },
		{ "NO_COMPRESSION", SSL_OP_NO_COMPRESSION },
		{ "NO_RENEGOTIATION", SSL_OP_NO_RENEGOTIATION },
		{ "NO_SESSION_RESUMPTION_ON_RENEGOTIATION",
		    SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION },
		{ "NO_TICKET", SSL_OP_NO_TICKET },
		{ "PRIORITIZE_CHACHA", SSL_OP_PRIORITIZE_CHACHA },
		{ NULL, 0 }
	};

	return parse_bits(out, text, names, "tls_ssl_options", err);
}

int
tls_workarounds(unsigned long *out, const char *text, struct err *err)
{
	static const struct option_name names[] = {
		{ "CRYPTOPRO_TLSEXT_BUG", SSL_OP_CRYPTOPRO_TLSEXT_BUG },
		{ "DONT_INSERT_EMPTY_FRAGMENTS",
		    SSL_OP_DONT_INSERT_EMPTY_FRAGMENTS },
		{ "LEGACY_SERVER_CONNECT", SSL_OP_LEGACY_SERVER_CONNECT },
		{ "TLSEXT_PADDING", SSL_OP_TLSEXT_PADDING },
		/* Of libraries long gone; they have no bit any more. */
		{ "MICROSOFT_BIG_SSLV3_BUFFER", 0 },
		{ "MICROSOFT_SESS_ID_BUG", 0 }, { "MSIE_SSLV2_RSA_PADDING", 0 },
		{ "NETSCAPE_CHALLENGE_BUG", 0 },
		{ "NETSCAPE_REUSE_CIPHER_CHANGE_BUG", 0 },
		{ "SSLEAY_080_CLIENT_DH_BUG", 0 },
		{ "SSLREF2_REUSE_CERT_TYPE_BUG", 0 }, { "TLS_BLOCK_PADDING_BUG", 0 },
		{ "TLS_D5_BUG", 0 }, { "TLS_ROLLBACK_BUG", 0 },
		{ NULL, 0 }
	};

	return parse_bits(out, text, names, "tls_disable_workarounds", err);
}
