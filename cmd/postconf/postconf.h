/*
 * postconf.h - what the files of postconf share
 *
 *	main.c     options -> struct postconf
 *	load.c     main.cf, -o and master.cf -> struct postconf
 *	names.c    which names are known, and why (spec/postconf.md 3)
 *	show.c     parameters;  services.c  master.cf entries, fields, -o
 *	service.c  one master.cf entry, cut and printed
 *	edit.c     main.cf;     edit_master.c  master.cf
 *	set.c      --set, --undo;  apply.c     --apply
 *	info.c     lock types, table types and the like
 */
#ifndef CMD_POSTCONF_POSTCONF_H
#define CMD_POSTCONF_POSTCONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "lib/base/buf.h"
#include "lib/conf/main_cf.h"
#include "lib/conf/scope.h"

enum pc_class {			/* bits of -C */
	PC_BUILTIN = 1, PC_SERVICE = 2, PC_USER = 4, PC_LEGACY = 8,
	PC_ALL = 15
};

struct pc_name {
	char		*name;
	const char	*default_text;	/* NULL: has none */
	enum pc_class	 class;
};

struct pc_names {
	struct pc_name	*list;		/* sorted by name */
	size_t		 count, size;
};

enum { PC_F_NAME, PC_F_TYPE, PC_F_PRIVATE, PC_F_UNPRIV, PC_F_CHROOT,
	PC_F_WAKEUP, PC_F_MAXPROC, PC_F_COMMAND, PC_FIELDS };

/* A master.cf entry as text: what -M prints and edits. */
struct pc_service {
	char		*key;		/* "name/type" */
	int		 line;		/* of master.cf, where it begins */
	char		*fields[7];	/* all but the command */
	char		**argv;		/* command and arguments; -o in two words */
	size_t		 argc;
	size_t		 options_end;	/* first word that is no option */
	struct main_cf	 overrides;	/* what -o sets */
	struct pc_names	 names;		/* user-defined names known in this entry only */
};

struct postconf {
	const char	*argv0;
	char		*dir;
	char		*main_file, *master_file;
	bool		 dir_was_given;
	unsigned	 classes;
	bool		 show_defaults, fold, json, no_names, no_values,
			 only_set, no_warnings, expand;
	bool		 is_lenient;	/* the long modes: a value that cannot be expanded is no end */
	const char	**overrides;	/* -o, in order */
	size_t		 override_count;

	/* Who is told of an undefined name; NULL: a warning. service NULL: in main.cf */
	void		(*undefined)(const char *name,
			    const struct pc_service *service, void *ctx);
	void		*undefined_ctx;

	struct scope	 scope;		/* main.cf and -o */
	struct pc_names	 names;		/* beside those of the registry */
	struct pc_service *services;
	size_t		 service_count;
};

/* ---- load.c */
/* pc_load_main - main.cf and -o into pc->scope; not the file with show_defaults. What is wrong is fatal */
void	pc_load_main(struct postconf *pc);
/* pc_load_master - is_needed: its absence is fatal, not a warning */
void	pc_load_master(struct postconf *pc, bool is_needed);

/* pc_load_all - both files, leniently, and every name classified, without a word */
void	pc_load_all(struct postconf *pc);

/* ---- names.c */
/* pc_names_collect - classify every name and warn about undefined ones */
void	pc_names_collect(struct postconf *pc);
/* pc_names_scan - what values refer to, once more: they were changed */
void	pc_names_scan(struct postconf *pc);
/* pc_class - class of a name; 0 when it is unknown. default_text may be NULL */
enum pc_class	pc_class(const struct postconf *pc, const char *name,
	    const char **default_text);
/* pc_warn_unused - names that are set and known to nobody */
void	pc_warn_unused_main(const struct postconf *pc);
void	pc_warn_unused_master(const struct postconf *pc);
/* pc_scope_of - the name space of one master.cf entry; pc_scope_done frees what is its own */
void	pc_scope_of(struct postconf *pc, const struct pc_service *s,
	    struct scope *scope);
