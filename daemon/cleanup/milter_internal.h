/*
 * milter_internal.h - one filter: between the files of the filter list
 *
 *	milter.c		states, events, verdicts
 *	milter_macro.c		values that go with each event
 *	milter_config.c		what main.cf says about each, and how it is reached
 *	milter_content.c	the message, and what filters do to it
 */
#ifndef DAEMON_CLEANUP_MILTER_INTERNAL_H
#define DAEMON_CLEANUP_MILTER_INTERNAL_H

#include "daemon/cleanup/milter.h"
#include "lib/base/buf.h"
#include "lib/mail/milter_wire.h"

struct err;
struct stream;

enum milter_state { READY, MESSAGE_OVER, OVER };

struct milter {
	struct milter	*next;
	char		*name;		/* "inet:127.0.0.1:8891" */
	char		*protocol, *default_action;
	int		 connect_s, command_s, content_s;
	struct milter_wire wire;
	struct stream	*stream;	/* NULL: not reached, or OVER */
	enum milter_state state;
	bool		 in_message;
	enum milter_event asked;
	enum milter_verdict verdict;	/* when OVER */
	struct buf	 text;		/* the reply of a refusal */
	struct buf	 in, out;
};

struct milters {
	struct milter	*first;
	milter_macro_fn	 lookup;
	void		*ctx;
	const char	*id;		/* queue ID, NULL: not known here */
	struct buf	 text, packet, value;
};

/* milter_fail - it is of no use any more: what its default action says */
void	milter_fail(struct milter *m);
/* milter_send - macros and ms->packet; false: trouble, logged */
bool	milter_send(struct milters *ms, struct milter *m,
	    enum milter_event event);
/* milter_read_answer - the next one that is no progress report */
bool	milter_read_answer(struct milter *m, struct milter_answer *a);
/* milter_ask - send ms->packet to one that is READY and wants it; its verdict */
enum milter_verdict milter_ask(struct milters *ms, struct milter *m,
	    enum milter_event event, struct milter_answer *a);
/* milter_judge - the verdict behind an answer */
enum milter_verdict milter_judge(struct milter *m,
	    const struct milter_answer *a);

/* milter_macro - value of a name without braces, NULL: none; ctx is the struct milters */
const char	*milter_macro(const char *name, void *ctx);
/* milter_macro_names - what it asked for at this stage, or what is configured */
const char	*milter_macro_names(const struct milter *m,
		    enum milter_stage stage);
/* milter_config - one struct for each word of a list; what is wrong is logged, and is OVER */
void	milter_config(struct milters *ms, const char *list);
/* milter_dial - connect to "inet:host:port", "inet:port@host", "unix:path" */
struct stream	*milter_dial(const char *name, int timeout_s, struct err *err);
void	milter_free(struct milter *m);

#endif
