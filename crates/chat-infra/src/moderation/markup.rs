//! Which `<` of a text could open markup, by the HTML standard's tokenizer (§13.2.5.6, "Tag open state").
//!
//! In text, nothing but `<` leads out of text: character references make characters and never tags. And only four
//! things after a `<` do: a letter (a tag), `/` (an end tag, or a comment if no letter follows), `!` (a comment or
//! doctype) and `?` (a comment). `</>` makes nothing at all. At the end of a text a `<` is open: what comes after
//! decides.

/// What a `<` would open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opening {
    /// Nothing, whatever follows.
    Nothing,
    /// A start or end tag: a letter follows, after `/` in the latter case.
    Tag,
    /// A comment that begins with `<!--`.
    Comment,
    /// A comment or doctype, by `<!` or `<?`.
    Declaration,
    /// Something that nobody writes as markup, but that a parser may take for it: `</3`, or a `<` or `</` at the end.
    Stray,
}

impl Opening {
    /// What a `<` opens that is followed by `rest`.
    pub(super) fn of(rest: &str) -> Self {
        let bytes = rest.as_bytes();
        match (bytes.first(), bytes.get(1)) {
            (Some(letter), _) if letter.is_ascii_alphabetic() => Self::Tag,
            (Some(b'/'), Some(letter)) if letter.is_ascii_alphabetic() => Self::Tag,
            (Some(b'/'), Some(b'>')) => Self::Nothing,
            (Some(b'!'), _) if rest.starts_with("!--") => Self::Comment,
            (Some(b'!' | b'?'), _) => Self::Declaration,
            (None | Some(b'/'), _) => Self::Stray,
            _ => Self::Nothing,
        }
    }
}

/// Whether an unclosed tag is meant as one: its first attribute has a value, as in `<img src=x onerror=…`. `if a<b and
/// c=d` is not. Looks no further than the next `<`, so that all looks together take linear time.
pub(super) fn begins_with_attribute(rest: &str) -> bool {
    let rest = rest.split('<').next().unwrap_or_default();
    let separator = |c: char| c.is_ascii_whitespace() || c == '/';
    let name_end = rest.find(separator).unwrap_or(rest.len());
    let attribute = rest[name_end..].trim_start_matches(separator);
    match attribute.find(|c: char| separator(c) || c == '=') {
        Some(end) if end > 0 => attribute[end..]
            .trim_start_matches(|c: char| c.is_ascii_whitespace())
            .starts_with('='),
        _ => false,
    }
}

/// The text with a space after each `<` that could open anything, so that none does.
pub(super) fn defuse(text: &str) -> String {
    let mut defused = String::with_capacity(text.len() + 8);
    let mut parts = text.split('<');
    defused.extend(parts.next());
    let mut at = defused.len();
    for part in parts {
        at += 1;
        defused.push('<');
        if Opening::of(&text[at..]) != Opening::Nothing {
            defused.push(' ');
        }
        defused.push_str(part);
        at += part.len();
    }
    defused
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_could_open_markup_is_set_apart() {
        for (text, expected) in [
            ("a<b", "a< b"),
            ("a</b", "a< /b"),
            ("I </3 you", "I < /3 you"),
            ("<!", "< !"),
            ("<?", "< ?"),
            ("<", "< "),
            ("</", "< /"),
            ("<<b", "<< b"),
            (
                "1 < 2 <3 <ä <= <- <> </> <\n",
                "1 < 2 <3 <ä <= <- <> </> <\n",
            ),
        ] {
            assert_eq!(defuse(text), expected);
        }
    }

    #[test]
    fn an_attribute_with_a_value_shows_a_tag() {
        for tag in [
            "img src=x",
            "img/src=x",
            "IMG \n SRC \n = 'x'",
            "svg/onload=alert(1)",
            "a b=c d",
        ] {
            assert!(begins_with_attribute(tag), "{tag}");
        }
        for text in ["b and c=d", "b", "b ", "b=c", "b = c", "b / = c", ""] {
            assert!(!begins_with_attribute(text), "{text}");
        }
    }
}
