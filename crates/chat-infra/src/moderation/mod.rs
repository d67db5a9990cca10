//! Texts: taking markup out of them, and judging them.

mod markup;
mod sanitizer;
mod word_list;

#[cfg(test)]
mod sanitizer_rules;

pub use sanitizer::HtmlSanitizer;
pub use word_list::WordListModerator;
