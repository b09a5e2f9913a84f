/*
 * source.h - what the parts of smtp-source know of each other
 */
#ifndef CMD_SMTP_SOURCE_SOURCE_H
#define CMD_SMTP_SOURCE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"

struct source_options {
	const char	*target;	/* host:port, unix:path */
	int		 family;	/* AF_UNSPEC, AF_INET, AF_INET6 */
	const char	*hostname;	/* -M */
	const char	*sender;	/* -f */
	const char	*recipient;	/* -t */
	const char	*subject;	/* -S, NULL: none */
	const char	*file;		/* -F, NULL: generate */
	struct buf	 content;	/* of -F, or the body; wire form, ends in CRLF */
	int		 sessions;	/* -s */
	int		 messages;	/* -m */
	int		 rcpts;		/* -r */
	int		 delay_s;	/* -w */
	int		 random_delay_s; /* -R */
	int		 connect_tries;	/* -C */
	int		 window;	/* -T */
	bool		 numbers_rcpts;	/* -N */
	bool		 shows_count;	/* -c */
	bool		 keeps_session;	/* -d */
	bool		 is_lmtp;	/* -L */
	bool		 is_old;	/* -o: no HELO, no headers */
	bool		 ignores_errors; /* -A */
};

enum source_next {
	SOURCE_READ,		/* send out, then wait for a reply */
	SOURCE_DONE,		/* one message was accepted; session goes on with source_session_message */
	SOURCE_CLOSED,		/* the conversation is over */
	SOURCE_FAILED		/* error says why */
};

enum source_state { SOURCE_GREETING, SOURCE_HELO, SOURCE_MAIL, SOURCE_RCPT,
	SOURCE_DATA, SOURCE_DOT, SOURCE_QUIT };

struct source_session {
	const struct source_options *opts;
	enum source_state state;
	int		 id;		/* for Message-Id */
	int		 number;	/* of the message, from the total down to 0 */
	int		*rcpt_number;	/* shared counter for -N */
	int		 rcpts_left;
	int		 replies_left;	/* LMTP: after the dot */
	struct buf	 in, out;
	struct buf	 error;
};

void	source_session_init(struct source_session *s,
	    const struct source_options *opts, int id, int *rcpt_number);
void	source_session_done(struct source_session *s);
/* source_session_start - a new connection is open; number: of its first message */
void	source_session_start(struct source_session *s, int number);
/* source_session_message - next message in the same session; source_session_quit - or say goodbye */
void	source_session_message(struct source_session *s, int number);
void	source_session_quit(struct source_session *s);
enum source_next	source_session_input(struct source_session *s,
			    const char *data, size_t len);

/* source_run - send everything; ends the process on failure unless -A */
void	source_run(const struct source_options *opts);

#endif
