/*
 * lint.h - what the rules of postconf --lint share
 *
 *	lint.c         reads leniently, runs the rules, prints
 *	lint_names.c   names and values of main.cf
 *	lint_words.c   values that are one of a few words
 *	lint_access.c  restriction lists: order, names; classes of domains
 *	lint_relay.c   open relay
 *	lint_tables.c  lookup tables
 *	lint_rights.c  who opens a table, and where
 *	lint_files.c   keys, certificates, secrets, directories
 *	lint_master.c  master.cf
 *
 * A rule looks at the configuration and calls lint_add; it decides nothing
 * about output or exit status. Rules: spec/beyond.md 8.
 */
#ifndef CMD_POSTCONF_LINT_H
#define CMD_POSTCONF_LINT_H

#include "cmd/postconf/postconf.h"
#include "lib/base/err.h"

enum lint_level { LINT_INFO, LINT_WARNING, LINT_ERROR };

struct lint_finding {
	char		*file, *message, *fix;	/* fix may be NULL */
	int		 line;
	enum lint_level	 level;
	const char	*rule;
};

/* An assignment as it stands in main.cf, overridden ones included. */
struct lint_entry {
	char		*name, *value;
	int		 line;
	bool		 is_last;	/* the one that counts */
};

struct lint {
	struct postconf		*pc;
	struct buf		 main_text, master_text;
	struct lint_entry	*entries;
	size_t			 entry_count;
	struct lint_finding	*findings;
	size_t			 count;
	bool			 params_are_loaded;	/* tables can be opened */
	struct err		 why_not_loaded;
};

/*
 * lint_add - one finding; the same one twice counts once
 *
 * fix	what to do about it, or NULL
 */
void	lint_add(struct lint *l, const char *file, int line,
	    enum lint_level level, const char *rule, const char *fix,
	    const char *fmt, ...) __attribute__((format(printf, 7, 8)));

/* A value that counts: in main.cf (service NULL), or by -o of a service. */
struct lint_value {
	const char		*file, *name, *raw;
	char			*text;		/* expanded, unless the parameter is raw */
	int			 line;
	const struct pc_service	*service;
};

/* lint_each_value - call fn for every one */
void	lint_each_value(struct lint *l, void (*fn)(struct lint *l,
	    const struct lint_value *v));
/*
 * lint_value_of - expanded value of a parameter, its default included
 *
 * s	the service whose -o count, or NULL
 *
 * The caller frees it. lint_where says where it is set: main.cf line 1 when
 * it is not.
 */
char	*lint_value_of(struct lint *l, const struct pc_service *s,
	    const char *name);
void	lint_where(const struct lint *l, const struct pc_service *s,
	    const char *name, const char **file, int *line);
/* lint_option_line - the line of master.cf with "-o name=" of an entry */
int	lint_option_line(const struct lint *l, const struct pc_service *s,
	    const char *name);

/* lint_ends_with - for the parts of names that say what a value is */
bool	lint_ends_with(const char *text, const char *end);
/* lint_quiet - what lib would log about a table or a parameter is our finding instead */
void	lint_quiet(bool on);

/*
 * lint_reader - can the process that opens a table of v read its file?
 * lint_late_paths - is there, for a chrooted role, what it opens at a lookup?
 *
 * name		"type:path", with the proxy: before it
 * path		of the index or the file of rules or settings
 *
 * Both add findings of table-missing.
 */
void	lint_reader(struct lint *l, const struct lint_value *v,
	    const char *name, const char *path);
void	lint_late_paths(struct lint *l, const struct lint_value *v,
	    const char *name);

/*
 * lint_value - judge one value, which need not be in main.cf yet, by itself
 * lint_done - forget the findings
 */
void	lint_value(struct lint *l, const struct lint_value *v);
void	lint_done(struct lint *l);

/* The same, by topic. */
void	lint_name_value(struct lint *l, const struct lint_value *v);
void	lint_words(struct lint *l, const struct lint_value *v);
void	lint_access_value(struct lint *l, const struct lint_value *v);
void	lint_table_value(struct lint *l, const struct lint_value *v);
void	lint_file_value(struct lint *l, const struct lint_value *v);

/* The rules for all, by topic. */
void	lint_names(struct lint *l);
void	lint_access(struct lint *l);
void	lint_relay(struct lint *l);
void	lint_tables(struct lint *l);
void	lint_files(struct lint *l);
void	lint_master(struct lint *l);

#endif
