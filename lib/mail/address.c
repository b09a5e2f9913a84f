/*
 * address.c - one mail address: quoting, splitting, envelope paths, domains
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/mail/address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/address_list.h"

/* ---- one address ---- */

static bool
local_needs_quotes(const char *local, size_t len)
{
	size_t i;
	unsigned char c;

	if (len == 0 || local[0] == '.' || local[len - 1] == '.')
		return true;
	for (i = 0; i < len; i++) {
		c = (unsigned char)local[i];
		if (isalnum(c))
			continue;
		if (c <= ' ' || c == 127 || strchr(ADDRESS_SPECIALS, c) != NULL)
			return true;
		if (c == '.' && local[i + 1] == '.')
			return true;
	}
	return false;
}

void
address_quote(struct buf *out, const char *internal)
{
	const char *at = strrchr(internal, '@');
	size_t len = at != NULL ? (size_t)(at - internal) : strlen(internal);
	size_t i;

	if (*internal == '\0')
		return;
	if (!local_needs_quotes(internal, len)) {
		buf_adds(out, internal);
		return;
	}
	buf_addc(out, '"');
	for (i = 0; i < len; i++) {
		if (strchr("\"\\\r", internal[i]) != NULL)
			buf_addc(out, '\\');
		buf_addc(out, internal[i]);
	}
	buf_addc(out, '"');
	buf_adds(out, internal + len);
}

void
address_unquote(struct buf *out, const char *external)
{
	bool is_quoted = false;

	if (strpbrk(external, "\"\\") == NULL) {
		buf_adds(out, external);
		return;
	}
	for (; *external != '\0'; external++) {
		if (*external == '"') {
			is_quoted = !is_quoted;
		} else if (*external == '\\') {
			if (external[1] == '\0')
				break;
			buf_addc(out, *++external);
		} else if (*external == '@' && !is_quoted) {
			/* What follows is a domain, or another local part
			   that nothing quotes: as it is. */
			buf_adds(out, external);
			break;
		} else {
			buf_addc(out, *external);
		}
	}
}

const char *
address_domain(const char *internal)
{
	const char *at = strrchr(internal, '@');

	return at != NULL ? at + 1 : NULL;
}

/* starts_with, ends_with - letter case ignored */
static bool
starts_with(const char *s, size_t len, const char *with)
{
	size_t n = strlen(with);

	return len >= n && strncasecmp(s, with, n) == 0;
}

static bool
ends_with(const char *s, size_t len, const char *with)
{
	size_t n = strlen(with);

	return len > n && strncasecmp(s + len - n, with, n) == 0;
}

size_t
address_split_extension(const char *local, size_t local_len,
    const char *delimiters)
{
	const char *double_bounce = params.double_bounce_sender;
	size_t i;

	if (*delimiters == '\0')
		return local_len;
	if ((local_len == 10 && starts_with(local, local_len, "postmaster")) ||
	    (local_len == 13 &&
	    starts_with(local, local_len, "mailer-daemon")))
		return local_len;
	if (double_bounce != NULL && local_len == strlen(double_bounce) &&
	    starts_with(local, local_len, double_bounce))
		return local_len;
	if (params.owner_request_special && strchr(delimiters, '-') != NULL &&
	    (starts_with(local, local_len, "owner-") ||
	    ends_with(local, local_len, "-request")))
		return local_len;
	for (i = 1; i < local_len; i++)
		if (strchr(delimiters, local[i]) != NULL)
			return i;
	return local_len;
}

/* ---- envelope paths ---- */

/* path_end - behind the '>' that closes the path at text, or before the blank that ends a bare one */
static const char *
path_end(const char *text)
{
	const char *p = text;
	bool is_quoted = false, is_angle = *text == '<';

	for (p += is_angle; *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '"')
			is_quoted = !is_quoted;
		else if (is_quoted)
			continue;
		else if (is_angle && *p == '>')
			return p + 1;
		else if (!is_angle && strchr(" \t\r\n", *p) != NULL)
			return p;
	}
	return is_angle ? NULL : p;
}

/* dot_string - length of an RFC 5321 4.1.2 Dot-string, 0 if there is none */
static size_t
dot_string(const char *p, size_t len)
{
	size_t n;

	for (n = 0; n < len && p[n] != '@'; n++)
		if ((unsigned char)p[n] <= ' ' || p[n] == 127 ||
		    strchr(ADDRESS_SPECIALS, p[n]) != NULL ||
		    (p[n] == '.' && (n == 0 || n + 1 == len ||
		    p[n + 1] == '.' || p[n + 1] == '@')))
			return 0;
	return n;
}

