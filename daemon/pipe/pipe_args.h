/*
 * pipe_args.h - what stands behind "pipe" in master.cf
 *
 * user= flags= and friends come first, argv= ends them: the rest is the
 * command, with ${macros} that each delivery replaces.
 */
#ifndef DAEMON_PIPE_PIPE_ARGS_H
#define DAEMON_PIPE_PIPE_ARGS_H

#include <stddef.h>

struct err;

enum pipe_flags {
	PIPE_BLANK	= 1,		/* B: empty line at the end */
	PIPE_DELIVERED	= 2,		/* D: Delivered-To */
	PIPE_FROM	= 4,		/* F: "From sender date" */
	PIPE_ORIGINAL	= 8,		/* O: X-Original-To */
	PIPE_RETURN	= 16,		/* R: Return-Path */
	PIPE_FINAL	= 32,		/* X: delivery ends here (DSN delivered, not relayed) */
	PIPE_FOLD_HOST	= 64,		/* h: domain and nexthop in lower case */
	PIPE_FOLD_USER	= 128,		/* u: local part in lower case */
	PIPE_QUOTE	= 256,		/* q: addresses in external form */
	PIPE_DOT	= 512,		/* . */
	PIPE_QUOTE_FROM	= 1024		/* > */
};

struct pipe_args {
	unsigned	 flags;
	char		*user, *group;		/* group NULL: the user's */
	char		*chroot_dir, *directory, *eol, *null_sender;
	long		 size_limit;		/* 0: none */
	char		**argv;			/* NULL-terminated, unexpanded */
	size_t		 argc;
};

/* pipe_args_parse - 0, or -1 with the fatal message */
int	pipe_args_parse(struct pipe_args *pa, char **words, struct err *err);
void	pipe_args_done(struct pipe_args *pa);

/* What the macros stand for; texts never NULL. */
struct pipe_macros {
	const char	*sender, *nexthop, *queue_id, *envelope_id;
	const char	*client_address, *client_helo, *client_hostname,
			*client_port, *client_protocol;
	const char	*sasl_method, *sasl_sender, *sasl_username;
	long		 size;
};

struct pipe_rcpt {
	const char	*address, *original;	/* internal form */
};

/*
 * pipe_args_expand - the command for these recipients
 *
 * An argument that names a recipient (${recipient}, ${user}, ...) is repeated
 * for each. Returns a NULL-terminated array for pipe_argv_free, or NULL with err.
 */
char	**pipe_args_expand(const struct pipe_args *pa,
	    const struct pipe_macros *macros, const struct pipe_rcpt *rcpts,
	    size_t count, struct err *err);
void	pipe_argv_free(char **argv);

#endif
