//! Reads a JSON body: media type, size and time are checked before anything is parsed.

use std::time::Duration;

use actix_web::{
    HttpMessage, HttpRequest,
    dev::Payload,
    error::PayloadError,
    http::header::{CONTENT_ENCODING, CONTENT_LENGTH},
    rt::time::timeout,
    web::{Bytes, BytesMut, Data},
};
use chat_domain::error::ErrorCode;
use futures::StreamExt;
use serde_json::Value;

use super::{
    field::{WHOLE, refused},
    strict_json::StrictValue,
};
use crate::{error::ApiError, state::Options};

/// How long a body may take to arrive: 64 KiB at modem speed, and no connection is held for ever.
const ARRIVAL: Duration = Duration::from_secs(20);

/// The body as a JSON object without a key given twice.
///
/// # Errors
/// `unsupported_media_type`, `payload_too_large`, `malformed_json`, and `validation_failed` for a key given twice and
/// for JSON that is no object.
pub(crate) async fn read_object(request: HttpRequest, payload: Payload) -> Result<Value, ApiError> {
    check_media_type(&request)?;
    let limit = request
        .app_data::<Data<Options>>()
        .map_or(Options::default().max_payload_bytes, |options| {
            options.max_payload_bytes
        });
    let bytes = timeout(ARRIVAL, collect(&request, payload, limit))
        .await
        .map_err(|_| {
            ApiError::new(ErrorCode::MalformedJson, "the body did not arrive in time")
        })??;
    parse(&bytes)
}

fn check_media_type(request: &HttpRequest) -> Result<(), ApiError> {
    let is_json = request
        .content_type()
        .eq_ignore_ascii_case("application/json");
    let encoding = request.headers().get(CONTENT_ENCODING);
    let is_plain =
        encoding.is_none_or(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity"));
    if is_json && is_plain {
        return Ok(());
    }
    let detail = "the body must be application/json without a content encoding";
    Err(ApiError::new(ErrorCode::UnsupportedMediaType, detail))
}

async fn collect(
    request: &HttpRequest,
    mut payload: Payload,
    limit: usize,
) -> Result<Bytes, ApiError> {
    let too_large = || {
        ApiError::new(
            ErrorCode::PayloadTooLarge,
            format!("the body must be at most {limit} bytes"),
        )
    };
    let declared = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok());
    if declared.is_some_and(|length| {
        length
            .parse()
            .is_ok_and(|length: u64| length > limit as u64)
    }) {
        return Err(too_large());
    }
    let mut bytes = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| broken_transfer(&error))?;
        if bytes.len() + chunk.len() > limit {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

fn broken_transfer(error: &PayloadError) -> ApiError {
    match error {
        PayloadError::Overflow => {
            ApiError::new(ErrorCode::PayloadTooLarge, "the body is too large")
        }
        _ => ApiError::new(ErrorCode::MalformedJson, "the body did not arrive in full"),
    }
}

fn parse(bytes: &[u8]) -> Result<Value, ApiError> {
    let malformed = |detail: String| ApiError::new(ErrorCode::MalformedJson, detail);
    let text = std::str::from_utf8(bytes).map_err(|_| malformed("the body is not UTF-8".into()))?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut deserializer)
        .map_err(|error: serde_path_to_error::Error<serde_json::Error>| {
            if error.inner().is_data() {
                refused(&error)
            } else {
                malformed(error.inner().to_string())
            }
        })
        .map(|StrictValue(value)| value)?;
    deserializer
        .end()
        .map_err(|error| malformed(error.to_string()))?;
    if value.is_object() {
        Ok(value)
    } else {
        Err(ApiError::invalid(WHOLE, "must be a JSON object"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn code(body: &[u8]) -> ErrorCode {
        parse(body).unwrap_err().code()
    }

    #[test]
    fn what_is_no_json_is_malformed() {
        let bomb = format!("{{\"a\":{}", "[".repeat(10_000));
        let bad: [&[u8]; 11] = [
            b"",
            b" ",
            b"{",
            b"{\"a\":}",
            b"{} {}",
            b"{\"a\":1}x",
            b"{\"a\":\"\xff\"}",
            b"\xff",
            b"\xef\xbb\xbf{}",
            b"{\"a\":\"\\ud800\"}",
            bomb.as_bytes(),
        ];
        for body in bad {
            assert_eq!(
                code(body),
                ErrorCode::MalformedJson,
                "{:?}",
                String::from_utf8_lossy(body)
            );
        }
        assert_eq!(code(b"{\"a\":1e999}"), ErrorCode::MalformedJson);
    }

    #[test]
    fn json_that_is_no_object_or_has_a_key_twice_is_not_valid() {
        for body in ["[]", "1", "null", "\"x\""] {
            let error = parse(body.as_bytes()).unwrap_err();
            assert_eq!(
                (error.code(), &*error.fields()[0].field),
                (ErrorCode::ValidationFailed, "body")
            );
        }
        let twice = parse(br#"{"metadata":{"tags":[{"b":1,"b":2}]}}"#).unwrap_err();
        assert_eq!(twice.fields()[0].field, "metadata.tags[0].b");
    }

    #[actix_web::test]
    async fn a_body_that_never_ends_is_not_waited_for_for_ever() {
        tokio::time::pause();
        let request = TestRequest::post()
            .insert_header(("content-type", "application/json"))
            .to_http_request();
        let never = Payload::from(futures::stream::pending().boxed_local());
        let started = tokio::time::Instant::now();
        let error = read_object(request, never).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::MalformedJson);
        assert_eq!(started.elapsed().as_secs(), ARRIVAL.as_secs());
    }
}
