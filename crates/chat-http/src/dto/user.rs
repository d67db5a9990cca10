//! The profile mirror and erasure.

#![expect(
    clippy::option_option,
    reason = "a field that is not there, one that is null, and one with a value are three things"
)]

use chat_domain::{id::JobId, model::user::ProfilePatch};
use garde::Validate;
use serde::{Deserialize, Deserializer, Serialize};
use url::Url;
use utoipa::ToSchema;

/// What changed in a profile. A field that is not given stays as it is, `null` clears it.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "a JSON object"
)]
pub(crate) struct ProfileBody {
    /// The name to show: 1 to 100 characters, not blank, no control characters. Shown as text, never as markup.
    #[garde(inner(inner(length(chars, max = 100), custom(plain_text))))]
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100)]
    display_name: Option<Option<String>>,
    /// Where the picture is: an http or https URL of at most 2048 characters.
    #[garde(inner(inner(length(chars, max = 2048), custom(web_address))))]
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 2048, format = "uri")]
    avatar_url: Option<Option<String>>,
    /// The profile is gone: shown as `Deleted user` without a picture.
    #[garde(skip)]
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<bool>)]
    deleted: Option<Option<bool>>,
    /// Pays.
    #[garde(skip)]
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<bool>)]
    premium: Option<Option<bool>>,
}

/// Tells `null` from a field that is not there.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature is garde's"
)]
fn plain_text(text: &str, (): &()) -> garde::Result {
    if text.trim().is_empty() || text.chars().any(char::is_control) {
        return Err(garde::Error::new(
            "must not be blank or hold control characters",
        ));
    }
    Ok(())
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature is garde's"
)]
fn web_address(text: &str, (): &()) -> garde::Result {
    // The parser would silently drop line breaks and tabs, and trim the ends.
    let is_clean = !text.contains(|c: char| c.is_control() || c.is_whitespace());
    let is_web = |url: Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    if is_clean && Url::parse(text).is_ok_and(is_web) {
        Ok(())
    } else {
        Err(garde::Error::new("must be an http or https URL"))
    }
}

impl ProfileBody {
    pub(crate) fn into_patch(self) -> ProfilePatch {
        let cleared = Option::unwrap_or_default;
        ProfilePatch {
            display_name: self.display_name,
            avatar_url: self.avatar_url,
            deleted: self.deleted.map(cleared),
            premium: self.premium.map(cleared),
        }
    }
}

/// The job that erases the user.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ErasureJob)]
pub(crate) struct ErasureJobDto {
    /// Ask `GET /api/v1/internal/jobs/{jobId}` how far it is.
    pub(crate) job_id: JobId,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn body(value: serde_json::Value) -> ProfileBody {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn null_clears_and_absence_leaves() {
        let patch =
            body(json!({ "displayName": null, "premium": null, "deleted": true })).into_patch();
        let expected = ProfilePatch {
            display_name: Some(None),
            avatar_url: None,
            deleted: Some(true),
            premium: Some(false),
        };
        assert_eq!(patch, expected);
    }

    #[test]
    fn a_picture_has_a_web_address() {
        let valid = |url: &str| body(json!({ "avatarUrl": url })).validate().is_ok();
        assert!(valid("https://pictures.example/a.png?size=2"));
        assert!(valid("http://pictures.example"));
        for bad in [
            "",
            "javascript:alert(1)",
            "data:image/png;base64,AA",
            "//x.example",
            "https://",
            "ht\ntps://x.example",
            "x",
        ] {
            assert!(!valid(bad), "{bad:?}");
        }
        assert!(!valid(&format!("https://x.example/{}", "a".repeat(2048))));
    }

    #[test]
    fn a_name_is_plain_text() {
        let valid = |name: &str| body(json!({ "displayName": name })).validate().is_ok();
        assert!(valid("Zoë 🙂"));
        assert!(valid(&"ä".repeat(100)));
        for bad in ["", "  ", "a\u{0}b", "a\nb", &"x".repeat(101)] {
            assert!(!valid(bad), "{bad:?}");
        }
    }
}
