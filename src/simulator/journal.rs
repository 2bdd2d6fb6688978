//! The log of requests that tests read.

use std::collections::VecDeque;

use hyper::header::{AUTHORIZATION, HeaderName, IF_NONE_MATCH, USER_AGENT};
use hyper::http::request::Parts;
use parking_lot::{Mutex, MutexGuard};

/// How many requests are remembered; older ones are forgotten first.
const LENGTH: usize = 10_000;

/// A request the simulator got. What the `Authorization` said is not remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Whether it came to the download host instead of the API.
    pub download: bool,
    /// `GET`, `HEAD`, …
    pub method: String,
    /// The path as it came, still percent-encoded.
    pub path: String,
    /// The query string as it came, without the `?`.
    pub query: Option<String>,
    /// The status that was answered; `None` while there is no answer, which after some faults is for ever.
    pub status: Option<u16>,
    /// Whether there was an `Authorization` header.
    pub authorized: bool,
    /// The `User-Agent` header.
    pub user_agent: Option<String>,
    /// The `If-None-Match` header.
    pub if_none_match: Option<String>,
}

/// All requests in the order they came.
#[derive(Default)]
pub(super) struct Journal {
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    kept: VecDeque<Request>,
    /// How many entries have left the front of `kept`, so that numbers stay valid.
    gone: usize,
}

impl Journal {
    /// Notes a request and returns its number.
    pub(super) fn arrived(&self, request: &Parts, download: bool) -> usize {
        let mut entries = self.lock();
        if entries.kept.len() == LENGTH {
            entries.kept.pop_front();
            entries.gone += 1;
        }
        entries.kept.push_back(Request::of(request, download));
        entries.gone + entries.kept.len() - 1
    }

    /// Notes the status the request of that number was answered with, if it is still remembered.
    pub(super) fn answered(&self, number: usize, status: u16) {
        let mut entries = self.lock();
        let place = number.checked_sub(entries.gone);
        if let Some(request) = place.and_then(|place| entries.kept.get_mut(place)) {
            request.status = Some(status);
        }
    }

    /// What is remembered, oldest first.
    pub(super) fn read(&self) -> Vec<Request> {
        self.lock().kept.iter().cloned().collect()
    }

    /// Forgets everything.
    pub(super) fn clear(&self) {
        let mut entries = self.lock();
        entries.gone += entries.kept.len();
        entries.kept.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock()
    }
}

impl Request {
    fn of(request: &Parts, download: bool) -> Self {
        let header = |name: HeaderName| {
            request.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        Self {
            download,
            method: request.method.to_string(),
            path: request.uri.path().to_owned(),
            query: request.uri.query().map(str::to_owned),
            status: None,
            authorized: request.headers.contains_key(AUTHORIZATION),
            user_agent: header(USER_AGENT),
            if_none_match: header(IF_NONE_MATCH),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(path: &str) -> Parts {
        hyper::Request::builder().uri(path).body(()).unwrap().into_parts().0
    }

    #[test]
    fn the_oldest_requests_are_forgotten_first_and_numbers_stay_valid() {
        let journal = Journal::default();
        let numbers: Vec<_> =
            (0..=LENGTH).map(|n| journal.arrived(&request(&format!("/{n}")), false)).collect();
        journal.answered(numbers[0], 200);
        journal.answered(numbers[LENGTH], 404);
        let kept = journal.read();
        assert_eq!((kept.len(), kept[0].path.as_str(), kept[0].status), (LENGTH, "/1", None));
        assert_eq!(kept[LENGTH - 1].status, Some(404));
    }

    #[test]
    fn an_answer_to_a_forgotten_request_changes_nothing() {
        let journal = Journal::default();
        let number = journal.arrived(&request("/old"), false);
        journal.clear();
        let _ = journal.arrived(&request("/new"), false);
        journal.answered(number, 200);
        assert_eq!(journal.read()[0].status, None);
    }
}
