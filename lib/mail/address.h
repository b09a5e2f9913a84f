/*
 * address.h - mail addresses: quoting, splitting, lists in headers
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

/*
 * address_list_each - call fn for each mailbox in an RFC 5322 address list
 *
 * Comments, phrases and groups are taken apart; malformed text never fails,
 * it gives the best reading that a mail system must make. "<>" counts as an
 * address only when wants_empty; and then a text without any address yields
 * one empty address.
 *
 * fn		gets the internal form; offset and length say where the
 *		external address stands in text. Return false to stop.
 */
typedef bool (*address_list_fn)(const char *internal, size_t offset,
	    size_t len, void *ctx);
void	address_list_each(const char *text, bool wants_empty,
	    address_list_fn fn, void *ctx);

/*
 * address_list_rewrite - append a header value with each address replaced
 *
 * value	what stands behind "Name:", without the blanks in front
 * column	how much of the first line is taken: strlen("Name: ")
 * fn		gets the external address and appends its replacement
 *
 * Comments and phrases stay (RFC 5322 3.4). A line that grows too long is
 * folded at a comma. Returns true when some address changed; when none did,
 * out gets value byte for byte.
 */
typedef void (*address_rewrite_fn)(const char *external, struct buf *out,
	    void *ctx);
bool	address_list_rewrite(struct buf *out, const char *value,
	    size_t column, address_rewrite_fn fn, void *ctx);

/* address_is_hostname - syntactically valid host name (RFC 1123 2.1, 253 octets; '_' tolerated) */
bool	address_is_hostname(const char *name);
/* address_is_fqdn - a host name with an inner dot */
bool	address_is_fqdn(const char *name);
/* address_is_literal - "[192.0.2.1]" or "[IPv6:2001:db8::1]": ip gets the bare address */
bool	address_is_literal(const char *domain, struct buf *ip);

#endif
