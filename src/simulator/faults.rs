//! Faults on the socket: what networks, proxies and GitHub's bad days do to a client.

use std::str::FromStr;
use std::time::Duration;

use hyper::header::RETRY_AFTER;
use hyper::http::StatusCode;
use parking_lot::{Mutex, MutexGuard};

use super::errors::Refusal;
use super::listener::Door;
use super::routes::{Route, View};

/// A fault and the requests it strikes.
///
/// Written as `key=value` separated by commas, for example `path=/orgs/*/teams,every=3,status=502`:
/// which requests by `path=GLOB` (about the query too if there is a `?` in it), `every=N` and `first=N`, and one kind of `status=CODE`
/// (with `retry-after=SECONDS`, `remaining=0`, `message=TEXT`), `delay=DURATION`, `hang`, `cut`,
/// `reset`, `empty` or `html`; for reports only, `not-ready=204|empty|string|404|502` or `policy-off`; for
/// the download host only, `expired`. Any other kind strikes requests to both hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The request paths it concerns; `*` stands for any characters, slashes too. With a `?` in it, it is
    /// about the query as well: `*/seats?*&page=2`.
    pub path: String,
    /// It strikes every so many matching requests: with 3 the third, sixth, … (0 means 1).
    pub every: u64,
    /// It concerns only so many matching requests from the first on.
    pub first: Option<u64>,
    /// What happens to those it strikes.
    pub kind: FaultKind,
}

/// What happens to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// An error, with the body GitHub's API gives it.
    Status(StatusFault),
    /// The true answer, so much later.
    Delay(Duration),
    /// No answer until the client goes away.
    Hang,
    /// The headers of the true answer and half of its body, then the end of the connection. Of a report
    /// file, half of its first 64 KiB.
    Cut,
    /// The connection is reset (TCP RST) without an answer.
    Reset,
    /// 200 with nothing in it.
    Empty,
    /// 200 with a proxy's page for people.
    Html,
    /// A report that is not there yet.
    NotReady(NotReady),
    /// 403 for reports, whoever asks: the policy that allows them is off.
    PolicyOff,
    /// 403 for files: the link has run out.
    Expired,
}

/// In how many ways GitHub says that a report is not there yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotReady {
    /// 204.
    NoContent,
    /// The true answer without its links.
    NoLinks,
    /// 200 with a string instead of an object.
    Text,
    /// 404.
    NotFound,
    /// 502.
    BadGateway,
}

/// An error status and what comes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusFault {
    /// The status code, 200 to 599.
    pub code: u16,
    /// `Retry-After`, in seconds.
    pub retry_after: Option<u64>,
    /// Whether the rate-limit headers say that nothing is left.
    pub exhausted: bool,
    /// The body's `message` instead of the usual one.
    pub message: Option<String>,
}

impl Fault {
    /// A fault that strikes every request.
    pub fn new(kind: FaultKind) -> Self {
        Self { path: "*".into(), every: 1, first: None, kind }
    }

    /// Whether it has anything to do with this request.
    fn concerns(&self, target: &str, door: Door) -> bool {
        let path = target.split_once('?').map_or(target, |(path, _)| path);
        let is_report = || matches!(Route::of(path), Some(Route::View(View::Report(_), ..)));
        let fits = match self.kind {
            FaultKind::NotReady(_) | FaultKind::PolicyOff => door == Door::Api && is_report(),
            FaultKind::Expired => door == Door::Downloads,
            _ => true,
        };
        fits && matches(&self.path, if self.path.contains('?') { target } else { path })
    }

    /// Whether it strikes the `count`-th matching request, counted from 1.
    fn strikes(&self, count: u64) -> bool {
        count.is_multiple_of(self.every.max(1)) && self.first.is_none_or(|first| count <= first)
    }
}

impl StatusFault {
    /// The error without anything else.
    pub fn new(code: u16) -> Self {
        Self { code, retry_after: None, exhausted: false, message: None }
    }

    pub(super) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The refusal GitHub would give.
    pub(super) fn refusal(&self) -> Refusal {
        let status = self.status();
        let refusal = match &self.message {
            Some(message) => Refusal::new(status, message),
            None if self.exhausted => Refusal::rate_limited(status, "this token"),
            None if self.retry_after.is_some() && status == StatusCode::FORBIDDEN => {
                Refusal::new(status, "You have exceeded a secondary rate limit.")
            }
            None => Refusal::usual(status),
        };
        match self.retry_after {
            Some(seconds) => refusal.with(RETRY_AFTER, seconds.to_string()),
            None => refusal,
        }
    }
}

