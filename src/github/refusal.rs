//! From GitHub's status, headers and error body to a failure of the closed set.

use reqwest::{StatusCode, header::HeaderMap};
use serde::Deserialize;

use super::{
    budget::number,
    failure::{Failure, Lack, Reason},
};

/// GitHub's error body, as far as it is read. `status` and `errors` add nothing to it.
#[derive(Deserialize)]
struct ErrorBody {
    message: String,
}

/// The longest part of a message that is shown.
const SHOWN: usize = 200;

/// How the token of an App's installation begins. GitHub calls tokens opaque; it only decides what is advised.
const OF_APP: &str = "ghs_";

/// What GitHub speaks of where the token would do and its owner does not.
const ROLES: [&str; 4] = ["requires admin", "admin rights", "organization role", "must be an owner"];

/// Which failure an answer is, and in words why.
///
/// `body` is looked at for GitHub's `message` only. `secret` is the token of the request: should a message echo it,
/// it is blotted out.
pub fn classify(status: StatusCode, headers: &HeaderMap, body: &[u8], secret: &str) -> Failure {
    let message = message(body);
    let lower = message.to_lowercase();
    let reason = reason(status, headers, &lower);
    let mut words = status.to_string();
    if !message.is_empty() {
        words = format!("{words}: {}", shown(&message, secret));
    }
    // GitHub names what it accepts with every answer; what is lacking it is where the answer is that it may not be.
    let lack = matches!(reason, Reason::Forbidden | Reason::NotFound)
        .then(|| lack(status, headers, &lower, secret.starts_with(OF_APP)))
        .flatten();
    match &lack {
        Some(Lack::ActiveInstallation) | None => {}
        Some(lack) => words = format!("{words} ({lack})"),
    }
    Failure::new(reason, words).lacking(lack)
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

/// What GitHub says is lacking. The single sign-on header itself holds a link that signs in: it is not looked at.
fn lack(status: StatusCode, headers: &HeaderMap, message: &str, of_app: bool) -> Option<Lack> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let some = |name| text(name).filter(|text| !text.is_empty()).map(str::to_owned);
    if headers.contains_key("x-github-sso") {
        return Some(Lack::SingleSignOn);
    }
    if message.contains("suspended") {
        return Some(Lack::ActiveInstallation);
    }
    if let Some(needed) = some("x-accepted-github-permissions") {
        let of_app = of_app || message.contains("by integration");
        return Some(if of_app { Lack::AppPermissions(needed) } else { Lack::Permissions(needed) });
    }
    // A classic token is told the scopes even where it has them.
    if ROLES.iter().any(|words| message.contains(words)) {
        return Some(Lack::Role);
    }
    let (needed, held) = (some("x-accepted-oauth-scopes")?, text("x-oauth-scopes").map(str::to_owned));
    match &held {
        Some(held) if covers(held, &needed) => (status == StatusCode::FORBIDDEN).then_some(Lack::Role),
        _ => Some(Lack::Scopes { needed, held }),
    }
}

/// Whether one of the scopes that a token has is one of those that would do, or holds it.
fn covers(held: &str, needed: &str) -> bool {
    let holds = |held: &str, needed: &str| {
        let of_same =
            |verb| held.strip_prefix(verb).is_some_and(|what| needed.strip_prefix("read:") == Some(what));
        held == needed || of_same("write:") || of_same("admin:")
    };
    needed.split(", ").any(|needed| held.split(", ").any(|held| holds(held, needed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Headers<'a> = &'a [(&'static str, &'a str)];

    fn case(status: u16, pairs: Headers<'_>, body: &str) -> (Reason, String) {
        let headers =
            pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let Failure { reason, detail, .. } =
            classify(StatusCode::from_u16(status).unwrap(), &headers, body.as_bytes(), "ghp_secret");
        (reason, detail)
    }

    fn lacks(status: u16, pairs: Headers<'_>, message: &str, token: &str) -> Option<Lack> {
        let headers =
            pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let body = format!(r#"{{"message":"{message}"}}"#);
        classify(StatusCode::from_u16(status).unwrap(), &headers, body.as_bytes(), token).lack
    }

    #[test]
    fn what_is_lacking_is_told_apart_by_headers_and_message() {
        let permission: Headers<'_> = &[("x-accepted-github-permissions", "members=read")];
        let scopes: Headers<'_> = &[("x-accepted-oauth-scopes", "read:org"), ("x-oauth-scopes", "repo")];
        let good: Headers<'_> =
            &[("x-accepted-oauth-scopes", "repo, read:org"), ("x-oauth-scopes", "gist, admin:org")];
        let members = || "members=read".to_owned();
        let cases: &[(u16, Headers<'_>, &str, &str, Option<Lack>)] = &[
            (
                403,
                permission,
                "Resource not accessible by personal access token",
                "github_pat_x",
                Some(Lack::Permissions(members())),
            ),
            (
                403,
                permission,
                "Resource not accessible by integration",
                "x",
                Some(Lack::AppPermissions(members())),
            ),
            (403, permission, "Forbidden", "ghs_x", Some(Lack::AppPermissions(members()))),
            (
                403,
                scopes,
                "Forbidden",
                "ghp_x",
                Some(Lack::Scopes { needed: "read:org".into(), held: Some("repo".into()) }),
            ),
            (
                404,
                scopes,
                "Not Found",
                "ghp_x",
                Some(Lack::Scopes { needed: "read:org".into(), held: Some("repo".into()) }),
            ),
            (403, good, "Forbidden", "ghp_x", Some(Lack::Role)),
            (404, good, "Not Found", "ghp_x", None),
            (
                403,
                scopes,
                "This requires admin, or relevant organization role access",
                "ghp_x",
                Some(Lack::Role),
            ),
            (403, scopes, "This installation has been suspended", "ghs_x", Some(Lack::ActiveInstallation)),
            (
                403,
                scopes,
                "The 'Copilot usage metrics' policy must be enabled to use this API",
                "ghp_x",
                None,
            ),
            (401, scopes, "Bad credentials", "ghp_x", None),
            (503, scopes, "Server Error", "ghp_x", None),
            (403, &[("x-github-sso", "required; url=https://x")], "SAML", "ghp_x", Some(Lack::SingleSignOn)),
        ];
        for (status, headers, message, token, expected) in cases {
            assert_eq!(&lacks(*status, headers, message, token), expected, "{status} {message}");
        }
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
        for (held, expected) in [("repo, gist", "it has repo, gist"), ("", "it has none")] {
            let (_, words) =
                case(403, &[("x-accepted-oauth-scopes", "read:org"), ("x-oauth-scopes", held)], "");
            assert_eq!(words, format!("403 Forbidden (needs one of the scopes read:org; {expected})"));
        }
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
