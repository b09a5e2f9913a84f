/*
 * sink.h - what the parts of smtp-sink know of each other
 *
 * A session takes bytes and appends replies; the server moves them.
 */
#ifndef CMD_SMTP_SINK_SINK_H
#define CMD_SMTP_SINK_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"

enum sink_command {		/* what the options can name */
	SINK_CONNECT, SINK_HELO, SINK_EHLO, SINK_LHLO, SINK_MAIL, SINK_RCPT,
	SINK_DATA, SINK_DOT, SINK_RSET, SINK_NOOP, SINK_VRFY, SINK_QUIT,
	SINK_XCLIENT, SINK_XFORWARD, SINK_AUTH, SINK_COMMANDS
};

extern const char *const sink_command_names[SINK_COMMANDS];

/* How to treat one command. */
struct sink_rule {
	bool	is_soft;	/* -r */
	bool	is_hard;	/* -f */
	bool	drops;		/* -q: close without a word */
	bool	drops_421;	/* -Q */
	bool	is_logged;	/* -s */
	int	delay_s;	/* -W, -w */
	int	odds;		/* of the delay, in percent */
};

/* --reply COMMAND[:TEXT]=REPLY: the first that matches wins */
struct sink_reply {
	enum sink_command command;
	const char	*match;		/* in the arguments (recipient for "."); "" any */
	const char	*reply;		/* lines separated by \r\n inside, none at the end */
	struct sink_reply *next;
};

struct sink_options {
	struct sink_rule rules[SINK_COMMANDS];
	struct sink_reply *replies;
	const char	*hostname;	/* -h */
	const char	*soft_reply;	/* -b */
	const char	*hard_reply;	/* -B */
	const char	*dump_single;	/* -d template: a file per message */
	const char	*dump_multi;	/* -D template: append */
	const char	*dump_start;	/* -S */
	bool		 is_lmtp;	/* -L */
	bool		 no_8bitmime;	/* -8 */
	bool		 no_auth;	/* -a */
	bool		 no_xclient;	/* -C */
	bool		 no_esmtp;	/* -e */
	bool		 no_enhanced;	/* -E */
	bool		 no_xforward;	/* -F */
	bool		 no_dsn;	/* -N */
	bool		 no_pipelining;	/* -p, and any rule that breaks it */
	bool		 is_pix;	/* -P */
	bool		 with_size;	/* --size N: SIZE in the EHLO reply */
	bool		 with_smtputf8;	/* --smtputf8 */
	long		 size;
	int		 abort_delay_s;	/* -A, -1: off */
	bool		 shows_counts;	/* -c */
	int		 max_sessions;	/* -m, at a time */
	int		 quit_sessions;	/* -n, 0: never */
	int		 quit_messages;	/* -M, 0: never */
	int		 timeout_s;	/* -t */
	int		 window;	/* -T, 0: system's */
};

struct sink_counts {
	long	sessions, quits, messages;
};

enum sink_next {
	SINK_READ,		/* wants more input */
	SINK_DELAY,		/* call sink_session_resume after delay_s */
	SINK_CLOSE		/* send what is in out, then close */
};

struct sink_dump;

struct sink_session {
	const struct sink_options *opts;
	struct sink_counts *counts;
	const char	*client;	/* printable address */
	struct buf	 in, out;
	size_t		 in_pos;	/* bytes of in that are done with */
	int		 delay_s;
	bool		 is_delayed;	/* this command has had its delay */
	bool		 is_greeted;
	bool		 is_closing;
	bool		 in_data;
	bool		 at_line_start;	/* the last line of the message ended in CRLF */
	bool		 has_mail;
	int		 rcpt_count;
	const char	*proto;		/* SMTP ESMTP LMTP */
	struct buf	 helo, mail, rcpts;	/* arguments; rcpts NUL-separated */
	struct sink_dump *dump;		/* NULL: not kept */
};

struct sink_session	*sink_session_new(const struct sink_options *opts,
			    struct sink_counts *counts, const char *client);
void	sink_session_free(struct sink_session *s);
/* sink_session_start - the greeting; sink_session_input - bytes came; sink_session_resume - the delay is over */
enum sink_next	sink_session_start(struct sink_session *s);
enum sink_next	sink_session_input(struct sink_session *s, const char *data,
		    size_t len);
enum sink_next	sink_session_resume(struct sink_session *s);

/* sink_dump_* - one message into a file; NULL when it cannot be opened (a warning said why) */
struct sink_dump	*sink_dump_open(const struct sink_session *s);
/* sink_dump_line - one line of content, CRLF or LF at its end, dots as sent */
void	sink_dump_line(struct sink_dump *d, const char *line, size_t len,
	    bool at_line_start);
void	sink_dump_close(struct sink_dump *d);

/* sink_listen - bind endpoint; prints the port when 0 was asked for */
int	sink_listen(const char *endpoint, int backlog, int family, int window);
/* sink_serve - until -n or -M is reached */
void	sink_serve(int listen_fd, const struct sink_options *opts);

#endif
