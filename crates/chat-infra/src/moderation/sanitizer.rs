//! The `Sanitizer` port: plain text in, plain text without markup out.
//!
//! Three steps, of which only the last one carries rule S1, so that no surprise in the second can break it:
//! 1. Control characters other than tab and line feed go. (Bidirectional marks and joiners stay: scripts and emoji
//!    need them.)
//! 2. If something in the text is markup, ammonia parses the text and takes it out, with the content of scripts and
//!    the like. What is only text is escaped before, so that it comes back to the character; entities, as `&amp;`,
//!    are text as typed.
//! 3. A space goes in after each `<` that could still open a tag or a comment, as in `a<b` or at the end of the text:
//!    the least change that keeps all characters that were typed.

use ammonia::Builder;
use chat_domain::port::moderation::Sanitizer;

use super::markup::{Opening, begins_with_attribute, defuse};

/// Elements whose content is code, or which HTML reads as raw text: the content goes with them. What stands in other
/// elements was written to be read, and stays.
const DROPPED_WITH_CONTENT: [&str; 8] = [
    "script",
    "style",
    "iframe",
    "noembed",
    "noframes",
    "noscript",
    "plaintext",
    "xmp",
];

/// The most openings, and the most bytes, of a text that is parsed. An HTML parser can be made to do quadratic work;
/// below these bounds the worst that was found takes 14 ms (optimised, 2026-11-22). In a text beyond them every `<` is
/// just set apart (step 3), which is as safe. Nobody types so much markup, and a text over 16 KiB is refused anyway.
const MAX_OPENINGS: usize = 128;
const MAX_PARSED_BYTES: usize = 16 * 1024;

/// Takes markup out of texts, with ammonia.
pub struct HtmlSanitizer {
    strip: Builder<'static>,
}

impl HtmlSanitizer {
    /// A sanitiser; it has nothing to set up, but keep it: the list of elements is built here.
    #[must_use]
    pub fn new() -> Self {
        let mut strip = Builder::empty();
        strip.clean_content_tags(DROPPED_WITH_CONTENT.into());
        Self { strip }
    }

    fn without_markup(&self, text: &str) -> String {
        if text.len() > MAX_PARSED_BYTES {
            return defuse(text);
        }
        match escape_text(text) {
            Some(html) => defuse(&unescape(&self.strip.clean(&html).to_string())),
            None => defuse(text),
        }
    }
}

impl Default for HtmlSanitizer {
    fn default() -> Self {
        Self::new()
    }
}

impl Sanitizer for HtmlSanitizer {
    fn sanitize(&self, text: &str) -> String {
        let gone = |c: char| c.is_control() && !matches!(c, '\t' | '\n');
        let text = if text.contains(gone) {
            text.replace(gone, "")
        } else {
            text.to_owned()
        };
        if text.contains('<') {
            self.without_markup(&text)
        } else {
            text
        }
    }
}

/// The text as HTML: what is markup left as it is, all else escaped. `None` if nothing is markup, or far too much.
fn escape_text(text: &str) -> Option<String> {
    let last_close = text.rfind('>').unwrap_or(0);
    let mut html = String::with_capacity(text.len() + 64);
    let mut openings = 0;
    let mut copied = 0;
    for (at, found) in text.match_indices(['<', '&']) {
        html.push_str(&text[copied..at]);
        copied = at + 1;
        if found == "&" {
            html.push_str("&amp;");
        } else if is_markup(&text[copied..], at < last_close) {
            openings += 1;
            html.push('<');
        } else {
            html.push_str("&lt;");
        }
    }
    html.push_str(&text[copied..]);
    (1..=MAX_OPENINGS).contains(&openings).then_some(html)
}

/// Whether the `<` before `rest` is to be read as markup. `closed`: whether there is any `>` that can close it.
fn is_markup(rest: &str, closed: bool) -> bool {
    match Opening::of(rest) {
        Opening::Nothing | Opening::Stray => false,
        Opening::Comment => true,
        Opening::Declaration => closed,
        Opening::Tag => closed || begins_with_attribute(rest),
    }
}

