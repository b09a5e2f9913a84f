/*
 * cleanup_internal.h - the state of one message, and the parts that work on it
 *
 *	cleanup.c		open, dispatch by segment, commit, abort
 *	cleanup_envelope.c	envelope and extracted records
 *	cleanup_map.c		what happens to addresses
 *	cleanup_header.c	message headers and body
 *	cleanup_missing.c	header fields that should be there
 *	cleanup_check.c		header and body checks
 *	cleanup_bounce.c	what could not be accepted goes back
 *	cleanup_milter.c	filters see the message: what they say
 *	cleanup_edit.c		... and change it
 *	cleanup_event.c		what becomes of it, for the log of events
 *
 * The struct is kept from message to message with all its buffers; cleanup_open
 * only empties it.
 */
#ifndef DAEMON_CLEANUP_CLEANUP_INTERNAL_H
#define DAEMON_CLEANUP_CLEANUP_INTERNAL_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include "daemon/cleanup/cleanup.h"
#include "lib/base/buf.h"
#include "lib/mail/header.h"
#include "lib/mail/mime.h"
#include "lib/route/address_map.h"
#include "lib/route/rcpt_dups.h"
#include "lib/route/rewrite.h"
#include "lib/table/table.h"

struct maps;
struct queue_writer;

enum segment { IN_ENVELOPE, IN_MESSAGE, IN_EXTRACTED, IS_DONE };

/* Queue manager flags in the size record (spec/queue-format.md 3.6). */
#define QMGR_MIXED		1
#define QMGR_NOTIFY_SHIFT	1

/* Send options there. */
#define SENDOPT_REQUESTED	1
#define SENDOPT_HEADER		2
#define SENDOPT_SENDER		4
#define SENDOPT_KEPT		(1 | 32)	/* survive a requeue */

/* Which headers were seen: bits by enum header_id. */
#define SEEN(id)		(1ull << (id))

/*
 * The buffers of a message, in one list so that none is forgotten when the
 * struct is made or emptied.
 *
 * id, reason (for the client), sender, fullname, last_rcpt (before aliases, for logs);
 * msgid: as the message has it; origin, client, client_addr, sasl, proto, helo,
 * encoding: attributes; orig_rcpt, dsn_orcpt: of the next
 * recipient; filter, redirect, bcc (NUL after each): from checks, for the
 * extracted segment; seen_by_milters: recipients as non_smtpd_milters
 * get them (NUL after each); line, body, value, work, text: scratch.
 */
#define CLEANUP_BUFS(X) \
	X(id) X(reason) X(sender) X(fullname) X(last_rcpt) \
	X(msgid) X(client) X(client_addr) X(sasl) X(origin) X(proto) X(helo) X(encoding) X(orig_rcpt) X(dsn_orcpt) \
	X(filter) X(redirect) X(bcc) X(seen_by_milters) X(line) X(body) \
	X(value) X(work) X(text)
#define CLEANUP_BUF_FIELD(name) struct buf name;

/* A recipient as a bounce needs it; kept only when the client asked for that. */
struct bounce_rcpt {
	char		*orcpt, *orig, *rcpt;
	unsigned	 notify;
};

struct cleanup {
	CLEANUP_BUFS(CLEANUP_BUF_FIELD)
	struct queue_writer *out;
	struct cleanup_client *service;	/* it does all the work, if not NULL */
	struct milters	*milters;	/* the session's; borrowed */
	unsigned	 flags;		/* enum cleanup_flags */
	unsigned	 status;
	enum segment	 segment;
	bool		 is_discarded;

	/* The envelope. */
	struct timeval	 arrival;
	bool		 has_time, has_sender, has_verp, has_warn,
			 has_fullname;
	size_t		 attr_count;
	bool		 is_probe;	/* of address verification */
	enum rewrite_rule rule;		/* of header addresses */
	bool		 is_remote;	/* rewrite_context=remote */
	unsigned	 sendopts;

	/* Recipients. */
	bool		 has_orig;	/* orig_rcpt counts */
	unsigned	 notify;	/* of the next one */
	bool		 had_rcpt;	/* in this segment: other records are "mixed" now */
	long		 rcpt_count;
	unsigned	 qmgr_flags;
	struct rcpt_dups *seen_rcpts;
	struct bounce_rcpt *bounce_rcpts;
	size_t		 bounce_count, bounce_room;

	/* The message. */
	off_t		 data_offset, body_offset, xtra_offset;
	struct mime	*mime;
	bool		 is_plain;	/* body lines go straight through */
	bool		 in_line;	/* the last text record was partial */
	unsigned long long seen;	/* headers: SEEN(id) */
	bool		 is_resent;
	long		 hops;
	bool		 stop_checks;	/* PASS, REJECT ...: no more of them */
	bool		 has_hold_log;
};

/* Opened once per process. */
struct cleanup_tables {
	struct address_map *addresses;	/* what becomes of them */
	struct maps	*header_checks, *mime_checks, *nested_checks,
			*body_checks, *milter_checks;
	bool		 has_checks;
	struct buf	 strip, reject;	/* bytes, unescaped */
	char		**drop_names;	/* message_drop_headers, lower case */
};
extern struct cleanup_tables cleanup_tables;

