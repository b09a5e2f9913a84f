/*
 * table_type.h - what a table type provides, and what is done for it
 *
 * A type is one file with one struct table_type and one row in table_types.c.
 * table_open.c splits the name, shares instances and watches files, table.c
 * folds keys and checks UTF-8; a type finds bytes. Only files of this room and loadable
 * modules include this.
 */
#ifndef LIB_TABLE_TABLE_TYPE_H
#define LIB_TABLE_TABLE_TYPE_H

#include "lib/table/table.h"

#include <sys/stat.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

struct table_type {
	const char	*name;
	bool		 is_pattern;
	bool		 is_sorted;	/* by key: neighbours are asked for faster */
	/* suffix - of the index file; NULL: not built by postmap */
	const char	*suffix;

	/*
	 * open - fill t->state and what else of struct table the type knows
	 *
	 * t->name, t->mode and t->flags say what is wanted. 0, or -1 with err;
	 * close is not called after a failure.
	 */
	int		 (*open)(struct table *t, struct err *err);
	void		 (*close)(struct table *t);
	/* lookup - value is never NULL, empty, and only read on TABLE_FOUND */
	enum table_result (*lookup)(struct table *t, const char *key,
			    size_t len, struct buf *value, struct err *err);
	/* The rest is NULL where the operation is not supported. */
	int		 (*update)(struct table *t, const char *key,
			    size_t key_len, const char *value,
			    size_t value_len, struct err *err);
	enum table_result (*remove)(struct table *t, const char *key,
			    size_t len, struct err *err);
	enum table_result (*next)(struct table *t, bool first,
			    struct buf *key, struct buf *value,
			    struct err *err);
	int		 (*commit)(struct table *t, struct err *err);
	/* hold - see table_hold */
	void		 (*hold)(struct table *t, bool on);
	/*
	 * describe - what the last lookup, of key, came down to: fn gets
	 * "capture" (in order) and "query" texts
	 */
	void		 (*describe)(struct table *t, const char *key,
			    void (*fn)(const char *what, const char *text,
			    void *ctx), void *ctx);
	/* each_result - for types made of rules: the results as written */
	void		 (*each_result)(struct table *t, void (*fn)(int line,
			    const char *text, void *ctx), void *ctx);
};

enum table_trust {
	TABLE_OWNER_UNKNOWN,
	TABLE_OWNER_UID,	/* t->owner wrote it; 0 is trusted */
};

struct table {
	const struct table_type	*type;
	char			*full_name;	/* "type:name" */
	const char		*name;		/* what follows the colon */
	enum table_mode		 mode;
	unsigned		 flags;
	void			*state;
	bool			 is_pattern;	/* as the type, unless it says else */
	bool			 has_utf8;	/* the UTF-8 layer is on */
	bool			 tries_0null, tries_1null;	/* 3.5, still undecided: both */
	bool			 is_alias_source; /* texthash: the text is an alias file */
	char			*awaited;	/* an index that will replace this table */
	bool			 is_multi_writer;	/* a new time stamp is no change */
	enum table_trust	 trust;
	uid_t			 owner;
	int			 watch_fd;	/* -1: nothing to watch */
	struct stat		 watched;
	int			 hit_line;	/* of the rule that answered; 0: none */
	char			*note;		/* for the index being built */
	char			*unavailable;	/* reason: this is a stand-in */
	struct buf		 key, scratch;
	unsigned		 refs;
	struct table		*link;
};

/* table_type_find - a type that is built in, by name of len bytes; NULL if none */
const struct table_type *table_type_find(const char *name, size_t len);

/*
 * table_prepare_key - key folded as this table wants it (3.3) and checked (3.4)
 *
 * len		set to its bytes
 *
 * Valid until the next call for t; NULL, and a warning, when it is not UTF-8.
 */
const char *table_prepare_key(struct table *t, const char *key, size_t *len);

/* table_watch - note owner, time and inode of an open file; fd is not taken */
int	table_watch(struct table *t, int fd, struct err *err);

/*
 * table_duplicate - what to do about a key that is there already
 *
 * label	the name that the warning starts with
 *
 * Returns 1 to replace the value, 0 to keep it, -1 with err (3.6).
 */
int	table_duplicate(const struct table *t, const char *label,
	    const char *key, size_t len, struct err *err);

/*
 * What a loadable module defines as posthorn_table (table_module.h). A module
 * shares structures and functions with the program that loads it, so both
 * must come from the same headers: TABLE_ABI, a digest of them, is made by
 * the Makefile ("lib/table/table_abi.h").
 */
struct table_module {
	char		 abi[20];	/* TABLE_ABI */
	const struct table_type *type;
};

extern const struct table_module posthorn_table;

extern const struct table_type table_cdb, table_cidr, table_environ,
    table_fail, table_gdbm, table_inline, table_internal, table_lmdb,
    table_memcache, table_pcre, table_pipemap, table_proxy, table_randmap,
    table_regexp, table_socketmap, table_sqlite, table_static, table_tcp,
    table_texthash, table_unionmap, table_unix;

#endif
