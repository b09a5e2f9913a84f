/*
 * uses.h - what refers to a parameter, a file or a table
 */
#ifndef CMD_POSTCONF_USES_H
#define CMD_POSTCONF_USES_H

#include "cmd/postconf/postconf.h"

struct pc_user {
	const char	*kind;	/* "value", "restriction", "service", "default", "program" */
	const char	*name;	/* a parameter, "service/type/parameter", a program */
	const char	*file;	/* NULL: nowhere in a file */
	int		 line;
	const char	*text;	/* the value; NULL for a program */
};

typedef void (*pc_user_fn)(const struct pc_user *user, void *ctx);

/* pc_users_of_name - what refers to a parameter, and who reads it */
void	pc_users_of_name(struct postconf *pc, const char *name,
	    pc_user_fn fn, void *ctx);
/* pc_user_json - append the members of one */
void	pc_user_json(struct buf *out, const struct pc_user *user);

#endif