/// The faults in force, each with the number of matching requests it has seen.
pub(super) struct Faults(Mutex<Vec<(Fault, u64)>>);

impl Faults {
    /// Puts faults in force.
    pub(super) fn new(faults: Vec<Fault>) -> Self {
        let new = Self(Mutex::default());
        new.set(faults);
        new
    }

    /// Puts other faults in force; counting starts again.
    pub(super) fn set(&self, faults: Vec<Fault>) {
        *self.lock() = faults.into_iter().map(|fault| (fault, 0)).collect();
    }

    /// What happens to a request for `target`, a path with its query, at `door`: the first of the faults that
    /// strike it. All that match count it.
    pub(super) fn strike(&self, target: &str, door: Door) -> Option<FaultKind> {
        let mut struck = None;
        for (fault, seen) in self.lock().iter_mut().filter(|(fault, _)| fault.concerns(target, door)) {
            *seen += 1;
            if struck.is_none() && fault.strikes(*seen) {
                struck = Some(fault.kind.clone());
            }
        }
        struck
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Fault, u64)>> {
        self.0.lock()
    }
}

/// Whether `glob`, in which only `*` is special, matches the whole of `path`.
fn matches(glob: &str, path: &str) -> bool {
    let Some((start, rest)) = glob.split_once('*') else { return glob == path };
    let Some(mut path) = path.strip_prefix(start) else { return false };
    let mut pieces: Vec<&str> = rest.split('*').collect();
    let end = pieces.pop().unwrap_or_default();
    for piece in pieces {
        let Some(found) = path.find(piece) else { return false };
        path = &path[found + piece.len()..];
    }
    path.ends_with(end)
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(spec: &str) -> Result<Self, String> {
        let mut draft = Draft::default();
        for part in spec.split(',') {
            let (key, value) = part.split_once('=').map_or((part, None), |(key, value)| (key, Some(value)));
            draft.take(key.trim(), value.map(str::trim))?;
        }
        draft.finish()
    }
}

/// A fault being read.
#[derive(Default)]
struct Draft {
    path: Option<String>,
    every: Option<u64>,
    first: Option<u64>,
    kind: Option<FaultKind>,
    retry_after: Option<u64>,
    exhausted: Option<bool>,
    message: Option<String>,
}

impl Draft {
    fn take(&mut self, key: &str, value: Option<&str>) -> Result<(), String> {
        match (key, value) {
            ("path", Some(glob)) => once(key, &mut self.path, glob.to_owned()),
            ("every", Some(text)) => once(key, &mut self.every, positive(key, text)?),
            ("first", Some(text)) => once(key, &mut self.first, positive(key, text)?),
            ("retry-after", Some(text)) => once(key, &mut self.retry_after, seconds(text)?),
            ("remaining", Some("0")) => once(key, &mut self.exhausted, true),
            ("remaining", Some(_)) => Err("`remaining` can only be 0".into()),
            ("message", Some(text)) => once(key, &mut self.message, text.to_owned()),
            _ => once("kind", &mut self.kind, kind(key, value)?),
        }
    }

    fn finish(self) -> Result<Fault, String> {
        let mut kind = self.kind.ok_or_else(|| format!("a fault needs one of {KINDS}"))?;
        let details = self.retry_after.is_some() || self.exhausted.is_some() || self.message.is_some();
        match &mut kind {
            FaultKind::Status(status) => {
                status.retry_after = self.retry_after;
                status.exhausted = self.exhausted.unwrap_or(false);
                status.message = self.message;
            }
            _ if details => {
                return Err("`retry-after`, `remaining` and `message` go with `status=CODE` only".into());
            }
            _ => {}
        }
        let path = self.path.unwrap_or_else(|| "*".into());
        Ok(Fault { path, every: self.every.unwrap_or(1), first: self.first, kind })
    }
}

const KINDS: &str =
    "status=CODE, delay=DURATION, hang, cut, reset, empty, html, not-ready=HOW, policy-off, expired";

