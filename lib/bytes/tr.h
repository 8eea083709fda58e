/* SPDX-License-Identifier: MIT */
/*
 * Texts for people, in their language.
 *
 * Texts stand in the code in English, and are looked up where they are used: by ar_fail and its like (bytes/error.h), by the
 * messages and the help of the tools (cli/cli.h), and by the functions below for everything else. What programs read (ledgers,
 * JSON, CSV) is never looked up. share/locale/README says how catalogues are made; the tests fail when one lacks a text.
 *
 * The catalogues are those of GNU gettext, but they are not looked up by its dgettext: that answers in the language of a locale
 * only where the C library has this locale, and neither the containers and cluster nodes on which these tools run nor the
 * terminals at the other end of ssh have more than C.UTF-8, for which it has no translations. So ja_JP.UTF-8 in the environment is
 * enough here, nothing has to be generated, and the locale of the process stays "C": numbers are read and written in it.
 *
 * Which catalogue is used is the one thing that this library remembers for the whole process: a text is looked up wherever an
 * error is recorded, and handing the language there would be a parameter of every function.
 */
#ifndef AR_BYTES_TR_H
#define AR_BYTES_TR_H

#include "bytes/base.h"

struct ar_buf;

#define AR_FORMAT_ARG(n) __attribute__((format_arg(n)))

/* Marks a text for the catalogue where it stands; who uses it looks it up. (The extraction of texts defines AR_EXTRACT.) */
#ifndef AR_EXTRACT
#define N_(text) text
#endif

/*
 * Chooses the language for the rest of the process: AR_LANG ("ja"; any other that has no catalogue: English) where it is set, else by
 * the locale (LC_ALL, LC_MESSAGES, LANG), where that is not "C" or "POSIX" by LANGUAGE before. Locales of another character set
 * than UTF-8 get English. Call it before anything else, once, before there are threads; without it, all is English. A catalogue
 * that is missing or damaged is as good as none. Reads no file for English.
 *
 * Catalogues are at LOCALE/LANGUAGE/LC_MESSAGES/analysisrun.mo, with LOCALE ../share/locale or ../locale from the folder of the
 * program, or (for a method in C) from that of the ar-run in PATH, else /usr/local/share/locale or /usr/share/locale.
 */
void ar_tr_choose(void);

/* The same for the library in a program of others, which may call it from several places: only the first call counts. */
void ar_tr_choose_once(void);

/* From here on everything is English: for a program whose output is for programs. */
void ar_tr_english(void);

/* The locale that the environment names for messages: LC_ALL, LC_MESSAGES, LANG; NULL where none does. */
const char *ar_locale_name(void);

/*
 * A text in the chosen language, else itself. It lives as long as the process (or as text). A format has the same conversions in all
 * languages (msgfmt checks it), perhaps in another order ("%2$s"). Costs a comparison in English, else some ten of texts.
 */
const char *ar_tr(const char *text) AR_FORMAT_ARG(1);

/* The same for a text with a number, which is not 1 in many. A language has at most these two forms. */
const char *ar_tr_n(const char *one, const char *many, uint64_t n) AR_FORMAT_ARG(1) AR_FORMAT_ARG(2);

/* Appends a translated format. */
void ar_buf_add_tr(struct ar_buf *buf, const char *format, ...) AR_PRINTF(2, 3);

/* Appends what goes before the i-th of n that are joined by "or": nothing, ", " or " or ". */
void ar_buf_add_or(struct ar_buf *buf, size_t i, size_t n);

/* Appends a number of things; the formats take n ("%" PRIu64 " row"). */
void ar_buf_add_count(struct ar_buf *buf, uint64_t n, const char *one, const char *many) AR_PRINTF(3, 0) AR_PRINTF(4, 0);

#endif
