/*
 * verify_client.h - ask and tell the service that knows which addresses exist
 *
 * smtpd asks. Agents, qmgr and cleanup tell what became of a probe: a message
 * that goes as far as the recipient's last server and is not sent. Wire
 * protocol: spec/services.md 3.6.
 */
#ifndef DAEMON_SERVE_VERIFY_CLIENT_H
#define DAEMON_SERVE_VERIFY_CLIENT_H

#include <stdbool.h>

struct buf;
struct queue_rcpt;

/* The peer misspells its protocol, so do we. */
#define VERIFY_PROTOCOL	"address_verification_prrotocol"
#define VERIFY_IN_PROGRESS "Address verification in progress"

enum verify_status {	/* recipient_status on the wire and in the cache */
	VERIFY_DELIVERABLE,
	VERIFY_DEFERRED,
	VERIFY_BOUNCED,
	VERIFY_UNKNOWN,		/* a probe is under way */
	VERIFY_STATUS_COUNT
};

/*
 * verify_query - what is known of an address; the service may send a probe
 *
 * reason	replaced by what the last server said
 *
 * A service that does not answer is VERIFY_DEFERRED, and logged.
 */
enum verify_status	verify_query(const char *address, struct buf *reason);

/*
 * verify_report - a probe has ended: tell the service
 *
 * rcpt		the answer holds for its address before any rewriting, too
 *
 * Returns the word for status= in the log; with address_verify_negative_cache
 * off, bad news are logged and nothing else.
 */
const char	*verify_report(const struct queue_rcpt *rcpt,
		    enum verify_status status, const char *reason);

#endif