/* cleanup.c */
static inline bool
cleanup_is_good(const struct cleanup *c)
{
	return c->status == 0 && !c->is_discarded;
}
void	cleanup_out(struct cleanup *c, int type, const void *data, size_t len);
void	cleanup_outs(struct cleanup *c, int type, const char *text);
void	cleanup_outf(struct cleanup *c, int type, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));
/* cleanup_fail - a lethal error; text is the reason for the client, or NULL */
void	cleanup_fail(struct cleanup *c, unsigned status, const char *text);
/* cleanup_check_milters - refuse, hold or warn where Milters are configured; when the flags are final */
void	cleanup_check_milters(struct cleanup *c);
/* cleanup_patch_size - write the size record anew, now that all is known */
void	cleanup_patch_size(struct cleanup *c);
/* cleanup_note_utf8 - 8-bit text was seen where SMTPUTF8 matters */
void	cleanup_note_utf8(struct cleanup *c, const char *text);

/* cleanup_envelope.c */
void	cleanup_envelope(struct cleanup *c, int type, const char *data,
	    size_t len);
void	cleanup_extracted(struct cleanup *c, int type, const char *data,
	    size_t len);
/* cleanup_add_rcpt - one final recipient, after all mapping */
void	cleanup_add_rcpt(struct cleanup *c, const char *orcpt, unsigned notify,
	    const char *orig, const char *rcpt);

/* cleanup_map.c */
void	cleanup_map_init(void);
/* cleanup_rewrite - rewrite, canonical maps, masquerade; internal forms */
void	cleanup_rewrite(struct cleanup *c, enum address_class class,
	    const char *address, struct buf *out);
/* cleanup_rewrite_header - external forms, by the client's rule */
void	cleanup_rewrite_header(struct cleanup *c, enum address_class class,
	    const char *external, struct buf *out);
/* cleanup_new_rcpt - a recipient as the client gave it, all the way */
void	cleanup_new_rcpt(struct cleanup *c, const char *rcpt);
/* cleanup_bcc_rcpt - an automatic one: rewritten, aliased, no DSN */
void	cleanup_bcc_rcpt(struct cleanup *c, const char *rcpt);
/* cleanup_extra_rcpt - one that a filter adds, with what it says about DSN */
void	cleanup_extra_rcpt(struct cleanup *c, const char *rcpt,
	    const char *orcpt, unsigned notify);
/* cleanup_sender_bcc - look the sender up in sender_bcc_maps */
void	cleanup_sender_bcc(struct cleanup *c);

/* cleanup_bounce.c */
/* cleanup_bounce - tell the sender why it failed; status 0 when that is on its way */
void	cleanup_bounce(struct cleanup *c);

/* cleanup_header.c */
void	cleanup_header_init(void);
void	cleanup_message(struct cleanup *c, int type, const char *data,
	    size_t len);
void	cleanup_message_start(struct cleanup *c);
/* cleanup_out_header - text lines joined by '\n' as records; cleanup_put_header - all of a text */
void	cleanup_out_header(struct cleanup *c, const char *text, size_t len);
void	cleanup_put_header(struct cleanup *c, const char *text);

/* cleanup_missing.c */
/* cleanup_add_missing - Message-Id, Date and From, or their Resent- forms, if they have not been seen */
void	cleanup_add_missing(struct cleanup *c);

/* cleanup_check.c */
enum check_kind { CHECK_HEADER, CHECK_BODY, CHECK_MILTER };
void	cleanup_check_init(void);
/*
 * cleanup_check - search maps for text and do what the result says
 *
 * Returns true when text (which may be another now) is to be written, false
 * when it goes away.
 */
bool	cleanup_check(struct cleanup *c, enum check_kind kind,
	    struct maps *maps, struct buf *text);
/* cleanup_log_action - "ID: ACTION: CLASS TEXT from ORIGIN; from=<> to=<> ...: OPTIONAL" */
void	cleanup_log_action(struct cleanup *c, const char *action,
	    const char *class, const char *text, const char *optional);

/* cleanup_milter.c */
/* cleanup_milter - when all is written and good: show it to the filters, do what they say */
void	cleanup_milter(struct cleanup *c);

/* cleanup_event.c */
void	cleanup_event_accepted(const struct cleanup *c);
/* cleanup_event_rewritten - the recipient that was given is another one now */
void	cleanup_event_rewritten(const struct cleanup *c, const char *orig,
	    const char *rcpt);
/* cleanup_event_action - what a table or a filter has done: "hold"; reply as of reply_event */
void	cleanup_event_action(const struct cleanup *c, bool is_milter,
	    const char *action, const char *reply, const char *rcpt);

/* cleanup_edit.c */
struct cleanup_edit;
struct milter_content;

/* cleanup_edit_new - read the headers of what has been written; NULL: it failed */
struct cleanup_edit *cleanup_edit_new(struct cleanup *c);
void	cleanup_edit_free(struct cleanup_edit *e);
void	cleanup_edit_content(struct cleanup_edit *e,
	    struct milter_content *out);
/* cleanup_edit_finish - write the message anew, if anything was changed */
void	cleanup_edit_finish(struct cleanup_edit *e);
#endif
