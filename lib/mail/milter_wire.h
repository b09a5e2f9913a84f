/*
 * milter_wire.h - the protocol between a mail server and its filters, no I/O
 *
 * The filter protocol of sendmail 8, versions 2, 3, 4 and 6. Each side sends
 * packets: a length of four bytes, network order, a letter, its data. This
 * file makes the packets of the mail server and takes those of the filter
 * apart; it knows what was agreed about, what may be said when, and which
 * packets have an answer. It has no connection and no clock.
 *
 *	offer --> agree --> connect helo { mail rcpt* data header* eoh body* eom | abort } quit
 *
 * Used by daemon/cleanup/milter.c.
 */
#ifndef LIB_MAIL_MILTER_WIRE_H
#define LIB_MAIL_MILTER_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;

enum milter_event {
	MILTER_OFFER, MILTER_CONNECT, MILTER_HELO, MILTER_MAIL, MILTER_RCPT,
	MILTER_DATA, MILTER_UNKNOWN, MILTER_HEADER, MILTER_EOH, MILTER_BODY,
	MILTER_EOM, MILTER_ABORT, MILTER_QUIT, MILTER_EVENT_COUNT
};

/* Places where macros are sent, in the order of their numbers on the wire. */
enum milter_stage {
	MILTER_AT_CONNECT, MILTER_AT_HELO, MILTER_AT_MAIL, MILTER_AT_RCPT,
	MILTER_AT_DATA, MILTER_AT_EOM, MILTER_AT_EOH, MILTER_AT_UNKNOWN,
	MILTER_STAGE_COUNT
};

enum milter_action {		/* what a filter may ask for: bits */
	MILTER_MAY_ADD_HEADER	= 0x1,
	MILTER_MAY_BODY		= 0x2,
	MILTER_MAY_ADD_RCPT	= 0x4,
	MILTER_MAY_DELETE_RCPT	= 0x8,
	MILTER_MAY_HEADER	= 0x10,
	MILTER_MAY_QUARANTINE	= 0x20,
	MILTER_MAY_FROM		= 0x40,
	MILTER_MAY_RCPT_ARGS	= 0x80,
	MILTER_MAY_MACROS	= 0x100
};

enum milter_step {		/* what is left out, or has no answer: bits */
	MILTER_NO_CONNECT	= 0x1,
	MILTER_NO_HELO		= 0x2,
	MILTER_NO_MAIL		= 0x4,
	MILTER_NO_RCPT		= 0x8,
	MILTER_NO_BODY		= 0x10,
	MILTER_NO_HEADERS	= 0x20,
	MILTER_NO_EOH		= 0x40,
	MILTER_MUTE_HEADER	= 0x80,
	MILTER_NO_UNKNOWN	= 0x100,
	MILTER_NO_DATA		= 0x200,
	MILTER_SKIPS		= 0x400,
	MILTER_REJECTED_RCPT	= 0x800,
	MILTER_MUTE_CONNECT	= 0x1000,
	MILTER_MUTE_HELO	= 0x2000,
	MILTER_MUTE_MAIL	= 0x4000,
	MILTER_MUTE_RCPT	= 0x8000,
	MILTER_MUTE_DATA	= 0x10000,
	MILTER_MUTE_UNKNOWN	= 0x20000,
	MILTER_MUTE_EOH		= 0x40000,
	MILTER_MUTE_BODY	= 0x80000,
	MILTER_LEADING_BLANK	= 0x100000
};

/* One filter's side of an agreement. */
struct milter_wire {
	unsigned	 version;
	unsigned	 actions;	/* enum milter_action */
	unsigned	 steps;		/* enum milter_step */
	char		*macros[MILTER_STAGE_COUNT];	/* asked for; NULL: as configured */
};

enum milter_kind {
	MILTER_CONTINUE, MILTER_ACCEPT, MILTER_REJECT, MILTER_TEMPFAIL,
	MILTER_REPLY, MILTER_DISCARD, MILTER_SHUTDOWN, MILTER_SKIP,
	MILTER_PROGRESS,
	/* Only at the end of a message, in front of one of the others. */
	MILTER_ADD_HEADER, MILTER_INSERT_HEADER, MILTER_CHANGE_HEADER,
	MILTER_CHANGE_FROM, MILTER_ADD_RCPT, MILTER_DELETE_RCPT,
	MILTER_REPLACE_BODY, MILTER_QUARANTINE
};

/* What a filter said; strings are in its packet. */
struct milter_answer {
	enum milter_kind kind;
	uint32_t	 index;		/* of a header */
	const char	*text;		/* reply, header name, address, body */
	size_t		 len;		/* of text */
	const char	*value;		/* header value, ESMTP arguments; never NULL */
};

#define MILTER_CHUNK_MAX	65535	/* bytes of body in a packet */
#define MILTER_PACKET_MAX	0x1000000 /* bytes that a filter may send at once */

/* milter_wire_init - nothing agreed; milter_wire_done frees what was asked for */
void	milter_wire_init(struct milter_wire *w);
void	milter_wire_done(struct milter_wire *w);

/*
 * milter_wire_protocol - read milter_protocol: "6", "2, no_header_reply"
 *
 * Sets what will be offered. Returns 0, or -1 with ERR_CONFIG.
 */
int	milter_wire_protocol(struct milter_wire *w, const char *text,
	    struct err *err);
/* milter_wire_offer - the first packet: what we can do */
void	milter_wire_offer(const struct milter_wire *w, struct buf *out);
/*
 * milter_wire_agree - the filter's answer to that, without its length
 *
 * Returns 0, or -1 with ERR_SYNTAX: it wants what was not offered.
 */
int	milter_wire_agree(struct milter_wire *w, const char *packet,
	    size_t len, struct err *err);

/* milter_wire_wants - is this event to be sent? milter_wire_answers - and does it have an answer? */
bool	milter_wire_wants(const struct milter_wire *w, enum milter_event event);
bool	milter_wire_answers(const struct milter_wire *w,
	    enum milter_event event);
/* milter_wire_stage - where its macros belong; MILTER_STAGE_COUNT: it has none */
enum milter_stage milter_wire_stage(enum milter_event event);
/* milter_wire_event_name - as it is known: "SMFIC_MAIL" */
const char	*milter_wire_event_name(enum milter_event event);

/*
 * milter_wire_macros - the packet in front of an event
 *
 * names	"i {mail_addr}": blank or comma separated
 * lookup	value of a name without braces, NULL: left out
 */
void	milter_wire_macros(struct buf *out, enum milter_event event,
	    const char *names, const char *(*lookup)(const char *name,
	    void *ctx), void *ctx);
/* milter_wire_put - an event with count strings, each ending in NUL */
void	milter_wire_put(struct buf *out, enum milter_event event,
	    const char *const *strings, size_t count);
/* milter_wire_put_data - an event with bytes: body */
void	milter_wire_put_data(struct buf *out, enum milter_event event,
	    const void *data, size_t len);
/* milter_wire_put_connect - family: AF_INET, AF_INET6, AF_UNSPEC (then no address) */
void	milter_wire_put_connect(struct buf *out, const char *host, int family,
	    int port, const char *addr);

/*
 * milter_wire_answer - take an answer apart
 *
 * Returns 0, or -1 with ERR_SYNTAX: it is no answer to this event.
 */
int	milter_wire_answer(enum milter_event event, const char *packet,
	    size_t len, struct milter_answer *out, struct err *err);

#endif
