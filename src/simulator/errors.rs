//! Refusals, with the bodies GitHub's API gives them: `message`, `documentation_url`, `status` as a string.

use hyper::header::HeaderName;
use hyper::http::StatusCode;
use serde::Serialize;

use super::answer::Answer;

const DOCUMENTATION: &str = "https://docs.github.com/rest";
const POLICY: &str = "https://docs.github.com/copilot/concepts/copilot-metrics#organization-level-metrics";

/// Why a request gets no data.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    message: String,
    errors: Vec<Invalid>,
    headers: Vec<(HeaderName, String)>,
    documentation: &'static str,
}

/// One element of `errors[]`, which only a 422 has.
#[derive(Debug, Serialize)]
struct Invalid {
    resource: &'static str,
    field: &'static str,
    code: &'static str,
    message: String,
}

#[derive(Serialize)]
struct Body<'r> {
    message: &'r str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'r [Invalid],
    documentation_url: &'static str,
    status: &'r str,
}

impl Refusal {
    /// A refusal in words of one's own.
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { status, message, errors: Vec::new(), headers: Vec::new(), documentation: DOCUMENTATION }
    }

    /// A refusal in the words GitHub usually has for this status.
    pub(super) fn usual(status: StatusCode) -> Self {
        let message = match status {
            StatusCode::UNAUTHORIZED => "Bad credentials",
            StatusCode::UNPROCESSABLE_ENTITY => "Validation Failed",
            StatusCode::TOO_MANY_REQUESTS => "You have exceeded a secondary rate limit.",
            status if status.is_server_error() => "Server Error",
            status => status.canonical_reason().unwrap_or("Unknown"),
        };
        Self::new(status, message)
    }

    /// 401 for a request without credentials.
    pub(super) fn requires_authentication() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Requires authentication")
    }

    /// 404: unknown, or hidden from this caller; on purpose the same.
    pub(super) fn not_found() -> Self {
        Self::usual(StatusCode::NOT_FOUND)
    }

    /// 403 and 429 for a spent rate limit.
    pub(super) fn rate_limited(status: StatusCode, caller: &str) -> Self {
        Self::new(status, format!("API rate limit exceeded for {caller}."))
    }

    /// 403 for everybody while the policy that allows the reports is off.
    pub(super) fn policy_off() -> Self {
        let message = "The 'Copilot usage metrics' policy must be enabled to use this API";
        Self { documentation: POLICY, ..Self::new(StatusCode::FORBIDDEN, message) }
    }

    /// 422 for a query parameter that cannot be used.
    pub(super) fn invalid(resource: &'static str, field: &'static str, message: impl Into<String>) -> Self {
        let error = Invalid { resource, field, code: "invalid", message: message.into() };
        Self { errors: vec![error], ..Self::usual(StatusCode::UNPROCESSABLE_ENTITY) }
    }

    /// The same with a header.
    pub(super) fn with(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        let Refusal { status, message, errors, headers, documentation } = refusal;
        let body = Body {
            message: &message,
            errors: &errors,
            documentation_url: documentation,
            status: status.as_str(),
        };
        let mut answer = Answer::json(status, &body);
        for (name, value) in headers {
            answer.set(name, &value);
        }
        answer
    }
}
