//! What happens to unclean texts, and to those of deleted users: `CHAT_MODERATION`, `CHAT_MASK_DELETED`.

use chat_domain::{model::moderation::ModerationMode, view::Masking};

use super::env::Reader;

/// Moderation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModerationConfig {
    /// What an unclean text gets: `CHAT_MODERATION`, default `flag`.
    pub mode: ModerationMode,
    /// What of a deleted user is masked: `CHAT_MASK_DELETED`, default `profile`.
    pub masking: Masking,
}

impl ModerationConfig {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        let modes = [
            ("flag", ModerationMode::Flag),
            ("reject", ModerationMode::Reject),
            ("off", ModerationMode::Off),
        ];
        let maskings = [("profile", Masking::Profile), ("content", Masking::Content)];
        Self {
            mode: r.choice("CHAT_MODERATION", ModerationMode::Flag, &modes),
            masking: r.choice("CHAT_MASK_DELETED", Masking::Profile, &maskings),
        }
    }
}
