//! The download host: files for whoever has a link, in the manner of a blob storage.
//!
//! It knows no tokens and wants none: a request with an `Authorization` header is refused, so that a
//! client that carries its token here is seen.

use chrono::{DateTime, Utc};
use hyper::header::{AUTHORIZATION, DATE, RETRY_AFTER};
use hyper::http::request::Parts;
use hyper::http::{Method, StatusCode};

use super::answer::Answer;
use super::faults::StatusFault;
use super::files::File;
use super::links::Denial;
use super::paging::Query;
use super::reports::Reports;

/// Why a request gets no file.
struct Refused {
    status: StatusCode,
    code: String,
    message: String,
}

/// The answer to a request, and the file that follows it if there is one.
pub(super) fn answer(reports: &Reports, request: &Parts, now: DateTime<Utc>) -> (Answer, Option<File>) {
    let (mut answer, file) = match find(reports, request, now) {
        Ok(file) => (Answer::text(StatusCode::OK, "application/x-ndjson", ""), Some(file)),
        Err(refused) => (refused.into(), None),
    };
    answer.set(DATE, &now.format("%a, %d %b %Y %H:%M:%S GMT"));
    (answer, file)
}

/// The file a request asks for, if it has the right to.
fn find(reports: &Reports, request: &Parts, now: DateTime<Utc>) -> Result<File, Refused> {
    if request.headers.contains_key(AUTHORIZATION) {
        let message = "The link is all the authentication there is; Authorization must not be sent here.";
        return Err(Refused::new(StatusCode::BAD_REQUEST, "InvalidAuthenticationInfo", message));
    }
    if ![Method::GET, Method::HEAD].contains(&request.method) {
        let message = "The resource does not support this verb.";
        return Err(Refused::new(StatusCode::METHOD_NOT_ALLOWED, "UnsupportedHttpVerb", message));
    }
    let path = request.uri.path();
    reports.links.check(path, &Query::of(request.uri.query()), now).map_err(|denial| match denial {
        Denial::Unsigned => Refused::failed("Signature did not match."),
        Denial::Untimely { start, end } => Refused::failed(&format!(
            "Signature not valid in the specified time frame: {start} to {end}; it is {now}."
        )),
    })?;
    let missing =
        || Refused::new(StatusCode::NOT_FOUND, "BlobNotFound", "The specified blob does not exist.");
    File::at(path).ok_or_else(missing)
}

/// The refusal of a link that has run out.
pub(super) fn expired() -> Answer {
    Refused::failed("Signature not valid in the specified time frame: it has expired.").into()
}

/// The answer that a fault gives instead.
pub(super) fn stumble(fault: &StatusFault) -> Answer {
    let status = fault.status();
    if [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&status) {
        return Answer::empty(status);
    }
    let reason = status.canonical_reason().unwrap_or("Unknown");
    let message = fault.message.as_deref().unwrap_or(reason);
    let mut answer = Answer::from(Refused::new(status, &reason.replace(' ', ""), message));
    if let Some(seconds) = fault.retry_after {
        answer.set(RETRY_AFTER, &seconds);
    }
    answer
}

impl Refused {
    fn new(status: StatusCode, code: &str, message: &str) -> Self {
        Self { status, code: code.to_owned(), message: message.to_owned() }
    }

    /// 403 for a link that does not work.
    fn failed(detail: &str) -> Self {
        let message = format!("The server failed to authenticate the request. {detail}");
        Self::new(StatusCode::FORBIDDEN, "AuthenticationFailed", &message)
    }
}

impl From<Refused> for Answer {
    fn from(Refused { status, code, message }: Refused) -> Self {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
        );
        Self::text(status, "application/xml", body)
    }
}
