//! What an answer means: taken, to be asked again, or refused, and what to change then.

use std::fmt;

use chrono::{DateTime, Utc};
use reqwest::{
    Response, StatusCode,
    header::{HeaderMap, LOCATION, RETRY_AFTER},
};
use url::Url;

use super::access::Secrets;
use crate::clock::{Instant, after};

/// The longest part of the receiver's words that is shown.
const SHOWN: usize = 200;

/// So much of a receiver's words is read: what is shown, and room for the secrets to be blotted out of it.
const READ: usize = 16 << 10;

/// Why a request was not taken.
#[derive(Debug)]
pub(super) struct Trouble {
    /// With what to change, if that is known; without secrets.
    pub(super) words: String,
    /// Whether the same request may be taken later.
    pub(super) passes: bool,
    /// When the receiver says to come back.
    pub(super) retry_at: Option<Instant>,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl Trouble {
    /// There was no answer, or none in time.
    pub(super) fn without_answer(error: reqwest::Error) -> Self {
        let permanent = error.is_builder();
        let words = crate::github::exchange::cause(error);
        // rustls says so of a certificate that is not trusted and of one that it should have sent. Neither heals.
        let certificate = words.to_lowercase().contains("certificate");
        let words = if certificate { format!("{words} ({CERTIFICATE})") } else { words };
        Self { words, passes: !permanent && !certificate, retry_at: None }
    }

    /// Reads an answer that is no success.
    pub(super) async fn of(answer: Response, url: &Url, secrets: &Secrets, now: Instant) -> Self {
        let (status, headers) = (answer.status(), answer.headers().clone());
        let said = secrets.blot(&beginning(answer).await);
        let mut words = format!("{status}{}", printable(&said));
        let advice = match target(&headers, url) {
            Some(target) if status.is_redirection() => Some(format!(
                "it redirects to {}, and credentials do not follow: {ADDRESS}",
                secrets.blot(&target)
            )),
            _ => advice(status, &said).map(str::to_owned),
        };
        if let Some(advice) = advice {
            words = format!("{words} ({advice})");
        }
        Self { words, passes: passes(status, &said), retry_at: retry_at(&headers, now) }
    }
}

const CERTIFICATE: &str = "--ca-file names what the receiver's certificate is checked with, --cert-file and --key-file \
                           what it asks for";

const ADDRESS: &str = "is it the address for remote write? Prometheus has it at /api/v1/write, if started with \
                       --web.enable-remote-write-receiver, VictoriaMetrics at /api/v1/write, Mimir at /api/v1/push, \
                       Thanos Receive at /api/v1/receive";

const ACCESS: &str =
    "give --bearer-token-file, or --basic-auth-user and --basic-auth-password-file; for Mimir --tenant";

const WINDOW: &str = "the receiver takes no samples that old: give --out-of-order-window, no longer than its own \
                      (out_of_order_time_window of Prometheus and Mimir, --tsdb.out-of-order.time-window of Thanos \
                      Receive), and load what is older from files (--output)";

const VALUE: &str = "it holds another value for the same moment: was that sent with other settings?";

const SIZE: &str =
    "no request here is larger than half a MiB: raise the limit of the receiver or of a proxy before it";

const PROTOCOL: &str = "it does not understand remote write 1.0";

/// What to change, for the refusals that are well known.
fn advice(status: StatusCode, said: &str) -> Option<&'static str> {
    // Mimir says `err-mimir-sample-timestamp-too-old` where Prometheus says `too old sample`.
    let said = said.to_lowercase().replace('-', " ");
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| said.contains(phrase));
    match status.as_u16() {
        401 | 403 => Some(ACCESS),
        404 | 405 | 300..=399 => Some(ADDRESS),
        413 => Some(SIZE),
        415 => Some(PROTOCOL),
        // So says VictoriaMetrics, with 400.
        _ if says(&["unsupported path"]) => Some(ADDRESS),
        _ if says(&["duplicate sample"]) => Some(VALUE),
        _ if says(&["too old", "out of bounds", "out of order"]) => Some(WINDOW),
        _ => None,
    }
}

/// Whether the same request may be taken later. Prometheus says 500 of a sample that is too old, too, which will be no
/// younger then.
fn passes(status: StatusCode, said: &str) -> bool {
    match status {
        StatusCode::TOO_MANY_REQUESTS => true,
        StatusCode::INTERNAL_SERVER_ERROR => !matches!(advice(status, said), Some(WINDOW | VALUE)),
        _ => status.is_server_error(),
    }
}

