//! What was asked and what GitHub's headers told beside the answers: the exporter's figures about its own asking.

use std::collections::BTreeMap;

use chrono::DateTime;
use reqwest::header::HeaderMap;

use super::{budget::Limits, endpoint::Endpoint, failure::Failure};
use crate::clock::Instant;

/// Counts since the start, and the newest of what headers say. Names and numbers only.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// Answers by endpoint and code: the status, or the failure's word where no answer came.
    pub requests: BTreeMap<(Endpoint, String), u64>,
    /// Fields that the exporter does not know, by kind of record. GitHub adds some every month.
    pub unknown_fields: BTreeMap<&'static str, u64>,
    /// When an endpoint ends, from its `Sunset` header (RFC 8594).
    pub sunset: BTreeMap<Endpoint, Instant>,
    /// When a token ends, by name of the credential, from `github-authentication-token-expiration`.
    pub token_expiry: BTreeMap<String, Instant>,
    /// How the last look at where the App is installed ended; nothing before the first.
    pub listing: Option<Result<(), Failure>>,
    /// Limits by name of the credential.
    pub limits: BTreeMap<String, Limits>,
    /// When this was read.
    pub at: Instant,
}

impl Ledger {
    /// Counts an answer, or the lack of one.
    pub fn count(&mut self, endpoint: Endpoint, code: &str) {
        *self.requests.entry((endpoint, code.to_owned())).or_default() += 1;
    }

    /// Counts fields that were passed over.
    pub fn count_unknown(&mut self, report: &'static str, fields: u64) {
        *self.unknown_fields.entry(report).or_default() += fields;
    }

    /// Takes the announced ends from an answer's headers. An end that a good answer no longer announces is gone;
    /// errors and proxies leave headers out.
    pub fn learn(&mut self, endpoint: Endpoint, credential: &str, headers: &HeaderMap, good: bool) {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        match text("sunset").and_then(http_date) {
            Some(end) => drop(self.sunset.insert(endpoint, end)),
            None if good => drop(self.sunset.remove(&endpoint)),
            None => {}
        }
        match text("github-authentication-token-expiration").and_then(expiry) {
            Some(end) => drop(self.token_expiry.insert(credential.to_owned(), end)),
            None if good => drop(self.token_expiry.remove(credential)),
            None => {}
        }
    }
}

fn http_date(text: &str) -> Option<Instant> {
    DateTime::parse_from_rfc2822(text).ok().map(|date| date.to_utc())
}

/// `2026-12-31 23:59:59 UTC`, or with an offset like `+0200`.
fn expiry(text: &str) -> Option<Instant> {
    let text = text.trim().replace("UTC", "+0000");
    DateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S %z").ok().map(|date| date.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_a_tokens_end_are_read_and_nonsense_is_not() {
        let end = |text| expiry(text).map(|end| end.to_rfc3339());
        assert_eq!(end("2026-12-31 23:59:59 UTC").as_deref(), Some("2026-12-31T23:59:59+00:00"));
        assert_eq!(end("2026-12-31 23:59:59 +0200").as_deref(), Some("2026-12-31T21:59:59+00:00"));
        assert_eq!(end("never"), None);
    }

    #[test]
    fn a_sunset_is_remembered_while_it_is_announced() {
        let mut ledger = Ledger::default();
        let announced = HeaderMap::from_iter([(
            "sunset".parse().unwrap(),
            "Sat, 01 Mar 2025 00:00:00 GMT".parse().unwrap(),
        )]);
        ledger.learn(Endpoint::OrgUsage, "token", &announced, true);
        for good in [false, true] {
            assert_eq!(ledger.sunset[&Endpoint::OrgUsage].timestamp(), 1_740_787_200);
            ledger.learn(Endpoint::OrgUsage, "token", &HeaderMap::new(), good);
        }
        assert!(ledger.sunset.is_empty());
    }

    #[test]
    fn the_end_of_a_token_is_forgotten_when_another_has_none() {
        let mut ledger = Ledger::default();
        let name = "github-authentication-token-expiration".parse().unwrap();
        let ending = HeaderMap::from_iter([(name, "2026-12-31 23:59:59 UTC".parse().unwrap())]);
        ledger.learn(Endpoint::OrgUsage, "token", &ending, true);
        for good in [false, true] {
            assert!(ledger.token_expiry.contains_key("token"));
            ledger.learn(Endpoint::OrgUsage, "token", &HeaderMap::new(), good);
        }
        assert!(ledger.token_expiry.is_empty());
    }
}
