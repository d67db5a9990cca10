//! The part that all lists' query strings share: how much of what follows.

/// The most items of a page.
pub(crate) const MAX_LIMIT: usize = 100;

/// The default of most lists: about a screen and a half.
pub(crate) const fn fifty() -> usize {
    50
}

/// The default of the inbox, whose entries are large.
pub(crate) const fn twenty() -> usize {
    20
}
