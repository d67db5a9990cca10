//! Public keys in PEM files (RFC 7468).

use jsonwebtoken::{Algorithm, DecodingKey};

use super::{KeyError, key::VerificationKey};

/// The one public key in the text.
pub(super) fn parse(text: &str) -> Result<VerificationKey, KeyError> {
    let labels: Vec<&str> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("-----BEGIN "))
        .filter_map(|rest| rest.strip_suffix("-----"))
        .collect();
    if labels.iter().any(|label| label.ends_with("PRIVATE KEY")) {
        return Err(KeyError::Private);
    }
    let ["PUBLIC KEY" | "RSA PUBLIC KEY"] = labels.as_slice() else {
        return Err(KeyError::NotOnePem);
    };
    let pem = text.as_bytes();
    let (algorithm, key) = if let Ok(key) = DecodingKey::from_rsa_pem(pem) {
        (Algorithm::RS256, key)
    } else if let Ok(key) = DecodingKey::from_ec_pem(pem) {
        (Algorithm::ES256, key)
    } else if let Ok(key) = DecodingKey::from_ed_pem(pem) {
        (Algorithm::EdDSA, key)
    } else {
        return Err(KeyError::UnsupportedPem);
    };
    VerificationKey::new(None, algorithm, key)
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! fixture {
        ($name:literal) => {
            include_str!(concat!("../../tests/fixtures/jwt/", $name))
        };
    }

    fn algorithm(pem: &str) -> Algorithm {
        parse(pem).unwrap().validation.algorithms[0]
    }

    #[test]
    fn the_pem_says_which_algorithm() {
        assert_eq!(algorithm(fixture!("rsa2048.public.pem")), Algorithm::RS256);
        assert_eq!(algorithm(fixture!("rsa2048.pkcs1.pem")), Algorithm::RS256);
        assert_eq!(algorithm(fixture!("p256.public.pem")), Algorithm::ES256);
        assert_eq!(algorithm(fixture!("ed25519.public.pem")), Algorithm::EdDSA);
    }

    #[test]
    fn windows_line_ends_are_fine() {
        let pem = fixture!("p256.public.pem").replace('\n', "\r\n");
        assert_eq!(algorithm(&pem), Algorithm::ES256);
    }

    #[test]
    fn a_private_key_is_refused_even_beside_its_public_one() {
        let both = concat!(fixture!("p256.public.pem"), fixture!("p256.private.pem"));
        for pem in [fixture!("rsa2048.private.pem"), both] {
            assert!(matches!(parse(pem), Err(KeyError::Private)));
        }
    }

    #[test]
    fn weak_rsa_is_refused() {
        let refused = parse(fixture!("rsa1024.public.pem")).unwrap_err();
        assert!(matches!(refused, KeyError::RsaBits { bits: 1024 }));
    }

    #[test]
    fn whatever_is_not_one_public_key_is_refused() {
        let twice = fixture!("p256.public.pem").repeat(2);
        let certificate = fixture!("rsa2048.certificate.pem");
        for pem in ["", "hello", &twice, certificate] {
            assert!(matches!(parse(pem), Err(KeyError::NotOnePem)), "{pem}");
        }
        let empty = "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n";
        assert!(matches!(parse(empty), Err(KeyError::UnsupportedPem)));
    }

    #[test]
    fn another_curve_is_refused() {
        let refused = parse(fixture!("secp256k1.public.pem")).unwrap_err();
        assert_eq!(refused.to_string(), "the ES256 key is not valid");
    }
}
