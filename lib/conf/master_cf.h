/*
 * master_cf.h - master.cf: one struct a service (spec/master.md 1)
 */
#ifndef LIB_CONF_MASTER_CF_H
#define LIB_CONF_MASTER_CF_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct err;

enum master_type { MASTER_INET, MASTER_UNIX, MASTER_FIFO, MASTER_PASS,
	MASTER_UNIX_DGRAM };

struct master_service {
	char		*name;		/* field 1 as written */
	enum master_type type;
	bool		 is_private, is_unprivileged, is_chrooted;
	int		 wakeup_s;	/* 0: never */
	bool		 wakeup_is_conditional;	/* "60?": only after first use */
	int		 maxproc;	/* 0: no limit */
	char		*command;	/* field 8 */
	char		**argv;		/* arguments after it, { } stripped; NULL-terminated */
	size_t		 argc;
	int		 line;		/* of its first physical line */
	char		*fields[8];	/* 1 to 8 as written, for postconf -M and -F */
};

struct master_cf {
	struct master_service	*services;
	size_t			 count;
};

/*
 * master_cf_read - parse path completely
 *
 * Returns 0, or -1 with "FILE: line N: TEXT" in err and *out empty; a broken file changes nothing.
 * default_process_limit and compatibility_level come from params.
 */
int	master_cf_read(struct master_cf *out, const char *path,
	    struct err *err);
/* master_cf_parse - the same from bytes in memory; name is for messages */
int	master_cf_parse(struct master_cf *out, const char *name,
	    const char *text, size_t len, struct err *err);
void	master_cf_done(struct master_cf *cf);

/*
 * master_cf_split_inet - "[host:]port" of an inet service
 *
 * host		empty when there is none; IPv6 addresses without brackets
 *
 * Returns 0 or -1 with ERR_SYNTAX (spec/master.md 1.4), file and line left to the caller.
 */
int	master_cf_split_inet(const char *name, struct buf *host,
	    struct buf *port, struct err *err);
const char	*master_type_name(enum master_type type);

#endif
