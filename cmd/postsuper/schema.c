/*
 * schema.c - the JSON schema of what postsuper --json writes
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postsuper/options.h"

#include <string.h>

#include "lib/base/json.h"
#include "lib/base/json_schema.h"

static const struct json_schema_member plan[] = {
	{ "event", "!string", "plan" },
	{ "v", "!integer", "version of this form: 1" },
	{ "action", "!string", "what would be done" },
	{ "messages", "!integer", "messages" },
	{ "recipients", "integer", "recipients still to do" },
	{ "bytes", "!integer", "bytes of their files" },
	{ "reversible", "boolean", "--undo can take it back" },
	{ "other_recipients", "integer", "that the selection did not match" },
	{ "messages_with_other_recipients", "integer", "messages that have such" },
	{ "not_applicable", "integer", "selected, and nothing to do" },
	{ "oldest", "integer", "first arrival" },
	{ "newest", "integer", "last arrival" },
	{ "due", "integer", "messages that would be tried now" },
	{ "latest_next", "integer", "latest next attempt" },
	{ "queues", "tally[]", "messages by queue" },
	{ "queues_other", "integer", "messages of queues that are not named" },
	{ "senders", "tally[]", "by sender" },
	{ "senders_other", "integer", "of senders that are not named" },
	{ "domains", "tally[]", "by domain of a recipient" },
	{ "domains_other", "integer", "of domains that are not named" },
	{ "classes", "tally[]", "by class of a reason" },
	{ "classes_other", "integer", "of classes that are not named" },
	{ NULL, NULL, NULL }
};

static const struct json_schema_member tally[] = {
	{ "name", "!string", "value" },
	{ "messages", "!integer", "messages that have it" },
	{ NULL, NULL, NULL }
};

static const struct json_schema_member result[] = {
	{ "event", "!string", "result, edited or recovered" },
	{ "v", "!integer", "version of this form: 1" },
	{ "action", "string", "what was done" },
	{ "id", "!string", "queue ID" },
	{ "new_id", "string", "the one that it has now" },
	{ "queue", "string", "queue" },
	{ "result", "outcome", "what became of it" },
	{ "why", "string", "unless it was done" },
	{ "what", "string", "recovered: how far the edit had come" },
	{ "token", "string", "recovered: the edit" },
	{ "changes", "string", "edited: a line for each" },
	{ NULL, NULL, NULL }
};

static const struct json_schema_member finding[] = {
	{ "event", "!string", "finding" },
	{ "v", "!integer", "version of this form: 1" },
	{ "path", "!string", "file" },
	{ "what", "!string", "what is not as it should be" },
	{ NULL, NULL, NULL }
};

static const struct json_schema_member end[] = {
	{ "event", "!string", "end or copied" },
	{ "v", "!integer", "version of this form: 1" },
	{ "action", "string", "what was done" },
	{ "token", "string", "for --undo" },
	{ "undo", "boolean", "--undo can take it back" },
	{ "of", "string", "the action that was undone" },
	{ "archive", "string", "ID of an archive" },
	{ "stopped", "boolean", "not all was tried" },
	{ "done", "integer", "messages" },
	{ "nothing", "integer", "that were so already" },
	{ "gone", "integer", "that were gone" },
	{ "changed", "integer", "whose name was another's" },
	{ "failed", "integer", "that failed" },
	{ "exported", "integer", "messages in the archive" },
	{ "removed", "integer", "of these, no longer here" },
	{ "messages", "integer", "messages copied" },
	{ "bytes", "integer", "bytes freed on disk" },
	{ "files", "integer", "files looked at" },
	{ "findings", "integer", "that are not as they should be" },
	{ "left", "integer", "that need somebody to look at them" },
	{ NULL, NULL, NULL }
};

static const struct json_schema_member trashed[] = {
	{ "v", "!integer", "version of this form: 1" },
	{ "token", "!string", "for --undo" },
	{ "time", "!integer", "when" },
	{ "action", "!string", "what was done" },
	{ "user", "string", "by whom" },
	{ "command", "string", "with what" },
	{ "select", "string", "the selection" },
	{ "note", "string", "why" },
	{ "of", "string", "an action that was undone" },
	{ "archive", "string", "ID of the archive that has them, too" },
	{ "messages", "!integer", "messages then" },
	{ "bytes", "!integer", "bytes of their files then" },
	{ "files", "!integer", "messages that are still there" },
	{ "bytes_now", "!integer", "bytes on disk" },
	{ "until", "!integer", "kept until then" },
	{ "busy", "!boolean", "somebody is at it" },
	{ NULL, NULL, NULL }
};

static const struct kind {
	const char	*name;
	const struct json_schema_member *members;
} kinds[] = {
	{ "plan", plan },
	{ "tally", tally },
	{ "result", result },
	{ "finding", finding },
	{ "end", end },
	{ "trashed", trashed },
	{ NULL, NULL }
};

static void
put_type(struct buf *out, const char *type)
{
	if (strcmp(type, "tally[]") == 0) {
		buf_adds(out, "\"type\": \"array\", \"items\": "
		    "{\"$ref\": \"#/$defs/tally\"}");
	} else if (strcmp(type, "outcome") == 0) {
		buf_adds(out, "\"enum\": [\"done\", \"nothing\", "
		    "\"gone\", \"changed\", \"failed\", \"unjudged\"]");
	} else {
		buf_adds(out, "\"type\": ");
		json_put_string(out, type);
	}
}

void
super_schema(struct buf *out)
{
	const struct kind *k;

	buf_adds(out, "{\n  \"$schema\": "
	    "\"https://json-schema.org/draft/2020-12/schema\",\n"
	    "  \"title\": \"postsuper\",\n"
	    "  \"description\": \"one line of --json; those of --journal are "
	    "the journal's own\",\n  \"anyOf\": [");
	for (k = kinds; k->name != NULL; k++)
		if (k->members != tally)
			buf_addf(out, "%s{\"$ref\": \"#/$defs/%s\"}",
			    k != kinds ? ", " : "", k->name);
	buf_adds(out, "],\n  \"$defs\": {\n");
	for (k = kinds; k->name != NULL; k++) {
		if (k != kinds)
			buf_adds(out, ",\n");
		json_schema_object(out, k->name, k->members, put_type);
	}
	buf_adds(out, "\n  }\n}\n");
}
