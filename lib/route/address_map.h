/*
 * address_map.h - what tables make of an address on its way in
 *
 *	completed -> canonical maps -> masquerade
 *	    (envelope recipients) -> virtual aliases; bcc
 *
 * Used by cleanup for each address of a message, and by "postfix explain".
 * Spec: tables.md 15.6, 16.1 to 16.3, 16.10.
 */
#ifndef LIB_ROUTE_ADDRESS_MAP_H
#define LIB_ROUTE_ADDRESS_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/table/table.h"

struct address_map;
struct buf;
struct err;

/* Where an address stands; the *_classes parameters choose among these. */
enum address_class { CLASS_ENV_FROM = 1, CLASS_ENV_RCPT = 2,
	CLASS_HDR_FROM = 4, CLASS_HDR_RCPT = 8 };

/* Addresses in internal form, in order. */
struct address_items {
	char		**items;
	size_t		 count, room;
};
#define ADDRESS_ITEMS_INIT { NULL, 0, 0 }
void	address_items_done(struct address_items *list);

/*
 * address_map_new - open the tables that main.cf names
 * address_map_free - close them; NULL is fine
 *
 * NULL with err when a parameter holds a word that it does not know. Tables
 * that cannot be opened answer "try again later".
 */
struct address_map	*address_map_new(struct err *err);
void			 address_map_free(struct address_map *m);

/* address_map_rewrites - is there a canonical table, or masquerading? */
bool	address_map_rewrites(const struct address_map *m);
/* address_map_has_aliases - is there a virtual alias table? */
bool	address_map_has_aliases(const struct address_map *m);

/*
 * In the following, who is what warnings begin with: a queue ID. Addresses are
 * in internal form.
 *
 * address_map_apply - canonical tables and masquerading of a complete address
 *
 * Returns 0, or -1 after a warning when a table could not answer.
 */
int	address_map_apply(struct address_map *m, enum address_class class,
	    const char *who, struct buf *address);

enum alias_result {
	ALIAS_DONE,
	ALIAS_UNREASONABLE,	/* a limit of virtual_alias_* was reached */
	ALIAS_RETRY		/* a table could not answer */
};

/*
 * address_map_expand - what rcpt stands for in virtual_alias_maps, and that in
 * turn
 *
 * out		replaced; rcpt itself where it is no alias. Duplicates are kept.
 *
 * Anything but ALIAS_DONE comes after a warning.
 */
enum alias_result	address_map_expand(struct address_map *m,
			    const char *who, const char *rcpt,
			    struct address_items *out);

enum address_bcc { BCC_OF_SENDER, BCC_OF_RECIPIENT };

/*
 * address_map_bcc - who gets a copy, by sender_bcc_maps or recipient_bcc_maps
 *
 * value	out: an address as the table has it
 *
 * A failure comes after a warning.
 */
enum table_result	address_map_bcc(struct address_map *m,
			    enum address_bcc of, const char *who,
			    const char *address, struct buf *value);

#endif