/// The moment of `Retry-After`, which is a number of seconds or a date.
fn retry_at(headers: &HeaderMap, now: Instant) -> Option<Instant> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let seconds = text.parse().ok().map(|seconds| after(now, std::time::Duration::from_secs(seconds)));
    seconds.or_else(|| httpdate::parse_http_date(text).ok().map(DateTime::<Utc>::from)).filter(|at| *at > now)
}

/// Where a redirect leads, without what could be secret in it.
fn target(headers: &HeaderMap, url: &Url) -> Option<String> {
    let location = headers.get(LOCATION)?.to_str().ok()?;
    Some(shown(&url.join(location).ok()?))
}

/// An address as it may be shown: the query can hold a token.
pub(super) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // Of an address that cannot have them, there is nothing to take away.
    let _ = (url.set_username(""), url.set_password(None));
    url.to_string()
}

async fn beginning(mut answer: Response) -> String {
    let mut bytes = Vec::new();
    // An answer that breaks off has said less, no more.
    while let Ok(Some(chunk)) = answer.chunk().await {
        bytes.extend_from_slice(&chunk);
        if bytes.len() >= READ {
            bytes.truncate(READ);
            break;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A receiver's words on one line behind a colon, or nothing.
fn printable(said: &str) -> String {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    let line: String = said.chars().take(SHOWN).map(clean).collect();
    let line = line.trim();
    if line.is_empty() { String::new() } else { format!(": {line}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_known_refusals_come_with_what_to_change() {
        for (status, said, expected) in [
            (400, "out of bounds", Some(WINDOW)),
            (400, "out of order sample", Some(WINDOW)),
            (500, "too old sample", Some(WINDOW)),
            (400, "user=a: the sample … (err-mimir-sample-timestamp-too-old).", Some(WINDOW)),
            (409, "store locally for endpoint x: add 1 samples: out of order sample", Some(WINDOW)),
            (400, "duplicate sample for timestamp", Some(VALUE)),
            (401, "no org id", Some(ACCESS)),
            (403, "", Some(ACCESS)),
            (404, "remote write receiver needs to be enabled with …", Some(ADDRESS)),
            (405, "Method Not Allowed", Some(ADDRESS)),
            (304, "", Some(ADDRESS)),
            (400, "remoteAddr: …; unsupported path requested: \"/foo\"", Some(ADDRESS)),
            (413, "<html>", Some(SIZE)),
            (415, "", Some(PROTOCOL)),
            (400, "snappy: corrupt input", None),
            (503, "", None),
        ] {
            assert_eq!(advice(StatusCode::from_u16(status).unwrap(), said), expected, "{status} {said}");
        }
    }

    #[test]
    fn what_is_refused_for_good_is_not_asked_again_whatever_its_status() {
        for (status, said, expected) in [
            (500, "", true),
            (503, "Sorry, we are out of order", true),
            (429, "", true),
            (500, "too old sample", false),
            (500, "duplicate sample for timestamp", false),
            (400, "", false),
            (404, "", false),
        ] {
            assert_eq!(passes(StatusCode::from_u16(status).unwrap(), said), expected, "{status} {said}");
        }
    }

    #[test]
    fn retry_after_is_a_number_of_seconds_or_a_date_in_any_of_its_forms() {
        let now: Instant = "1994-11-06T08:49:00.5Z".parse().unwrap();
        let date = "1994-11-06T08:49:37Z".parse().ok();
        for (text, expected) in [
            ("30", "1994-11-06T08:49:30.5Z".parse().ok()),
            ("Sun, 06 Nov 1994 08:49:37 GMT", date),
            ("Sunday, 06-Nov-94 08:49:37 GMT", date),
            ("Sun Nov  6 08:49:37 1994", date),
            ("Sun, 06 Nov 1994 08:48:00 GMT", None),
            ("0", None),
            ("-1", None),
            ("soon", None),
            ("18446744073709551615", Some(Instant::MAX_UTC)),
        ] {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
            assert_eq!(retry_at(&headers, now), expected, "{text}");
        }
        assert_eq!(retry_at(&HeaderMap::new(), now), None);
    }

    #[test]
    fn a_receivers_words_are_one_short_line() {
        assert_eq!(printable("too old\r\nsample\x1b[31m\n"), ": too old  sample [31m");
        assert_eq!(printable(" \n"), "");
        assert_eq!(printable(&"é".repeat(1000)).chars().count(), 202);
    }

    #[test]
    fn an_address_is_shown_without_what_could_be_secret() {
        let url = "https://user:SECRET@host:8443/write?token=SECRET#SECRET".parse().unwrap();
        assert_eq!(shown(&url), "https://host:8443/write");
    }
}
