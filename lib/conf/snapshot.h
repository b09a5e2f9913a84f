/*
 * snapshot.h - what the supervisor runs with, written down for others
 *
 * A small file in data_directory, written at each start and reload: every
 * parameter that main.cf sets, unexpanded, and every service. Its syntax is
 * main.cf's, with names such as "service:smtp/inet". postconf --diff running
 * reads it.
 */
#ifndef LIB_CONF_SNAPSHOT_H
#define LIB_CONF_SNAPSHOT_H

struct buf;
struct err;
struct master_cf;

#define SNAPSHOT_FILE		"running.cf"	/* below data_directory */
#define SNAPSHOT_SERVICE	"service:"	/* before name/type */

/*
 * snapshot_write - the parameters that are loaded now, and these services
 *
 * The file is as readable as main.cf. Called with the effective rights of
 * mail_owner, whose directory it goes to. Returns 0, or -1 with ERR_SYSTEM.
 */
int	snapshot_write(const struct master_cf *services, struct err *err);

#endif
