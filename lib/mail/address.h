/*
 * address.h - one mail address: quoting, splitting, envelope paths, domains
 *
 * External form is as on the wire and in headers, local part quoted when it
 * must be ("a b"@example.org). Internal form is without quotes. Everything
 * inside the system is internal; the split is at the last '@'.
 * RFC 5321 4.1.2, RFC 5322 3.4, spec/tables.md 15.1.
 */
#ifndef LIB_MAIL_ADDRESS_H
#define LIB_MAIL_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct err;

/* What an atom cannot hold: RFC 5322 3.2.3, without the dot. */
#define ADDRESS_SPECIALS	"()<>@,;:\\\"[]"

/* address_quote - append the external form of an internal address */
void	address_quote(struct buf *out, const char *internal);
/* address_unquote - append the internal form of an external address; lenient */
void	address_unquote(struct buf *out, const char *external);
/* address_domain - the text behind the last '@', NULL when there is none */
const char	*address_domain(const char *internal);

/*
 * address_split_extension - find user+extension (spec/tables.md 15.2)
 *
 * local	local part, internal, local_len bytes
 * delimiters	recipient_delimiter: a set
 *
 * postmaster, mailer-daemon, $double_bounce_sender and, with
 * owner_request_special, owner-LIST and LIST-request stay whole.
 * Returns the offset of the delimiter, or local_len when there is no extension.
 */
size_t	address_split_extension(const char *local, size_t local_len,
	    const char *delimiters);

/*
 * address_parse_path - the argument of MAIL FROM: or RCPT TO:
 *
 * text		from "<" (or a bare address unless strict) on
 * strict	RFC 5321 envelope syntax only (strict_rfc821_envelopes)
 * internal	set to the internal form; empty for <>
 * rest		points behind the path: ESMTP parameters
 *
 * Source routes are dropped. Returns 0, or -1 with ERR_SYNTAX.
 */
int	address_parse_path(const char *text, bool strict, struct buf *internal,
	    const char **rest, struct err *err);

/* address_is_hostname - syntactically valid host name (RFC 1123 2.1, 253 octets; '_' tolerated) */
bool	address_is_hostname(const char *name);
/* address_is_fqdn - a host name with an inner dot */
bool	address_is_fqdn(const char *name);
/* address_is_literal - "[192.0.2.1]" or "[IPv6:2001:db8::1]": ip gets the bare address */
bool	address_is_literal(const char *domain, struct buf *ip);

#endif