/* is_mailbox - RFC 5321 4.1.2 Mailbox, or a local part alone ("postmaster") */
static bool
is_mailbox(const char *p, size_t len)
{
	struct buf domain = BUF_INIT;
	const char *end = p + len;
	bool ok;

	if (len > 0 && *p == '"') {
		for (p++; p < end && *p != '"'; p++)
			if (*p == '\\' && ++p == end)
				return false;
		if (p == end)
			return false;
		p++;
	} else {
		p += dot_string(p, len);
		if (p == end - len)
			return false;
	}
	if (p == end)
		return true;
	if (*p++ != '@' || p == end)
		return false;
	buf_set(&domain, p, (size_t)(end - p));
	ok = *p == '[' ? address_is_literal(domain.ptr, NULL) :
	    address_is_hostname(domain.ptr);
	buf_done(&domain);
	return ok;
}

/* skip_route - past "@a,@b:" (RFC 5321 4.1.2 A-d-l), which nobody follows any more */
static size_t
skip_route(const char *p, size_t len)
{
	const char *colon;

	if (len == 0 || *p != '@' || (colon = memchr(p, ':', len)) == NULL)
		return 0;
	return (size_t)(colon + 1 - p);
}

struct only_one {
	struct buf	*internal;
	size_t		 count;
};

static bool
take_only_one(const char *internal, size_t offset, size_t len, void *ctx)
{
	struct only_one *one = ctx;

	(void)offset;
	(void)len;
	if (one->count++ == 0)
		buf_sets(one->internal, internal);
	return one->count < 2;
}

int
address_parse_path(const char *text, bool strict, struct buf *internal,
    const char **rest, struct err *err)
{
	struct buf path = BUF_INIT;
	struct only_one one = { internal, 0 };
	const char *end = path_end(text);
	size_t len, route;

	if (end == NULL)
		return err_set(err, ERR_SYNTAX, "missing '>'");
	if (end == text || (strict && *text != '<'))
		return err_set(err, ERR_SYNTAX, "missing '<'");
	len = (size_t)(end - text);
	if (rest != NULL)
		*rest = end;
	buf_reset(internal);
	if (*text == '<') {
		text++;
		len -= 2;
		route = skip_route(text, len);
		text += route;
		len -= route;
		if (len == 0 && route == 0)
			return 0;			/* the null address */
	}
	if (is_mailbox(text, len)) {
		buf_set(&path, text, len);
		address_unquote(internal, path.ptr);
		buf_done(&path);
		return 0;
	}
	if (strict)
		return err_set(err, ERR_SYNTAX, "bad address syntax");
	buf_set(&path, text, len);
	address_list_each(path.ptr, false, take_only_one, &one);
	/* "<>" and blanks are the null address; several addresses are none. */
	if (one.count == 0 && strspn(path.ptr, " \t<>") != path.len)
		one.count = 2;
	buf_done(&path);
	if (one.count > 1)
		return err_set(err, ERR_SYNTAX, "bad address syntax");
	return 0;
}

/* ---- domains ---- */

bool
address_is_hostname(const char *name)
{
	size_t i, len = strlen(name), label = 0;
	bool is_numeric = true, has_utf8 = false;
	unsigned char c;

	if (len == 0 || len > 253)
		return false;
	for (i = 0; i < len; i++) {
		c = (unsigned char)name[i];
		if (c == '.') {
			if (label == 0 || name[i - 1] == '-')
				return false;
			label = 0;
			continue;
		}
		if (c >= 0x80)
			has_utf8 = true;
		else if (!isalnum(c) && c != '_' && (c != '-' || label == 0))
			return false;
		if (!isdigit(c))
			is_numeric = false;
		if (++label > 63)
			return false;
	}
	if (label == 0 || name[len - 1] == '-' || is_numeric)
		return false;
	return !has_utf8 || text_is_utf8(name, len);
}

bool
address_is_fqdn(const char *name)
{
	return address_is_hostname(name) && strchr(name, '.') != NULL;
}

bool
address_is_literal(const char *domain, struct buf *ip)
{
	unsigned char bytes[16];
	char text[INET6_ADDRSTRLEN + 8];
	const char *host = text;
	size_t len = strlen(domain);
	int family = AF_INET;

	if (len < 3 || len - 2 >= sizeof(text) || domain[0] != '[' ||
	    domain[len - 1] != ']')
		return false;
	memcpy(text, domain + 1, len - 2);
	text[len - 2] = '\0';
	if (strncasecmp(text, "IPv6:", 5) == 0) {	/* RFC 5321 4.1.3 */
		host += 5;
		family = AF_INET6;
	} else if (strchr(text, ':') != NULL) {
		family = AF_INET6;	/* common, though the tag is missing */
	}
	if (inet_pton(family, host, bytes) != 1)
		return false;
	if (ip != NULL)
		buf_sets(ip, host);
	return true;
}
