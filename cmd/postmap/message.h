/*
 * message.h - look up the headers or body lines of a message (postmap -b, -h)
 */
#ifndef CMD_POSTMAP_MESSAGE_H
#define CMD_POSTMAP_MESSAGE_H

struct err;
struct table_tool_list;

/*
 * message_query - look up each header or body line of the message on in
 *
 * parts	TABLE_MESSAGE_*
 *
 * Returns 0 when something was found, 1, or -1 with err.
 */
int	message_query(struct table_tool_list *list, int in, unsigned parts,
	    struct err *err);

#endif
