//! The JSON web tokens by which an App says that it is that App, and what GitHub finds wrong with them.

use chrono::{DateTime, Utc};
use hyper::http::StatusCode;
use jsonwebtoken::dangerous::insecure_decode;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde_json::Value;

use super::errors::Refusal;

/// How far ahead of GitHub's clock a token may end, in seconds.
const LONGEST: f64 = 600.0;

/// What GitHub knows an App by.
pub(super) struct Signet {
    pub(super) id: u64,
    pub(super) client_id: String,
    key: DecodingKey,
}

/// Why a web token says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Denial {
    /// It is none, signed by somebody else, or not by RS256.
    Undecodable,
    /// It names no App.
    Issuer,
    /// It names an App that does not exist.
    UnknownApp,
    /// It does not say when it ends, or has ended.
    Expiry,
    /// It ends too late.
    TooLong,
    /// It does not say when it was made, or says that it will be.
    Issued,
}

impl Denial {
    /// What GitHub answers.
    pub(super) fn refusal(self) -> Refusal {
        let (status, message) = match self {
            Self::Undecodable => (StatusCode::UNAUTHORIZED, "A JSON web token could not be decoded"),
            Self::Issuer => (StatusCode::UNAUTHORIZED, "'Issuer' claim ('iss') must be an Integer"),
            // The only one that is not 401.
            Self::UnknownApp => (StatusCode::NOT_FOUND, "Integration not found"),
            Self::Expiry => (
                StatusCode::UNAUTHORIZED,
                "'Expiration time' claim ('exp') must be a numeric value representing the future time at which \
                 the assertion expires",
            ),
            Self::TooLong => {
                (StatusCode::UNAUTHORIZED, "'Expiration time' claim ('exp') is too far in the future")
            }
            Self::Issued => (
                StatusCode::UNAUTHORIZED,
                "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
            ),
        };
        Refusal::new(status, message)
    }
}

impl Signet {
    /// The App of that number, whose tokens `key` verifies.
    pub(super) fn new(id: u64, key: DecodingKey) -> Self {
        Self { id, client_id: format!("Iv23li{id:014}"), key }
    }

    /// Whether `token` is this App's and valid at `now`.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub(super) fn check(&self, token: &str, now: DateTime<Utc>) -> Result<(), Denial> {
        let told = insecure_decode::<Value>(token).map_err(|_| Denial::Undecodable)?;
        // Whose key to verify it by is the first thing to know of a token.
        self.is_named(told.claims.get("iss"))?;
        let verified = decode::<Value>(token, &self.key, &signature_only());
        let claims = verified.map_err(|_| Denial::Undecodable)?.claims;
        is_timely(&claims, now.timestamp())
    }

    /// Whether an issuer is this App: by number, as a number or a string, or by client id.
    fn is_named(&self, issuer: Option<&Value>) -> Result<(), Denial> {
        let known = match issuer {
            Some(Value::Number(number)) => number.as_u64().ok_or(Denial::Issuer)? == self.id,
            Some(Value::String(name)) if name.starts_with("Iv") => *name == self.client_id,
            Some(Value::String(digits)) => digits.parse::<u64>().map_err(|_| Denial::Issuer)? == self.id,
            _ => return Err(Denial::Issuer),
        };
        if known { Ok(()) } else { Err(Denial::UnknownApp) }
    }
}

/// Checks nothing but the signature: the crate would look at the real clock, and the time here is simulated.
fn signature_only() -> Validation {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation
}

/// Whether a token with these claims is valid at `now`, in seconds since 1970. Without any leeway: a client has to
/// allow for its own clock.
fn is_timely(claims: &Value, now: i64) -> Result<(), Denial> {
    let end = claims.get("exp").and_then(Value::as_f64).ok_or(Denial::Expiry)?;
    // Seconds of four-digit years are exact.
    let left = end - now as f64;
    if left <= 0.0 {
        return Err(Denial::Expiry);
    }
    if left > LONGEST {
        return Err(Denial::TooLong);
    }
    let issued = claims.get("iat").and_then(Value::as_i64).ok_or(Denial::Issued)?;
    if issued <= now { Ok(()) } else { Err(Denial::Issued) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_token_lives_at_most_ten_minutes_by_githubs_clock() {
        let now = 1_795_176_000;
        for (issued, end, expected) in [
            (json!(now - 60), json!(now + 540), Ok(())),
            (json!(now), json!(now + 600), Ok(())),
            (json!(now), json!(now + 1), Ok(())),
            (json!(now), json!(1_795_176_000.5), Ok(())),
            (json!(now), json!(now), Err(Denial::Expiry)),
            (json!(now), json!("1795176540"), Err(Denial::Expiry)),
            (json!(now), json!(null), Err(Denial::Expiry)),
            (json!(now), json!(now + 601), Err(Denial::TooLong)),
            (json!(now + 1), json!(now + 540), Err(Denial::Issued)),
            (json!(1_795_175_940.5), json!(now + 540), Err(Denial::Issued)),
            (json!(null), json!(now + 540), Err(Denial::Issued)),
        ] {
            let claims = json!({ "iat": issued, "exp": end });
            assert_eq!(is_timely(&claims, now), expected, "{claims}");
        }
        assert_eq!(is_timely(&json!({}), now), Err(Denial::Expiry));
    }

    #[test]
    fn an_issuer_is_a_number_or_a_client_id() {
        let signet = Signet::new(4242, DecodingKey::from_rsa_der(&[]));
        for (issuer, expected) in [
            (json!(4242), Ok(())),
            (json!("4242"), Ok(())),
            (json!("Iv23li00000000004242"), Ok(())),
            (json!(4243), Err(Denial::UnknownApp)),
            (json!("4243"), Err(Denial::UnknownApp)),
            (json!("Iv23li00000000004243"), Err(Denial::UnknownApp)),
            (json!("copilot-exporter"), Err(Denial::Issuer)),
            (json!(-1), Err(Denial::Issuer)),
            (json!(null), Err(Denial::Issuer)),
        ] {
            assert_eq!(signet.is_named(Some(&issuer)), expected, "{issuer}");
        }
        assert_eq!(signet.is_named(None), Err(Denial::Issuer));
    }
}
