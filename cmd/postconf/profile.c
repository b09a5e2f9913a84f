/*
 * profile.c - postconf --profile: reviewed settings for a purpose
 *
 * Prints --set lines with the reason for each, and changes nothing.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postconf/postconf.h"

#include <string.h>

#include "lib/base/log.h"

struct setting {
	const char	*why, *request;
};

static const struct setting null_client[] = {
	{ "mail is only sent from here, never received from elsewhere",
	    "inet_interfaces=loopback-only" },
	{ "no address is delivered on this host", "mydestination=" },
	{ "and a mistake that would do so is an error",
	    "local_transport=error:local delivery is disabled" },
	{ "everything goes to the host that knows how to deliver",
	    "relayhost=$mydomain" },
	{ "addresses without a domain belong to the site",
	    "myorigin=$mydomain" },
	{ NULL, NULL }
};
static const struct setting relay[] = {
	{ "everything goes to the provider, at the submission port",
	    "relayhost=[smtp.example.com]:587" },
	{ "who logs in", "smtp_sasl_auth_enable=yes" },
	{ "with the passwords of this table (mode 600)",
	    "smtp_sasl_password_maps=gdbm:/etc/postfix/sasl_passwd" },
	{ "a password never crosses the network in the clear",
	    "smtp_tls_security_level=encrypt" },
	{ "methods that need no password are of no use here",
	    "smtp_sasl_security_options=noanonymous" },
	{ NULL, NULL }
};
static const struct setting mx[] = {
	{ "strangers may write to our domains and to nobody else",
	    "smtpd_relay_restrictions=permit_mynetworks, "
	    "reject_unauth_destination" },
	{ "domains whose mail is passed on to inner hosts",
	    "relay_domains=gdbm:/etc/postfix/relay_domains" },
	{ "recipients that exist there: the others are refused at once",
	    "relay_recipient_maps=gdbm:/etc/postfix/relay_recipients" },
	{ "where each domain goes",
	    "transport_maps=gdbm:/etc/postfix/transport" },
	{ "a client must say who it is", "smtpd_helo_required=yes" },
	{ "TLS for whoever can", "smtpd_tls_security_level=may" },
	{ "nobody learns which addresses exist by asking",
	    "disable_vrfy_command=yes" },
	{ NULL, NULL }
};
static const struct setting submission[] = {
	{ "users log in", "smtpd_sasl_auth_enable=yes" },
	{ "through Dovecot, which has the passwords",
	    "smtpd_sasl_type=dovecot" },
	{ "at this socket below queue_directory",
	    "smtpd_sasl_path=private/auth" },
	{ "only over TLS", "smtpd_tls_auth_only=yes" },
	{ "which is offered", "smtpd_tls_security_level=may" },
	{ "who has logged in may write to anybody",
	    "smtpd_relay_restrictions=permit_mynetworks, "
	    "permit_sasl_authenticated, reject_unauth_destination" },
	{ NULL, NULL }
};
static const struct setting lesson[] = {
	{ "nothing reaches this instance from outside",
	    "inet_interfaces=loopback-only" },
	{ "and nothing leaves this host",
	    "default_transport=error:this is a lesson" },
	{ "retries come while one watches", "minimal_backoff_time=10s" },
	{ NULL, "maximal_backoff_time=60s" },
	{ NULL, "queue_run_delay=10s" },
	{ "and a message is given up within the lesson",
	    "maximal_queue_lifetime=10m" },
	{ NULL, NULL }
};

static const struct {
	const char	*name, *what;
	const struct setting *settings;
} profiles[] = {
	{ "null-client", "a host that only sends", null_client },
	{ "relay", "send through a provider, with a login", relay },
	{ "mx", "receive for domains and pass them on", mx },
	{ "submission", "take mail from users who log in", submission },
	{ "lesson", "an instance to learn with", lesson },
};

#define PROFILE_COUNT	(sizeof(profiles) / sizeof(profiles[0]))

int
pc_profile(const char *name)
{
	const struct setting *s;
	size_t i;

	for (i = 0; i < PROFILE_COUNT; i++)
		if (strcmp(name, "list") == 0)
			printf("%-12s %s\n", profiles[i].name,
			    profiles[i].what);
		else if (strcmp(profiles[i].name, name) == 0)
			break;
	if (strcmp(name, "list") == 0)
		return 0;
	if (i == PROFILE_COUNT)
		log_fatal("no profile \"%s\"; --profile list names them",
		    name);
	printf("# %s: %s\n", profiles[i].name, profiles[i].what);
	for (s = profiles[i].settings; s->request != NULL; s++) {
		if (s->why != NULL)
			printf("# %s\n", s->why);
		printf("postconf --set '%s'\n", s->request);
	}
	return 0;
}
