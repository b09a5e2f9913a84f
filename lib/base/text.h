/*
 * text.h - small work on C strings: lists, letter case, printable text
 */
#ifndef LIB_BASE_TEXT_H
#define LIB_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct buf;

/* Separators of lists in main.cf and in lookup results. */
#define TEXT_LIST_SEP	", \t\r\n"

/*
 * text_split - cut the next word off a list, destroying it
 *
 * *rest	the list; advanced, NULL at the end
 * sep		separator characters
 *
 * Returns the word, NUL-terminated in place, or NULL when none is left.
 */
char	*text_split(char **rest, const char *sep);
/* text_split_braced - the same, but separators inside { } do not count */
char	*text_split_braced(char **rest, const char *sep);

/* text_list_has - is word one of a list's, which blanks and commas separate? */
bool	text_list_has(const char *list, const char *word);
/*
 * text_brace_strip - "{ text }" -> "text" in place
 *
 * Returns NULL on success with *inner set, else the error's text: "no '{' at start of text",
 * "missing '}'", "syntax error after '}'" (spec/tables.md 5.1).
 */
const char	*text_brace_strip(char *s, char **inner);

/* text_trim - without white space at both ends; cut in place, returns where it begins */
char	*text_trim(char *s);

/* text_lower - ASCII letters to lower case, in place; returns s */
char	*text_lower(char *s);
/* text_lower_copy - the same, len bytes to another place; is all of it ASCII? */
bool	 text_lower_copy(char *to, const char *s, size_t len);
bool	 text_is_ascii(const char *s);
/* text_is_utf8 - no over-long forms, no surrogates, at most U+10FFFF */
bool	text_is_utf8(const char *s, size_t len);
/* text_fold - append s case-folded for comparison: full Unicode folding, ASCII's where s is not UTF-8 */
void	text_fold(struct buf *out, const char *s);
/*
 * text_make_printable - turn each control byte, and each byte that is not part
 * of valid UTF-8 (utf8 false: not ASCII), into '?'
 */
void	text_make_printable(char *s, size_t len, bool utf8);
/* text_printable - append s, made so */
void	text_printable(struct buf *out, const char *s, size_t len, bool utf8);
/*
 * text_char - the UTF-8 character at p, which is not '\0'
 *
 * code		out: its code point
 *
 * Returns its length, 1 to 4; 0 when no valid character begins there.
 */
size_t	text_char(const char *p, unsigned *code);
/*
 * text_visible - append text from a stranger so that a terminal may get it
 *
 * Control bytes, C1 and marks that turn the direction of writing are spelt
 * out (\x1b, \u202e), and so are bytes that are no UTF-8. Cut to width
 * characters, the last of them then an ellipsis; 0: whole.
 */
void	text_visible(struct buf *out, const char *text, size_t width);
/*
 * text_csv - append text from a stranger as a field of comma-separated values
 *
 * RFC 4180, which knows no control bytes but line ends, and rows do without:
 * they are spelt out as text_visible does.
 */
void	text_csv(struct buf *out, const char *text);
/*
 * text_escape - append bytes as C would write them: \r \n \\, octal for others
 *
 * max		how many characters to append at most; 0: all
 */
void	text_escape(struct buf *out, const char *data, size_t len, size_t max);
/* text_unescape - append s with its C escapes done: \n \t \\ and octal \40; "\x" of others is x */
void	text_unescape(struct buf *out, const char *s);
/* text_skip_blank - past blanks and tabs */
const char	*text_skip_blank(const char *s);

/* text_is - are they equal? Cheap where most are not: a name and a table of names */
static inline bool
text_is(const char *a, const char *b)
{
	return a[0] == b[0] && strcmp(a, b) == 0;
}

/*
 * text_distance - how many letters have to be added, taken out, changed or
 * swapped with the next to make b of a ("did you mean"); TEXT_DISTANCE_FAR
 * when one is that long
 */
#define TEXT_DISTANCE_FAR 100
size_t	text_distance(const char *a, const char *b);

#endif