void	pc_scope_done(struct postconf *pc, struct scope *scope);
/* pc_names_add - add one; false when it was there */
bool	pc_names_add(struct pc_names *names, const char *name,
	    const char *default_text, enum pc_class class);
const struct pc_name	*pc_names_find(const struct pc_names *names,
	    const char *name);
/*
 * pc_names_used - a value refers to name: it becomes known wherever it is set
 *
 * service	where that value stands: what it sets itself comes first, then main.cf;
 *		NULL: main.cf, whose values each service reads with its own names
 *
 * Returns false when it is set nowhere.
 */
bool	pc_names_used(struct postconf *pc, struct pc_service *service,
	    const char *name);

/* ---- database.c */
/* pc_database_names - mark "prefix_suffix" names of client databases in value as known; service as for pc_names_used */
void	pc_database_names(struct postconf *pc, struct pc_service *service,
	    const char *value);
/* pc_database_warn - warn about the contents of the database files seen */
void	pc_database_warn(void);

/* ---- show.c */
/* pc_show - the parameters named, or with none all of pc->classes, as the options ask */
void	pc_show(struct postconf *pc, char **names);
/* pc_print - one "name = value" line, as -f -h -H -j ask */
void	pc_print(const struct postconf *pc, const char *name,
	    const char *value);
/* pc_collapse - text into an empty out, white space as single blanks, none at the ends */
void	pc_collapse(struct buf *out, const char *text);
/* pc_expand - value within scope; ends the process when that fails */
void	pc_expand(struct scope *scope, struct buf *out, const char *value);

/* ---- service.c */
/*
 * pc_service_parse - cut one logical line
 *
 * Returns NULL or the text of the error, in a buffer of its own.
 */
const char	*pc_service_parse(struct pc_service *s, const char *line);
/* pc_service_done - free what it holds */
void	pc_service_done(struct pc_service *s);
/* pc_service_format - the entry as -M (fold false) or -Mf prints it, no final newline */
void	pc_service_format(struct buf *out, const struct pc_service *s,
	    bool fold);
/* pc_service_format_command - append the command with its arguments; what is in out already is part of the line */
void	pc_service_format_command(struct buf *out, const struct pc_service *s,
	    bool fold);
/* pc_service_set_command - replace command and arguments by text, cut into words */
const char	*pc_service_set_command(struct pc_service *s,
	    const char *text);
/*
 * pc_strip_braces - "{ text }" without its braces; other words as they are
 *
 * word		on the heap, taken; so is the result
 * where	begins the warning about braces that do not fit; NULL: none
 *
 * Whatever is wrong, what there is between the braces is returned.
 */
char	*pc_strip_braces(char *word, const char *where);
/* pc_field_name - of a PC_F_*, as -F has it */
const char	*pc_field_name(int field);
/* pc_field_number - of a field's name in -F, -1 when there is none */
int	pc_field_number(const char *name);
/* pc_field_check - is this a value for the field? */
bool	pc_field_check(int field, const char *value);

/* ---- services.c */
/*
 * pc_show_entries, pc_show_fields, pc_show_overrides - -M, -F, -P and -PP
 *
 * requests	"name/type/third", of which only the name is needed and each part
 *		may be '*'; none: everything
 */
void	pc_show_entries(struct postconf *pc, char **requests);
void	pc_show_fields(struct postconf *pc, char **requests);
void	pc_show_overrides(struct postconf *pc, char **requests,
	    bool all_parameters);
/*
 * pc_request_split - "a/b/c" in place into at most max parts
 *
 * Slashes in a row count as one, as the original has it. Returns the number
 * of parts, -1 when there are more, when nothing is before the first slash, or
 * when a '*' is not a whole part.
 */
int	pc_request_split(char *request, char **parts, int max);
/* pc_request_match - NULL and "*" match everything */
bool	pc_request_match(const char *pattern, const char *text);

/* ---- edit.c */
enum pc_edit { PC_EDIT_SET, PC_EDIT_COMMENT, PC_EDIT_EXCLUDE };

