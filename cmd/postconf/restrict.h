/*
 * restrict.h - the restrictions of smtpd, as far as they can be judged unasked
 *
 * Whether a list permits a stranger is read off the effect of each word; the
 * words that depend on an outside (a login, a DNS answer, a policy service)
 * never decide for a stranger who behaves.
 */
#ifndef CMD_POSTCONF_RESTRICT_H
#define CMD_POSTCONF_RESTRICT_H

#include <stdbool.h>
#include <stddef.h>

enum restrict_effect {
	RESTRICT_DUNNO,		/* never decides for a stranger who behaves */
	RESTRICT_PERMITS, RESTRICT_REJECTS,
	RESTRICT_GUARDS,	/* rejects what is not for a domain of ours */
	RESTRICT_MYNETWORKS, RESTRICT_AUTH_DESTINATION,
	RESTRICT_WARNS,		/* what follows only warns */
	/* asks a table with that key */
	RESTRICT_CLIENT, RESTRICT_HELO, RESTRICT_SENDER, RESTRICT_RCPT
};

struct restriction {
	const char	*name;
	enum restrict_effect effect;
	bool		 has_argument;
};

/* A parameter that is a list, and what a bare table in it is asked with. */
struct restrict_list {
	const char	*name;
	enum restrict_effect asks;
};

#define RESTRICT_LISTS		8
#define RESTRICT_RELAY_LISTS	5	/* those that an ordinary recipient passes */

extern const struct restrict_list restrict_lists[RESTRICT_LISTS];

/* restrict_find - in any letter case; NULL: no such word */
const struct restriction	*restrict_find(const char *name);
/* restrict_takes - a word of len bytes that takes an argument? */
bool	restrict_takes(const char *word, size_t len);
/*
 * restrict_is_list - is this parameter a list of restrictions?
 *
 * classes	value of smtpd_restriction_classes
 */
bool	restrict_is_list(const char *name, const char *classes);
/* restrict_nearest - what a misspelt word probably means, or NULL */
const char	*restrict_nearest(const char *word);
/* restrict_is_table - a table, with or without options, or a file */
bool	restrict_is_table(const char *word);

#endif
