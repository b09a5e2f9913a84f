/*
 * err.h - why something failed: a kind to decide by, a sentence to show
 *
 * Functions that can fail take a struct err *, which may be NULL, fill it
 * once, and return -1 or NULL. err_set and err_sys return -1, so that the
 * common case is one line: return err_sys(err, "open %s", path);
 */
#ifndef LIB_BASE_ERR_H
#define LIB_BASE_ERR_H

enum err_kind {
	ERR_NONE = 0,
	ERR_SYSTEM,		/* a system call failed: errnum says which */
	ERR_SYNTAX,		/* the input is not what its format says */
	ERR_NOT_FOUND,		/* it is not there */
	ERR_RETRY,		/* could not look; ask again later */
	ERR_CONFIG,		/* the configuration is at fault */
	ERR_LIMIT,		/* over a limit that was set on purpose */
	ERR_TIMEOUT,
	ERR_EOF,		/* the other side went away */
	ERR_DENIED		/* not allowed */
};

struct err {
	enum err_kind	kind;
	int		errnum;		/* errno for ERR_SYSTEM, else 0 */
	char		text[512];	/* lower case, no full stop */
};

#define ERR_INIT { ERR_NONE, 0, "" }

/* err_set - record kind and a sentence; always returns -1 */
int	err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));

/*
 * err_sys - record a failed system call as "TEXT: strerror(errno)"
 *
 * Returns -1; errno is preserved.
 */
int	err_sys(struct err *err, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

/* err_prefix - put "PREFIX" in front of the sentence that is there; returns -1 */
int	err_prefix(struct err *err, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

void	err_reset(struct err *err);

#endif
