/*
 * alias_token.h - the words of an alias line: read, and written out again
 *
 * Alias lines are RFC 822 tokens (RFC 822 3.3). What is stored is the tokens
 * written out again, so only their kind and text matter here. Source:
 * spec/tables.md 12.3, and the running peer.
 */
#ifndef LIB_TABLE_ALIAS_TOKEN_H
#define LIB_TABLE_ALIAS_TOKEN_H

#include <stdbool.h>

struct buf;

enum alias_token { ALIAS_TOKEN_END, ALIAS_TOKEN_ATOM, ALIAS_TOKEN_QUOTED,
	ALIAS_TOKEN_COMMENT, ALIAS_TOKEN_LITERAL, ALIAS_TOKEN_OPERATOR };

/*
 * alias_token_next - cut the token at *p
 *
 * text		replaced by what stands between its delimiters, unprotected; a
 *		comment keeps all it has
 *
 * What has to stand in quotes is ALIAS_TOKEN_QUOTED, quoted or not.
 */
enum alias_token alias_token_next(const char **p, struct buf *text);
/*
 * alias_token_put - append a token as it is stored
 *
 * previous	the kind of the one before, ALIAS_TOKEN_END at the start; set
 *		to this one
 * is_value	quotes stay, and commas are followed by a blank; not in a key
 */
void	alias_token_put(struct buf *out, enum alias_token kind,
	    const struct buf *text, enum alias_token *previous, bool is_value);

#endif
