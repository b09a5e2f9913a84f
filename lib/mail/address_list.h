/*
 * address_list.h - the addresses in a header field (RFC 5322 3.4)
 *
 * External and internal form are those of address.h.
 */
#ifndef LIB_MAIL_ADDRESS_LIST_H
#define LIB_MAIL_ADDRESS_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

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
 * token_max	header_address_token_limit: of a value that changes, what is
 *		behind so many words and specials is dropped
 * fn		gets the external address and appends its replacement
 *
 * Comments and phrases stay (RFC 5322 3.4). A line that grows too long is
 * folded at a comma. Returns true when some address changed; when none did,
 * out gets value byte for byte.
 */
typedef void (*address_rewrite_fn)(const char *external, struct buf *out,
	    void *ctx);
bool	address_list_rewrite(struct buf *out, const char *value,
	    size_t column, size_t token_max, address_rewrite_fn fn,
	    void *ctx);

#endif
