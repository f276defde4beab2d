/* SPDX-License-Identifier: MIT */
/* notice - see notice.h */
#include "router/notice.h"

static const char style[] =
	":root{color-scheme:light dark;--page:#e6e9ee;--card:#fff;--text:#1b2330;--quiet:#596375;"
	"--accent:#2457c5;--on:#fff}"
	"@media(prefers-color-scheme:dark){:root{--page:#0d1014;--card:#1c2128;--text:#e4e8ee;"
	"--quiet:#99a4b3;--accent:#3a6fdf}}"
	"*{box-sizing:border-box}"
	"body{margin:0;min-height:100vh;display:flex;align-items:center;justify-content:center;"
	"padding:16px;background:var(--page);color:var(--text);"
	"font:16px/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,sans-serif}"
	"main{max-width:28em;width:100%;padding:32px 28px;border-radius:12px;background:var(--card);"
	"box-shadow:0 1px 2px rgb(0 0 0/10%),0 12px 32px rgb(0 0 0/14%);text-align:center}"
	"h1{margin:0 0 12px;font-size:1.25em}"
	"p{margin:0 0 8px}"
	".advice{color:var(--quiet)}"
	"a,button{display:inline-block;margin-top:16px;padding:9px 20px;border:0;border-radius:8px;"
	"background:var(--accent);color:var(--on);font:inherit;text-decoration:none;cursor:pointer}"
	"button:disabled{opacity:.6;cursor:default}"
	"a:focus-visible,button:focus-visible{outline:3px solid var(--accent);outline-offset:2px}";

const char notice_style_hash[] = "ko0L9RLiU+8OaroUTzkMeJ4zV/1ByXf4oMurXoCkPh4=";

/*
 * Sent while the page is still being read, so that browsers put the console in this
 * page's place in their history. The button is out of reach then: a second POST
 * would find the link used up by the first.
 */
static const char script[] = "{const form=document.forms[0],button=form.elements[0];"
							 "button.disabled=true;button.textContent=\"Opening\\u2026\";"
							 "form.submit()}";

const char notice_script_hash[] = "sjv+/b8Q/MNrJhDncYKM7EmRLcRBA6gpplD/C5tOIaI=";

/* Append text with what HTML takes for its own escaped. */
static int
add_escaped(struct buf *out, const char *text)
{
	int r = 0;

	for (; r == 0 && *text != '\0'; text++) {
		switch (*text) {
		case '<':
			r = buf_addf(out, "&lt;");
			break;
		case '>':
			r = buf_addf(out, "&gt;");
			break;
		case '&':
			r = buf_addf(out, "&amp;");
			break;
		case '"':
			r = buf_addf(out, "&quot;");
			break;
		default:
			r = buf_add(out, text, 1);
		}
	}
	return r;
}

/* <tag>text</tag>, where tag may bring attributes: name is what closes it. */
static int
add_element(struct buf *out, const char *tag, const char *name, const char *text)
{
	int r = buf_addf(out, "<%s>", tag);

	if (r == 0)
		r = add_escaped(out, text);
	if (r == 0)
		r = buf_addf(out, "</%s>\n", name);
	return r;
}

static int
add_head(struct buf *out, const char *title)
{
	int r =
		buf_addf(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
					  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
					  "<meta name=\"robots\" content=\"noindex\">\n");

	if (r == 0)
		r = add_element(out, "title", "title", title);
	if (r == 0)
		r = buf_addf(out, "<style>%s</style>\n</head>\n<body>\n<main>\n", style);
	return r < 0 ? r : add_element(out, "h1", "h1", title);
}

int
notice_html(struct buf *out, const struct notice *notice)
{
	int r = add_head(out, notice->title);

	if (r == 0)
		r = add_element(out, "p", "p", notice->reason);
	if (r == 0)
		r = add_element(out, "p class=\"advice\"", "p", notice->advice);
	/* An empty reference is the page's own address. */
	if (r == 0 && notice->again)
		r = add_element(out, "a href=\"\"", "a", "Try again");
	return r < 0 ? r : buf_addf(out, "</main>\n</body>\n</html>\n");
}

int
notice_text(struct buf *out, const struct notice *notice)
{
	return buf_addf(out, "%s\n%s\n", notice->reason, notice->advice);
}

int
notice_confirm_html(struct buf *out)
{
	int r = add_head(out, "Open the console");

	if (r == 0)
		r = add_element(out, "p", "p", "This link opens a console, once.");
	/* A form without an action is sent to the page's own address. */
	return r < 0 ? r
				 : buf_addf(out,
					   "<form method=\"post\"><button>Open</button></form>\n"
					   "<script>%s</script>\n</main>\n</body>\n</html>\n",
					   script);
}

int
notice_confirm_text(struct buf *out)
{
	return buf_addf(out, "This link opens a console, once: by a POST to it, as a browser sends.\n");
}
