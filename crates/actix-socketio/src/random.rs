//! Random identifiers from the operating system.

/// Alphabet of base64url: 6 bits a character.
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Longest identifier made here, in characters.
const MAX_LEN: usize = 32;

/// Fills `text` with random URL-safe characters, 6 bits each.
///
/// # Panics
/// When the operating system has no randomness, without which no id would be safe, or for more than 32 characters.
pub(crate) fn fill_url_safe(text: &mut [u8]) {
    let mut random = [0; MAX_LEN];
    let random = &mut random[..text.len()];
    if let Err(error) = getrandom::fill(random) {
        panic!("no randomness from the operating system: {error}");
    }
    for (character, byte) in text.iter_mut().zip(random) {
        *character = URL_SAFE[usize::from(*byte & 0x3f)];
    }
}
