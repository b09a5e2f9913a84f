/*
 * anvil_client.h - ask anvil how much one client does (spec/services.md 3.4)
 *
 * When anvil cannot be asked, nothing is limited: mail is worth more than a
 * statistic.
 */
#ifndef DAEMON_SMTPD_ANVIL_CLIENT_H
#define DAEMON_SMTPD_ANVIL_CLIENT_H

#include <stdbool.h>

struct anvil_client;

enum anvil_event { ANVIL_CONNECT, ANVIL_DISCONNECT, ANVIL_MAIL, ANVIL_RCPT,
	ANVIL_NEWTLS, ANVIL_NEWTLS_STATUS, ANVIL_AUTH };

/* anvil_client_new - connects when first asked; service stands in the ident */
struct anvil_client	*anvil_client_new(const char *service);

/*
 * anvil_client_event - count one event of the client at addr
 *
 * count	out: its connections now (ANVIL_CONNECT); may be NULL
 * rate		out: such events in this time unit; may be NULL
 *
 * Returns false when nobody answers.
 */
bool	anvil_client_event(struct anvil_client *c, enum anvil_event event,
	    const char *addr, int *count, int *rate);

#endif
