//! From GitHub's status, headers and error body to a failure of the closed set.

use reqwest::{StatusCode, header::HeaderMap};
use serde::Deserialize;

use super::{budget::number, failure::Reason};

/// GitHub's error body, as far as it is read. `status` and `errors` add nothing to it.
#[derive(Deserialize)]
struct ErrorBody {
    message: String,
}

/// The longest part of a message that is shown.
const SHOWN: usize = 200;

/// Which failure an answer is, and in words why.
///
/// `body` is looked at for GitHub's `message` only. `secret` is the token of the request: should a message echo it,
/// it is blotted out.
pub fn classify(status: StatusCode, headers: &HeaderMap, body: &[u8], secret: &str) -> (Reason, String) {
    let message = message(body);
    let reason = reason(status, headers, &message.to_lowercase());
    let mut words = status.to_string();
    if !message.is_empty() {
        words = format!("{words}: {}", shown(&message, secret));
    }
    if let Some(hint) = hint(headers) {
        words = format!("{words} ({hint})");
    }
    (reason, words)
}

fn reason(status: StatusCode, headers: &HeaderMap, message: &str) -> Reason {
    match status.as_u16() {
        401 => Reason::Unauthorized,
        403 if is_limit(headers, message) => Reason::RateLimited,
        403 if message.contains("policy must be enabled") => Reason::PolicyDisabled,
        403 => Reason::Forbidden,
        404 => Reason::NotFound,
        410 => Reason::Unsupported,
        429 => Reason::RateLimited,
        500..=599 => Reason::ServerError,
        _ => Reason::Rejected,
    }
}

fn is_limit(headers: &HeaderMap, message: &str) -> bool {
    // The last request of a window can be refused for another reason.
    if message.contains("not accessible") {
        return false;
    }
    number(headers, "x-ratelimit-remaining") == Some(0u64)
        || headers.contains_key("retry-after")
        || message.contains("rate limit")
}

fn message(body: &[u8]) -> String {
    serde_json::from_slice(body).map_or_else(|_| String::new(), |error: ErrorBody| error.message)
}

fn shown(message: &str, secret: &str) -> String {
    let clean: String = message.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let clean = if secret.is_empty() { clean } else { clean.replace(secret, "***") };
    clean.chars().take(SHOWN).collect()
}

/// What GitHub's headers say is lacking. The single sign-on header itself holds a link that signs in: it is not shown.
fn hint(headers: &HeaderMap) -> Option<String> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).filter(|text| !text.is_empty());
    if headers.contains_key("x-github-sso") {
        return Some("the token must be authorised for single sign-on".to_owned());
    }
    let permissions =
        text("x-accepted-github-permissions").map(|needed| format!("needs permission {needed}"));
    permissions
        .or_else(|| text("x-accepted-oauth-scopes").map(|needed| format!("needs one of the scopes {needed}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Headers<'a> = &'a [(&'static str, &'a str)];

    fn case(status: u16, pairs: Headers<'_>, body: &str) -> (Reason, String) {
        let headers =
            pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        classify(StatusCode::from_u16(status).unwrap(), &headers, body.as_bytes(), "ghp_secret")
    }

    #[test]
    fn each_status_is_its_own_failure() {
        let policy = "The 'Copilot usage metrics' policy must be enabled to use this API";
        let cases: &[(u16, Headers<'_>, &str, Reason)] = &[
            (401, &[], "Bad credentials", Reason::Unauthorized),
            (403, &[], "Resource not accessible by integration", Reason::Forbidden),
            (403, &[], policy, Reason::PolicyDisabled),
            (403, &[("x-ratelimit-remaining", "0")], "API rate limit exceeded for user", Reason::RateLimited),
            (
                403,
                &[("x-ratelimit-remaining", "4000")],
                "You have exceeded a secondary rate limit.",
                Reason::RateLimited,
            ),
            (403, &[("retry-after", "60")], "", Reason::RateLimited),
            (
                403,
                &[("x-ratelimit-remaining", "0")],
                "Resource not accessible by integration",
                Reason::Forbidden,
            ),
            (429, &[], "", Reason::RateLimited),
            (404, &[], "Not Found", Reason::NotFound),
            (410, &[], "Gone", Reason::Unsupported),
            (400, &[], "", Reason::Rejected),
            (422, &[], "Validation Failed", Reason::Rejected),
            (302, &[], "", Reason::Rejected),
            (418, &[], "", Reason::Rejected),
            (500, &[], "", Reason::ServerError),
            (502, &[], "", Reason::ServerError),
            (503, &[], "", Reason::ServerError),
        ];
        for (status, headers, message, expected) in cases {
            let body = format!(r#"{{"message":"{message}","status":"{status}"}}"#);
            let (reason, _) = case(*status, headers, &body);
            assert_eq!(reason, *expected, "{status} {message}");
        }
    }

    #[test]
    fn a_refusal_names_what_github_says_is_lacking() {
        let (_, words) = case(
            403,
            &[("x-accepted-github-permissions", "organization_copilot_seat_management=read")],
            r#"{"message":"Resource not accessible by personal access token"}"#,
        );
        assert_eq!(
            words,
            "403 Forbidden: Resource not accessible by personal access token \
             (needs permission organization_copilot_seat_management=read)"
        );
    }

    #[test]
    fn a_classic_token_is_told_which_scopes_would_do() {
        let (_, words) = case(403, &[("x-accepted-oauth-scopes", "read:org")], "");
        assert_eq!(words, "403 Forbidden (needs one of the scopes read:org)");
    }

    #[test]
    fn bodies_that_are_html_or_empty_or_hostile_show_no_more_than_the_status_or_a_short_clean_line() {
        assert_eq!(case(502, &[], "<html>bad gateway</html>").1, "502 Bad Gateway");
        assert_eq!(case(502, &[], "").1, "502 Bad Gateway");
        let (_, words) = case(401, &[], r#"{"message":"a\nb ghp_secret c"}"#);
        assert_eq!(words, "401 Unauthorized: a b *** c");
        let long = format!(r#"{{"message":"{}"}}"#, "x".repeat(5000));
        assert!(case(401, &[], &long).1.len() < 250);
    }

    #[test]
    fn the_single_sign_on_link_is_not_shown() {
        let (_, words) =
            case(403, &[("x-github-sso", "required; url=https://github.com/sso?request=AZ1")], "");
        assert!(words.contains("single sign-on") && !words.contains("AZ1"), "{words}");
    }
}
