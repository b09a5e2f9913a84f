/*
 * table_config.h - settings of a table that is a client of a database
 *
 * "/path" and "./path" name a file of "name = value" lines; any other NAME is
 * a prefix: main.cf holds NAME_query, NAME_hosts, ... (spec/tables.md 9).
 */
#ifndef LIB_TABLE_TABLE_CONFIG_H
#define LIB_TABLE_TABLE_CONFIG_H

struct err;
struct table;
struct table_config;

/* table_config_open - read the settings of t->name, set its owner; NULL with err */
struct table_config *table_config_open(struct table *t, struct err *err);
void	table_config_close(struct table_config *c);
/* table_config_text - a setting, fallback when it is absent; borrowed */
const char	*table_config_text(const struct table_config *c,
		    const char *name, const char *fallback);
/* table_config_must - a setting that may not be empty; NULL with err */
const char	*table_config_must(const struct table_config *c,
		    const char *name, struct err *err);
/* table_config_int - a number of at least min; 0 with *out, or -1 with err */
int	table_config_int(const struct table_config *c, const char *name,
	    int fallback, int min, int *out, struct err *err);
/* table_config_name - the file or the prefix, for messages */
const char	*table_config_name(const struct table_config *c);

#endif
