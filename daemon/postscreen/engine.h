/*
 * engine.h - a small SMTP server that takes no mail
 *
 * It speaks with clients that failed a test, so that the log can say whose
 * mail was refused, and with clients whose behaviour behind the greeting is
 * tested. In the end such a client has to come again: by then its connection
 * is no longer one that smtpd could take over.
 *
 *	  line --> tests (bare LF, not SMTP, pipelining) --> verb --> out
 *
 * No I/O and no clock: it is given lines and leaves replies. RFC 5321.
 */
#ifndef DAEMON_POSTSCREEN_ENGINE_H
#define DAEMON_POSTSCREEN_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/postscreen/reply.h"
#include "daemon/postscreen/stamps.h"
#include "lib/base/buf.h"

struct config;

struct engine {
	const struct config *config;
	struct caller	 caller;
	const char	*name;		/* "[192.0.2.1]:1234", for the log */

	/* Output. */
	struct buf	 out;		/* replies to send */
	bool		 is_closing;	/* then hang up */
	bool		 wants_tls;	/* then hand over to tlsproxy, and call engine_tls_started */

	/* Tests, as TEST_BIT sets. */
	unsigned	 due;		/* to be passed now */
	unsigned	 failed;	/* and failed */
	unsigned	 passed;	/* a recipient came, and nothing had gone wrong */
	bool		 is_refused;	/* some failure is enforced: no mail from this client */
	struct buf	 refusal;	/* what its recipients are told */
	const char	*last_words;	/* the answer to whatever comes first, then hang up; NULL */

	/* The conversation. */
	const char	*where;		/* "CONNECT", the last verb, "UNIMPLEMENTED" */
	const char	*protocol;	/* "SMTP", "ESMTP" */
	bool		 is_encrypted;
	int		 commands;
	unsigned	 ehlo_discard;
	struct buf	 verb;		/* as the client spelt it */
	char		*helo, *sender;	/* NULL: not said; sender is internal */
};

/*
 * engine_new - for one client
 *
 * caller		its texts, and name, are kept by reference
 * due			tests to be passed now
 */
struct engine	*engine_new(const struct config *config,
		    const struct caller *caller, const char *name,
		    unsigned due);
void		 engine_free(struct engine *e);
/* engine_refuse - from now on this is the answer to each recipient */
void		 engine_refuse(struct engine *e, const char *reply);
/* engine_greet - the greeting */
void		 engine_greet(struct engine *e);
/*
 * engine_line - one line from the client
 *
 * line		without CR LF; may hold any byte; NUL-terminated; changed in place
 * is_bare	it ended with LF alone
 * rest		what has come behind it
 */
void		 engine_line(struct engine *e, char *line, size_t len,
		    bool is_bare, const char *rest, size_t rest_len);
/* engine_too_long - the line that comes is longer than any command */
void		 engine_too_long(struct engine *e);
/* engine_timeout - the client has said nothing for too long */
void		 engine_timeout(struct engine *e);
/* engine_tls_started - what comes now is encrypted; what was said before is forgotten (RFC 3207 4.2) */
void		 engine_tls_started(struct engine *e);
/* engine_tls_failed - tlsproxy is not there: say so, and go on without */
void		 engine_tls_failed(struct engine *e);

/* engine_passed_all - has the client passed all tests that were due, ignored failures included? */
bool		 engine_passed_all(const struct engine *e);

#endif