fn kind(key: &str, value: Option<&str>) -> Result<FaultKind, String> {
    Ok(match (key, value) {
        ("status", Some(text)) => {
            let code = text.parse().ok().filter(|code| (200..=599).contains(code));
            FaultKind::Status(StatusFault::new(code.ok_or("`status` is a number from 200 to 599")?))
        }
        ("delay", Some(text)) => {
            FaultKind::Delay(humantime::parse_duration(text).map_err(|_| "`delay` looks like 500ms or 2s")?)
        }
        ("hang", None) => FaultKind::Hang,
        ("cut", None) => FaultKind::Cut,
        ("reset", None) => FaultKind::Reset,
        ("empty", None) => FaultKind::Empty,
        ("html", None) => FaultKind::Html,
        ("not-ready", Some(how)) => FaultKind::NotReady(not_ready(how)?),
        ("policy-off", None) => FaultKind::PolicyOff,
        ("expired", None) => FaultKind::Expired,
        ("hang" | "cut" | "reset" | "empty" | "html" | "policy-off" | "expired", Some(_)) => {
            return Err(format!("`{key}` takes no value"));
        }
        (
            "path" | "every" | "first" | "retry-after" | "remaining" | "message" | "status" | "delay"
            | "not-ready",
            None,
        ) => {
            return Err(format!("`{key}` needs a value: {key}=…"));
        }
        _ => {
            return Err(format!(
                "`{key}` is unknown; a fault is path=GLOB, every=N, first=N and one of {KINDS}"
            ));
        }
    })
}

fn not_ready(how: &str) -> Result<NotReady, String> {
    Ok(match how {
        "204" => NotReady::NoContent,
        "empty" => NotReady::NoLinks,
        "string" => NotReady::Text,
        "404" => NotReady::NotFound,
        "502" => NotReady::BadGateway,
        _ => return Err("`not-ready` is one of 204, empty, string, 404 and 502".into()),
    })
}

fn once<T>(key: &str, place: &mut Option<T>, value: T) -> Result<(), String> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) if key == "kind" => Err(format!("a fault has only one of {KINDS}")),
        Some(_) => Err(format!("`{key}` is given twice")),
    }
}

fn positive(key: &str, text: &str) -> Result<u64, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| format!("`{key}` is a number above 0"))
}