/* pc_edit_main - do what args say, "name=value" or names, to main.cf; ends the process when it cannot */
void	pc_edit_main(struct postconf *pc, enum pc_edit how, char **args);
/* ---- edit_file.c: the temporary file both editors write (spec/postconf.md 6.2) */
struct pc_edit_file {
	FILE	*in, *out;
	char	*path, *tmp;
};
/* pc_edit_open - lock it for this edit; until it ends, a fatal error removes the temporary file */
void	pc_edit_open(struct pc_edit_file *f, const char *path);
/* pc_edit_commit - the new text, on disk and with the old one's owner and mode, takes its place */
void	pc_edit_commit(struct pc_edit_file *f);
/* pc_edit_abort - leave the old file as it is */
void	pc_edit_abort(struct pc_edit_file *f);
/* pc_edit_main_locked - write "name=value" requests into an open edit of main.cf */
void	pc_edit_main_locked(struct postconf *pc, struct pc_edit_file *f,
	    char **args);
/* pc_edit_check - refuse what no edit request may be: several lines, a comment; who: "-e accepts" */
void	pc_edit_check(const char *arg, const char *who);
/* pc_edit_says_nothing - a blank or comment line, which every edit keeps */
bool	pc_edit_says_nothing(const char *line);

/* ---- edit_master.c; mode is 'M', 'F' or 'P' */
void	pc_edit_master(struct postconf *pc, int mode, enum pc_edit how,
	    char **args);

/* ---- lint.c */
/* pc_lint - print findings; returns the exit status */
int	pc_lint(struct postconf *pc, bool is_strict, bool is_json);

/* Modifiers of the long modes. */
enum { PC_LONG_STRICT = 1, PC_LONG_JSON = 2, PC_LONG_DRY_RUN = 4,
	PC_LONG_EXIT_CODE = 8, PC_LONG_REFUSE = 16, PC_LONG_APPLY = 32 };

/* ---- explain.c, uses.c, diff.c, set.c: each returns the exit status */
int	pc_explain(struct postconf *pc, const char *name, bool is_json);
int	pc_who_uses(struct postconf *pc, const char *what, bool is_json);
int	pc_grep(struct postconf *pc, const char *text, bool is_json);
int	pc_diff(struct postconf *pc, char **sides, bool is_json);
int	pc_set(struct postconf *pc, char **requests, unsigned flags);
int	pc_undo(struct postconf *pc, unsigned flags);
int	pc_profile(const char *name);
/* ---- schema.c: --json-schema */
int	pc_schema(void);

/* pc_diff_running - add the names that the running system has otherwise, if that is known */
void	pc_diff_running(struct postconf *pc, struct pc_names *names);

/* ---- apply.c */
/* When a changed parameter takes effect. */
enum pc_applies { PC_AT_USE, PC_AT_RELOAD, PC_AT_START };
/* pc_applies - of a parameter, or "service:NAME/TYPE" */
enum pc_applies	pc_applies(const char *name);
/*
 * pc_apply - reload the system if that is running and needs it; say what it needs
 *
 * changed	names that were just changed; others that differ are added
 * flags	PC_LONG_JSON, PC_LONG_DRY_RUN (then only say)
 */
void	pc_apply(struct postconf *pc, struct pc_names *changed,
	    unsigned flags);

/* ---- json.c */
struct params_row;
/* pc_type_name - "time", "boolean", ...; "string" for a name that has no row */
const char	*pc_type_name(const struct params_row *row);
/* pc_json_document - parameters with value, source and users as one object a line */
void	pc_json_document(struct postconf *pc, char **names);
/* pc_json_parameter - append the object of one parameter */
void	pc_json_parameter(struct postconf *pc, struct buf *out,
	    const char *name);

/* ---- info.c: -l, -m, -a and -A, -T, -b and -t (which does not return) */
void	pc_show_lock_types(void);
void	pc_show_table_types(const char *config_dir);
void	pc_show_sasl_types(bool is_server);
int	pc_show_tls(const char *mode);
void	pc_show_templates(struct postconf *pc, const char *file,
	    bool is_expanded);

#endif