/// Undoes what the serialiser escapes in text (HTML standard §13.3, "Escaping a string").
fn unescape(html: &str) -> String {
    const ESCAPES: [(&str, char); 4] = [
        ("amp;", '&'),
        ("lt;", '<'),
        ("gt;", '>'),
        ("nbsp;", '\u{a0}'),
    ];
    let mut text = String::with_capacity(html.len());
    let mut parts = html.split('&');
    text.extend(parts.next());
    for part in parts {
        let escape = ESCAPES
            .iter()
            .find_map(|(name, c)| Some((c, part.strip_prefix(name)?)));
        let (c, rest) = escape.unwrap_or((&'&', part));
        text.push(*c);
        text.push_str(rest);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(text: &str) -> String {
        HtmlSanitizer::new().sanitize(text)
    }

    #[test]
    fn text_stays_as_it_was_typed() {
        for text in [
            "",
            "Tom & Jerry",
            "1 < 2",
            "I <3 you",
            "a < b > c",
            "&amp;",
            "&lt;b&gt;hi&lt;/b&gt;",
            "&#60;b&#62;",
            "&notit;",
            "5 > 3",
            "->",
            "<3 <3",
            "\"quoted\" 'text' `code`",
            "tab\tand\nline",
            "non\u{a0}breaking",
            "👩‍👩‍👧‍👦 👍🏽",
            "שלום \u{202e}abc\u{202c} مرحبا",
            "\u{feff}",
            "<>",
            "</>",
            "<-",
            "x <= y",
            "  spaces  ",
        ] {
            assert_eq!(clean(text), text);
        }
    }

    #[test]
    fn markup_is_taken_out() {
        for (text, expected) in [
            ("<b>hi</b>", "hi"),
            (
                "Tom & Jerry <i>&amp;</i> 1 < 2 I <3 you",
                "Tom & Jerry &amp; 1 < 2 I <3 you",
            ),
            ("a<script>alert('<b>')</script>b", "ab"),
            ("a<style>b{}</style>c", "ac"),
            ("x<!-- hidden <b> -->y", "xy"),
            ("x<!-- hidden", "x"),
            ("x<!doctype html>y", "xy"),
            ("x<?php echo 1 ?>y", "xy"),
            ("x<![CDATA[y]]>z", "xz"),
            ("look <img src=x onerror=alert(1)", "look "),
            ("look <img src=x onerror=alert(1)>", "look "),
            ("<a href=\"javascript:alert(1)\">click</a>", "click"),
            ("<IMG/SRC='x'/>ok", "ok"),
            ("a\u{a0}<br>b", "a\u{a0}b"),
            ("<b\0>x</b>", "x"),
            ("<\u{8}b>x</b>", "x"),
            (
                "<svg><p><style><img src=x onerror=alert(1)></style></svg>x",
                "x",
            ),
            ("<title>x</title>y", "xy"),
            ("<svg/onload=alert(1)>hello", "hello"),
            ("<textarea><b>x", "< b>x"),
            ("<svg><![CDATA[<b>x]]>", "< b>x"),
        ] {
            assert_eq!(clean(text), expected, "{text}");
        }
    }

    #[test]
    fn what_only_could_become_markup_is_set_apart() {
        for (text, expected) in [
            ("a<b", "a< b"),
            ("if a<b and c=d", "if a< b and c=d"),
            ("wow <!", "wow < !"),
            ("I </3 you -> bye", "I < /3 you -> bye"),
            ("ends with <", "ends with < "),
            ("<<b>b>", "< b>"),
            ("<<script>script>alert(1)<</script>/script>", "< /script>"),
            ("&lt;b>a<b", "&lt;b>a< b"),
        ] {
            assert_eq!(clean(text), expected, "{text}");
        }
    }

    #[test]
    fn control_characters_go() {
        assert_eq!(
            clean("a\r\nb\rc\0d\u{1b}[1me\u{7f}f\u{85}g\u{9b}h"),
            "a\nbcd[1mefgh"
        );
    }

    #[test]
    fn markup_without_end_is_set_apart_unparsed() {
        let text = "<b>".repeat(MAX_OPENINGS + 1);
        assert_eq!(clean(&text), "< b>".repeat(MAX_OPENINGS + 1));
        let long = format!("{}<b>x</b>", "y".repeat(MAX_PARSED_BYTES));
        assert!(clean(&long).ends_with("y< b>x< /b>"));
    }
}