fn seconds(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "`retry-after` is a number of seconds".into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn faults_are_read_as_they_are_written() {
        let limited = StatusFault {
            code: 429,
            retry_after: Some(30),
            exhausted: true,
            message: Some("slow down".into()),
        };
        for (spec, expected) in [
            ("hang", Fault::new(FaultKind::Hang)),
            ("cut,path=/orgs/*", Fault { path: "/orgs/*".into(), ..Fault::new(FaultKind::Cut) }),
            ("every=3, first=9, reset", Fault { every: 3, first: Some(9), ..Fault::new(FaultKind::Reset) }),
            ("delay=1500ms", Fault::new(FaultKind::Delay(Duration::from_millis(1500)))),
            ("empty", Fault::new(FaultKind::Empty)),
            ("html", Fault::new(FaultKind::Html)),
            ("not-ready=204", Fault::new(FaultKind::NotReady(NotReady::NoContent))),
            ("not-ready=string", Fault::new(FaultKind::NotReady(NotReady::Text))),
            ("policy-off", Fault::new(FaultKind::PolicyOff)),
            ("expired", Fault::new(FaultKind::Expired)),
            ("status=500", Fault::new(FaultKind::Status(StatusFault::new(500)))),
            (
                "status=429,retry-after=30,remaining=0,message=slow down",
                Fault::new(FaultKind::Status(limited)),
            ),
        ] {
            assert_eq!(spec.parse::<Fault>(), Ok(expected), "{spec}");
        }
    }

    #[test]
    fn what_is_no_fault_is_refused_in_words() {
        for (spec, expected) in [
            ("", "`` is unknown"),
            ("path=*", "a fault needs one of status=CODE"),
            ("hang,cut", "a fault has only one of status=CODE"),
            ("hang=1", "`hang` takes no value"),
            ("status", "`status` needs a value: status=…"),
            ("not-ready", "`not-ready` needs a value: not-ready=…"),
            ("not-ready=500", "`not-ready` is one of 204, empty, string, 404 and 502"),
            ("expired=1", "`expired` takes no value"),
            ("status=99", "`status` is a number from 200 to 599"),
            ("status=soon", "`status` is a number from 200 to 599"),
            ("delay=soon", "`delay` looks like 500ms or 2s"),
            ("every=0,hang", "`every` is a number above 0"),
            ("first=x,hang", "`first` is a number above 0"),
            ("path=a,path=b,hang", "`path` is given twice"),
            ("status=403,remaining=7", "`remaining` can only be 0"),
            ("status=403,retry-after=soon", "`retry-after` is a number of seconds"),
            ("hang,message=no", "go with `status=CODE` only"),
            ("slow", "`slow` is unknown"),
        ] {
            let error = spec.parse::<Fault>().unwrap_err();
            assert!(error.contains(expected), "{spec}: {error}");
        }
    }

    #[test]
    fn a_star_stands_for_anything() {
        for (glob, path, expected) in [
            ("*", "/orgs/a", true),
            ("/orgs/*", "/orgs/a/teams", true),
            ("/orgs/*/teams", "/orgs/a/teams", true),
            ("/orgs/*/teams", "/orgs/a/teams/x", false),
            ("*usage", "/orgs/a/copilot/usage", true),
            ("/a*b*c", "/abbbc", true),
            ("/a*a", "/a", false),
            ("/orgs/a", "/orgs/a", true),
            ("/orgs/a", "/orgs/ab", false),
            ("", "/", false),
        ] {
            assert_eq!(matches(glob, path), expected, "{glob} on {path}");
        }
    }

    #[test]
    fn a_question_mark_makes_the_query_count() {
        for (glob, target, expected) in [
            ("*/seats", "/orgs/a/copilot/billing/seats?per_page=100&page=2", true),
            ("*/seats?*&page=2", "/orgs/a/copilot/billing/seats?per_page=100&page=2", true),
            ("*/seats?*&page=2", "/orgs/a/copilot/billing/seats?per_page=100&page=3", false),
            ("*/seats?*&page=2", "/orgs/a/copilot/billing/seats?per_page=2", false),
            ("*/seats?*", "/orgs/a/copilot/billing/seats", false),
            ("*page=2", "/orgs/a/copilot/billing/seats?page=2", false),
        ] {
            let faults = Faults::new(vec![format!("hang,path={glob}").parse().unwrap()]);
            assert_eq!(faults.strike(target, Door::Api).is_some(), expected, "{glob} on {target}");
        }
    }

    #[test]
    fn every_and_first_choose_among_the_matching_requests() {
        for (spec, struck) in [
            ("hang,every=3", "--x--x--x"),
            ("hang,first=2", "xx-------"),
            ("hang,every=2,first=5", "-x-x-----"),
            ("hang,path=/b", "---------"),
        ] {
            let faults = Faults::new(vec![spec.parse().unwrap()]);
            let seen: String =
                (0..9).map(|_| if faults.strike("/a", Door::Api).is_some() { 'x' } else { '-' }).collect();
            assert_eq!(seen, struck, "{spec}");
        }
    }

    #[test]
    fn the_first_of_several_faults_strikes_and_all_count() {
        let faults = Faults::new(vec!["hang,first=1".parse().unwrap(), "cut,every=2".parse().unwrap()]);
        let struck: Vec<_> = (0..3).map(|_| faults.strike("/", Door::Api)).collect();
        assert_eq!(struck, [Some(FaultKind::Hang), Some(FaultKind::Cut), None]);
    }

    #[test]
    fn faults_of_reports_and_downloads_strike_and_count_nothing_else() {
        let report = "/orgs/octo/copilot/metrics/reports/users-1-day";
        for (spec, door, path, struck) in [
            ("not-ready=204,first=1", Door::Api, report, true),
            ("not-ready=204", Door::Api, "/orgs/octo/copilot/usage", false),
            ("policy-off", Door::Api, report, true),
            ("policy-off", Door::Downloads, report, false),
            ("expired,first=1", Door::Downloads, "/files/x", true),
            ("expired", Door::Api, report, false),
            ("hang", Door::Downloads, "/files/x", true),
        ] {
            let faults = Faults::new(vec![spec.parse().unwrap()]);
            assert_eq!(faults.strike("/other", Door::Api).is_some(), spec == "hang", "{spec}");
            assert_eq!(faults.strike(path, door).is_some(), struck, "{spec} on {path}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(spec in ".*", glob in "[*/a]{0,6}", path in "[/a]{0,6}") {
            let _ = spec.parse::<Fault>();
            let _ = matches(&glob, &path);
        }
    }
}
