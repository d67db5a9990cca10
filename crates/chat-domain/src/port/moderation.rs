//! Cleaning and judging texts.

use async_trait::async_trait;

use crate::model::moderation::Flag;

/// Takes markup out of texts.
///
/// # Rules (each is a property test of the adapter)
/// - **S1** Parsed as HTML, alone or with anything after it, the result makes no element and no comment.
/// - **S2** Cleaning it again changes nothing.
/// - **S3** Text without markup survives to the character (`Tom & Jerry`, `1 < 2`, `I <3 you`, emoji, right-to-left).
/// - **S4** Control characters other than tab and line feed are gone.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
pub trait Sanitizer: Send + Sync {
    /// The clean text.
    fn sanitize(&self, text: &str) -> String;
}

/// Judges whether a text is clean.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait Moderator: Send + Sync {
    /// What is wrong with the text; `None` if nothing is.
    async fn review(&self, text: &str) -> Option<Flag>;
}
