/*
 * main_cf.h - main.cf as a dictionary: names, unexpanded values, lines
 *
 * Knows the syntax (spec/postconf.md 1.2) and nothing of what a name means.
 * Used by params_load and by postconf.
 */
#ifndef LIB_CONF_MAIN_CF_H
#define LIB_CONF_MAIN_CF_H

#include <stddef.h>

struct err;

struct main_cf_entry {
	char	*name;
	char	*value;		/* trimmed at both ends, not expanded */
	int	 line;		/* first physical line; 0: not from the file */
};

struct main_cf {
	struct main_cf_entry	*entries;	/* sorted by name */
	size_t			 count, size;
};

#define MAIN_CF_INIT { NULL, 0, 0 }

/*
 * main_cf_read - load path; a file that changes meanwhile is read again
 *
 * A later entry of the same name wins, with a warning in the log when the
 * values differ. Returns 0, or -1 with "open FILE: REASON" or "FILE, line N: TEXT".
 */
int	main_cf_read(struct main_cf *cf, const char *path, struct err *err);
/* main_cf_parse - the same from bytes in memory; name is for messages */
int	main_cf_parse(struct main_cf *cf, const char *name, const char *text,
	    size_t len, struct err *err);
void	main_cf_done(struct main_cf *cf);

/* main_cf_set - add or replace */
void	main_cf_set(struct main_cf *cf, const char *name, const char *value,
	    int line);
/* main_cf_find - the entry, or NULL */
const struct main_cf_entry	*main_cf_find(const struct main_cf *cf,
	    const char *name);

/*
 * main_cf_split - cut "name = value" in place
 *
 * Returns NULL, or the text of the error: "missing '=' after attribute name",
 * "missing attribute name".
 */
const char	*main_cf_split(char *line, char **name, char **value);

#endif
