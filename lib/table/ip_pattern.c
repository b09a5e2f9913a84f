/*
 * ip_pattern.c - "ADDR", "NET/LEN" and their bracketed forms
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/ip_pattern.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"

bool
ip_address_parse(struct ip_address *a, const char *text)
{
	memset(a, 0, sizeof(*a));
	a->family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
	return inet_pton(a->family, text, a->bytes) == 1;
}

/* Clear what the mask leaves out; true when something was set there. */
static bool
clear_host_bits(struct ip_pattern *p, int total)
{
	bool any = false;
	int i;

	for (i = p->bits; i < total; i++) {
		unsigned char bit = (unsigned char)(0x80 >> i % 8);

		any |= (p->net.bytes[i / 8] & bit) != 0;
		p->net.bytes[i / 8] &= (unsigned char)~bit;
	}
	return any;
}

/* net and len are strings; shown is "net/len" for messages. */
static int
parse_masked(struct ip_pattern *p, const char *net, const char *len,
    const char *shown, struct err *err)
{
	char text[INET6_ADDRSTRLEN];
	uint64_t bits = 0;
	size_t i;
	int total;

	for (i = 0; isdigit((unsigned char)len[i]); i++)
		;
	if (i == 0 || len[i] != '\0')
		return err_set(err, ERR_SYNTAX, "bad mask value in \"%s\"",
		    shown);
	if (!ip_address_parse(&p->net, net))
		return err_set(err, ERR_SYNTAX, "bad network value in \"%s\"",
		    shown);
	total = p->net.family == AF_INET6 ? 128 : 32;
	if (num_parse_uint(len, (uint64_t)total, &bits, NULL) == -1)
		return err_set(err, ERR_SYNTAX, "bad mask length in \"%s\"",
		    shown);
	p->bits = (int)bits;
	if (!clear_host_bits(p, total))
		return 0;
	inet_ntop(p->net.family, p->net.bytes, text, sizeof(text));
	return err_set(err, ERR_LIMIT, "non-null host address bits in \"%s\", "
	    "perhaps you should use \"%s/%d\" instead", shown, text, p->bits);
}

/* Take [ADDR], [ADDR]/LEN and [ADDR/LEN] out of their brackets, in place. */
static int
strip_brackets(char *copy, struct err *err)
{
	char *close = strchr(copy, ']');

	if (close == NULL)
		return err_set(err, ERR_SYNTAX,
		    "missing ']' character after \"%s\"", copy);
	if (close[1] != '\0' &&
	    (close[1] != '/' || memchr(copy, '/', (size_t)(close - copy)))) {
		close[1] = '\0';
		return err_set(err, ERR_SYNTAX, "garbage after \"%s\"", copy);
	}
	memmove(close, close + 1, strlen(close + 1) + 1);
	memmove(copy, copy + 1, strlen(copy));
	return 0;
}

int
ip_pattern_parse(struct ip_pattern *p, const char *text, struct err *err)
{
	char *copy = xstrdup(text), *shown, *slash;
	int rc = 0;

	if (*copy == '[' && strip_brackets(copy, err) == -1) {
		free(copy);
		return -1;
	}
	shown = xstrdup(copy);
	if ((slash = strchr(copy, '/')) != NULL) {
		*slash = '\0';
		rc = parse_masked(p, copy, slash + 1, shown, err);
	} else if (ip_address_parse(&p->net, copy)) {
		p->bits = p->net.family == AF_INET6 ? 128 : 32;
	} else {
		rc = err_set(err, ERR_SYNTAX, "bad address pattern: \"%s\"",
		    shown);
	}
	free(shown);
	free(copy);
	return rc;
}

bool
ip_pattern_matches(const struct ip_pattern *p, const struct ip_address *a)
{
	size_t whole = (size_t)p->bits / 8;
	int rest = p->bits % 8;

	if (p->net.family != a->family ||
	    memcmp(p->net.bytes, a->bytes, whole) != 0)
		return false;
	return rest == 0 ||
	    ((p->net.bytes[whole] ^ a->bytes[whole]) >> (8 - rest)) == 0;
}
