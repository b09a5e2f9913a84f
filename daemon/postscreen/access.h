/*
 * access.h - postscreen_access_list: who is let in or kept out without a test
 */
#ifndef DAEMON_POSTSCREEN_ACCESS_H
#define DAEMON_POSTSCREEN_ACCESS_H

struct access_list;

enum access { ACCESS_DUNNO, ACCESS_PERMIT, ACCESS_REJECT };

/* access_list_new - "permit_mynetworks, cidr:/file, reject"; title for the log */
struct access_list	*access_list_new(const char *title, const char *list);
/*
 * access_list_find - the first word that decides about this address
 *
 * A word that means nothing, or a table that fails, is warned about and ends
 * the list: the client is tested.
 */
enum access	 access_list_find(const struct access_list *al,
		    const char *address);

#endif
