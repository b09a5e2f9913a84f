/*
 * params.h - every main.cf parameter as a typed, documented struct member
 *
 * struct params is generated from share/parameters.tsv: string and raw
 * parameters are const char *, int, nint, long and time (seconds) are int or
 * long, bool and nbool are bool. A name that starts with a digit gets "p_" in
 * front. Load once, early; afterwards params is constant:
 *
 *	if (params.smtpd_delay_reject) ...
 *
 * Text members are expanded ($name is resolved), raw ones are not.
 */
#ifndef LIB_CONF_PARAMS_H
#define LIB_CONF_PARAMS_H

#include <stdbool.h>

#include "lib/conf/params_gen.h"

struct buf;
struct err;

extern struct params params;

struct params_context {
	const char	*process_name;		/* $process_name; a role's or command's name */
	const char	*service_name;		/* $service_name; NULL: as process_name */
	const char	*const *overrides;	/* "name=value" from -o, NULL-terminated; or NULL */
	bool		 is_unsafe;		/* set-gid and called by somebody else: spec/commands.md 1.2, 1.4 */
	/*
	 * Defaults that need the networks of this machine (mynetworks and what
	 * refers to it) are found by params_lookup; the members stay NULL.
	 */
	bool		 is_command;
};

/*
 * params_load - read main.cf and fill params
 *
 * config_dir	NULL: $MAIL_CONFIG (not when is_unsafe), else the built-in directory
 *
 * Returns 0, or -1 with err set to what a program prints as fatal, file and
 * line included (spec/postconf.md 1.2, 2.2, 4). Warnings go to the log.
 * A second call (reload) replaces everything; old text members stay valid
 * until the call after that.
 */
int	params_load(const char *config_dir, const struct params_context *ctx,
	    struct err *err);

/*
 * params_check - the start-up checks of spec/postconf.md 4: names, ids, groups
 *
 * An instance without root (params_is_private) skips the id checks.
 */
int	params_check(struct err *err);

/* params_is_private - true when this instance belongs to an ordinary user: mail_owner is not root and we may not become anybody */
bool	params_is_private(void);

/*
 * params_lookup - expanded text of any parameter, user-defined ones included
 *
 * Returns NULL when it is not set and has no default. Borrowed until the next
 * params_load. For names that are only known at run time: restriction
 * classes, content of smtpd_restriction_classes, per-service names.
 */
const char	*params_lookup(const char *name);

/*
 * params_service_* - per-transport parameter NAME_suffix, falling back to
 * its default parameter (spec/postconf.md 3.2)
 *
 * service	master.cf service name
 * suffix	without the underscore: "destination_concurrency_limit"
 *
 * A malformed value is an error of the whole load: it was found there.
 */
const char	*params_service_text(const char *service, const char *suffix);
int		 params_service_int(const char *service, const char *suffix);
int		 params_service_time(const char *service, const char *suffix);

/* params_expand - expand $name in text with main.cf as the name space; 0 or -1 */
int	params_expand(struct buf *out, const char *text, struct err *err);

/* params_as_set - the unexpanded value that main.cf or -o gives a name; NULL when they do not */
const char	*params_as_set(const char *name);
/* params_each_set - call fn for each name that main.cf or -o sets, with its unexpanded value */
void	params_each_set(void (*fn)(const char *name, const char *value,
	    void *ctx), void *ctx);

/*
 * params_log - point the logger where main.cf says (syslog_name,
 * syslog_facility, maillog_file) and export MAIL_LOGTAG, POSTLOG_*
 *
 * to		extra LOG_TO_* bits, such as LOG_TO_STDERR for a command
 * may_write_file	this program may append to maillog_file itself when nobody serves postlog
 */
void	params_log(unsigned to, bool may_write_file);
/*
 * params_metrics_line - the service that posthorn_metrics asks for, as a line of
 * master.cf; empty: none
 *
 * Returns 0, or -1 with ERR_CONFIG.
 */
int	params_metrics_line(struct buf *out, struct err *err);

/*
 * params_log_json - open posthorn_log_json, with the rights that one has now
 *
 * owns_stdout	standard output is the system's; a command's is its caller's,
 *		and gets no events
 */
void	params_log_json(bool owns_stdout);

/* The registry row by row, for postconf and for start-up. */
enum params_type { PARAMS_STRING, PARAMS_RAW, PARAMS_INT, PARAMS_LONG,
	PARAMS_TIME, PARAMS_BOOL };

enum params_class { PARAMS_BUILTIN, PARAMS_READONLY, PARAMS_SERVICE,
	PARAMS_LEGACY };

struct params_row {
	unsigned	 name, default_text, meaning;	/* in params_text: see params_row_* */
	enum params_type type;
	enum params_class class;
	long		 min, max;	/* 0: no bound; strings: of the length */
	unsigned	 offset;	/* in struct params */
};

extern const struct params_row params_rows[];	/* sorted by name */
extern const unsigned params_row_count;
extern const char params_text[];

static inline const char *
params_row_name(const struct params_row *row)
{
	return params_text + row->name;
}

/* params_row_default - the default, unexpanded */
static inline const char *
params_row_default(const struct params_row *row)
{
	return params_text + row->default_text;
}

static inline const char *
params_row_meaning(const struct params_row *row)
{
	return params_text + row->meaning;
}

/* params_set_defaults - the defaults as far as they need no expansion; also for tests */
void	params_set_defaults(struct params *p);

/* params_config_directory - the built-in configuration directory */
const char	*params_config_directory(void);

/*
 * params_service_row - the row that tells type and default of a per-service
 * name such as "foo_destination_rate_delay" ("transport_..."); NULL when the
 * name does not have that form
 */
const struct params_row	*params_service_row(const char *name);

/*
 * params_check_value - would a program take this value of row?
 *
 * text		expanded, unless the row is raw
 * unit		of a time without one; params_time_unit
 *
 * Returns 0, or -1 with the sentence of spec/postconf.md 4.
 */
int	params_check_value(const struct params_row *row, const char *name,
	    const char *text, char unit, struct err *err);
/*
 * params_check_meaning - what params_check would say of this value by itself
 *
 * text		expanded; of the right type
 *
 * Accounts are looked at for root only: see params_check.
 *
 * Returns 0, also for a name that it does not look at, or -1 with ERR_CONFIG.
 */
int	params_check_meaning(const char *name, const char *text,
	    struct err *err);
/* params_time_unit - the unit of an expanded default: 's', 'm', 'h', 'd' or 'w' */
char	params_time_unit(const char *default_text);

/* params_row_find - the row of a name, NULL for one that is not built in */
const struct params_row	*params_row_find(const char *name);

#endif
