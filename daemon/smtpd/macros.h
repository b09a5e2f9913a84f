/*
 * macros.h - $names about a session, in replies that an administrator words
 *
 * smtpd_reject_footer, default_rbl_reply and their tables share these: client,
 * client_address, client_name, client_port, helo_name, localtime, recipient,
 * recipient_domain, recipient_name, reverse_client_name, sender,
 * sender_domain, sender_name, server_name.
 */
#ifndef DAEMON_SMTPD_MACROS_H
#define DAEMON_SMTPD_MACROS_H

#include <stdbool.h>

struct buf;
struct session;

/* One name of the caller's own; the last of a list has name NULL. */
struct macro_value {
	const char	*name, *value;
};

/*
 * macros_expand - append text with its $names replaced
 *
 * title	the parameter, for a warning about bad syntax
 * own		names beside those of the session, or NULL
 *
 * A name that nobody knows is warned about and empty; bytes that are not in
 * smtpd_expansion_filter become '_'. False, after a warning: bad syntax.
 */
bool	macros_expand(struct buf *out, const char *text, const char *title,
	    const struct session *s, const struct macro_value *own);

#endif
