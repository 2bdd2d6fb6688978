//! Months by remote write, to a receiver that answers as the test wants.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fs,
    io::Write,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Once},
};

use chrono::TimeDelta;
use github_copilot_exporter::{
    backfill::{
        month::{Month, Run, Span},
        options::{Header, Label, ReceiverOptions},
        remote_write::{Receiver, SendError, Sent},
    },
    clock::{Instant, SharedClock},
    metrics::catalogue::CATALOGUE,
};
use tracing_subscriber::{Layer, filter::Targets, layer::SubscriberExt};
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers::method};

use crate::support::{LeapingClock, ManualClock, Patience};

/// When it is for the receivers here.
pub const NOW: &str = "2023-12-01T00:00:00Z";

pub fn now() -> Instant {
    NOW.parse().unwrap()
}

/// Samples by label names and values: seconds since 1970, and the value.
pub type Samples = BTreeMap<BTreeMap<String, String>, Vec<(i64, f64)>>;

/// A month that is built by hand, and what a receiver should have of it.
pub struct Made {
    pub month: Month,
    pub samples: Samples,
}

impl Made {
    pub fn new(extra: &[(&str, &str)]) -> Self {
        let labels: Vec<_> = extra
            .iter()
            .map(|(name, value)| Label { name: (*name).into(), value: (*value).into() })
            .collect();
        let span = Span { begins: Instant::UNIX_EPOCH, ends: Instant::MAX_UTC };
        Self { month: Month::new(span, &labels), samples: Samples::new() }
    }

    /// One series of one organisation, with samples `step` apart, the first so many seconds before [`NOW`].
    pub fn org(mut self, org: &str, before: i64, step: i64, count: u32) -> Self {
        let first = now().timestamp() - before;
        self.add(
            "github_copilot_total_suggestions",
            &["", org, ""],
            &[Run { first, step, count, value: 7.0 }],
        );
        self
    }

    /// Adds a series, whose labels beside its own are none.
    pub fn add(&mut self, metric: &str, values: &[&str], runs: &[Run]) {
        let place = CATALOGUE.iter().position(|other| other.name == metric).unwrap();
        let named = CATALOGUE[place].labels().into_iter().zip(values.iter().copied());
        let labels = named.chain([("__name__", metric)]).filter(|(_, value)| !value.is_empty());
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let samples = self.samples.entry(labels).or_default();
        for run in runs {
            self.month.add(place, values, *run);
            samples.extend((0..i64::from(run.count)).map(|index| (run.first + index * run.step, run.value)));
        }
    }

    pub fn count(&self) -> u64 {
        self.samples.values().map(|samples| samples.len() as u64).sum()
    }
}

/// Sends a month to an address.
pub async fn send(
    url: &str,
    options: &ReceiverOptions,
    clock: SharedClock,
    month: &Month,
) -> Result<Sent, SendError> {
    Receiver::new(&url.parse().unwrap(), options, clock)?.send(month).await
}

/// A receiver that gives these answers, one each, and the last for ever.
pub async fn answering(answers: impl IntoIterator<Item = ResponseTemplate>) -> MockServer {
    let server = MockServer::start().await;
    let mut answers = answers.into_iter().peekable();
    while let Some(answer) = answers.next() {
        let mock = Mock::given(method("POST")).respond_with(answer);
        let mock = if answers.peek().is_some() { mock.up_to_n_times(1) } else { mock };
        mock.mount(&server).await;
    }
    server
}

pub fn status(status: u16) -> ResponseTemplate {
    ResponseTemplate::new(status)
}

pub fn address(server: &MockServer) -> String {
    format!("{}/api/v1/write", server.uri())
}

pub async fn requests(server: &MockServer) -> Vec<Request> {
    server.received_requests().await.unwrap()
}

/// The messages of the specification, so that what is sent is not read by whoever wrote it.
mod specification {
    #[derive(prost::Message)]
    pub struct Request {
        #[prost(message, repeated, tag = "1")]
        pub timeseries: Vec<Series>,
    }

    #[derive(prost::Message)]
    pub struct Series {
        #[prost(message, repeated, tag = "1")]
        pub labels: Vec<Label>,
        #[prost(message, repeated, tag = "2")]
        pub samples: Vec<Sample>,
    }

    #[derive(prost::Message)]
    pub struct Label {
        #[prost(string, tag = "1")]
        pub name: String,
        #[prost(string, tag = "2")]
        pub value: String,
    }

    #[derive(prost::Message)]
    pub struct Sample {
        #[prost(double, tag = "1")]
        pub value: f64,
        #[prost(int64, tag = "2")]
        pub milliseconds: i64,
    }
}

pub fn read(request: &Request) -> Samples {
    let raw = snap::raw::Decoder::new().decompress_vec(&request.body).unwrap();
    let message: specification::Request = prost::Message::decode(&*raw).unwrap();
    let mut samples = Samples::new();
    for series in message.timeseries {
        let labels = series.labels.into_iter().map(|label| (label.name, label.value)).collect();
        let points = series.samples.iter().map(|sample| {
            assert_eq!(sample.milliseconds % 1000, 0);
            (sample.milliseconds / 1000, sample.value)
        });
        samples.entry(labels).or_default().extend(points);
    }
    samples
}

thread_local! {
    /// What the program has logged on this thread, once it is listened to.
    static LOG: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// What the program logs on this thread, at its most talkative.
struct Log;

impl Log {
    /// Begins to listen. The subscriber is that of the whole process: where there are only some of single threads,
    /// `tracing` takes a thread without one for proof that a message interests nobody, and forgets it everywhere.
    fn listen() {
        static SUBSCRIBER: Once = Once::new();
        SUBSCRIBER.call_once(|| {
            let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(|| Self);
            // As in `main`: other crates are heard when something is wrong.
            let levels = Targets::new()
                .with_default(tracing::Level::WARN)
                .with_target("github_copilot_exporter", tracing::Level::TRACE);
            tracing::subscriber::set_global_default(
                tracing_subscriber::registry().with(layer.with_filter(levels)),
            )
            .unwrap();
        });
        LOG.set(Some(Vec::new()));
    }

    /// Ends it, and gives what was said.
    fn take() -> String {
        String::from_utf8(LOG.take().unwrap()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.with_borrow_mut(|log| log.as_mut().map(|log| log.extend_from_slice(bytes)));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn file(dir: &tempfile::TempDir, name: &str, content: &str) -> Option<PathBuf> {
    let path = dir.path().join(name);
    fs::write(&path, content).unwrap();
    Some(path)
}

#[tokio::test]
async fn every_success_is_one_and_nothing_is_lost_between_two_requests() {
    let made = Made::new(&[]).org("octo", 7_200_000, 3600, 1_500).org("hub", 7_200_000, 3600, 1_500);
    for success in [200, 202, 204] {
        let server = answering([status(success)]).await;
        let clock = LeapingClock::starting(NOW);
        let sent =
            send(&address(&server), &ReceiverOptions::default(), clock.clone(), &made.month).await.unwrap();
        let requests = requests(&server).await;
        let bytes = requests.iter().map(|request| request.body.len() as u64).sum();
        assert_eq!(sent, Sent { samples: 3_000, clipped: 0, bytes, requests: 2 });
        let mut found = Samples::new();
        for (labels, samples) in requests.iter().flat_map(read) {
            found.entry(labels).or_default().extend(samples);
        }
        assert_eq!(found, made.samples);
        assert!(clock.waits().is_empty());
    }
}

#[tokio::test]
async fn an_empty_month_needs_no_request() {
    let server = answering([status(204)]).await;
    let month = Made::new(&[]).month;
    let sent =
        send(&address(&server), &ReceiverOptions::default(), LeapingClock::starting(NOW), &month).await;
    assert_eq!(sent.unwrap(), Sent::default());
    assert!(requests(&server).await.is_empty());
}

#[tokio::test]
async fn a_receiver_sees_the_headers_of_the_protocol_and_those_it_is_to_see() {
    let dir = tempfile::tempdir().unwrap();
    let server = answering([status(204)]).await;
    let made = Made::new(&[]).org("octo", 60, 1, 1);
    let bearer = ReceiverOptions {
        bearer_token_file: file(&dir, "token", "a-token\n"),
        tenant: Some("team-a".into()),
        headers: vec![Header { name: "THANOS-TENANT".into(), value: "team b".into() }],
        ..ReceiverOptions::default()
    };
    let basic = ReceiverOptions {
        basic_auth_user: Some("Aladdin".into()),
        basic_auth_password_file: file(&dir, "password", "open sesame\n"),
        ..ReceiverOptions::default()
    };
    let own = ReceiverOptions {
        headers: vec![Header { name: "Authorization".into(), value: "ApiKey x".into() }],
        ..ReceiverOptions::default()
    };
    for options in [&bearer, &basic, &own, &ReceiverOptions::default()] {
        send(&address(&server), options, LeapingClock::starting(NOW), &made.month).await.unwrap();
    }
    let requests = requests(&server).await;
    for request in &requests {
        for (name, value) in [
            ("content-encoding", "snappy"),
            ("content-type", "application/x-protobuf"),
            ("x-prometheus-remote-write-version", "0.1.0"),
            ("user-agent", concat!("github-copilot-exporter/", env!("CARGO_PKG_VERSION"))),
        ] {
            let values: Vec<_> = request.headers.get_all(name).iter().collect();
            assert_eq!(values, [value], "{name}");
        }
    }
    let seen = |name: &str| -> Vec<_> {
        let value =
            |request: &Request| request.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        requests.iter().map(value).collect()
    };
    let some = |text: &str| Some(text.to_owned());
    let authorization =
        [some("Bearer a-token"), some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), some("ApiKey x"), None];
    assert_eq!(seen("authorization"), authorization);
    assert_eq!(seen("x-scope-orgid"), [some("team-a"), None, None, None]);
    assert_eq!(seen("thanos-tenant"), [some("team b"), None, None, None]);
}

#[tokio::test]
async fn a_token_that_is_renewed_while_a_receiver_is_waited_for_is_used_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(&dir, "token", "first");
    let renewed = path.clone().unwrap();
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(move |_: &Request| {
            fs::write(&renewed, "second").unwrap();
            status(503)
        })
        .up_to_n_times(1)
        .mount(&server)
        .await;
    Mock::given(method("POST")).respond_with(status(204)).mount(&server).await;
    let options = ReceiverOptions { bearer_token_file: path, ..ReceiverOptions::default() };
    let month = Made::new(&[]).org("octo", 60, 1, 1).month;
    send(&address(&server), &options, LeapingClock::starting(NOW), &month).await.unwrap();
    let seen: Vec<_> =
        requests(&server).await.iter().map(|request| request.headers["authorization"].clone()).collect();
    assert_eq!(seen, ["Bearer first", "Bearer second"]);
}

#[tokio::test]
async fn a_receiver_in_trouble_is_asked_again_and_gets_the_same_request() {
    let server = answering([status(500), status(503), status(204)]).await;
    let made = Made::new(&[]).org("octo", 600, 60, 10);
    let clock = LeapingClock::starting(NOW);
    let sent =
        send(&address(&server), &ReceiverOptions::default(), clock.clone(), &made.month).await.unwrap();
    assert_eq!((sent.samples, sent.requests), (10, 3));
    let requests = requests(&server).await;
    assert!(requests.iter().all(|request| read(request) == made.samples));
    assert_eq!(sent.bytes, 3 * requests[0].body.len() as u64);
    let waits = clock.waits();
    for (wait, seconds) in waits.iter().zip([1.0, 2.0]) {
        let wait = wait.as_seconds_f64();
        assert!(wait >= seconds / 2.0 && wait <= seconds, "{waits:?}");
    }
    assert_eq!(waits.len(), 2);
}

#[tokio::test]
async fn a_sample_that_is_too_old_for_the_receiver_is_not_sent_again_whatever_the_status() {
    let server = answering([status(500).set_body_string("too old sample\n")]).await;
    let month = Made::new(&[]).org("octo", 600, 60, 10).month;
    let clock = LeapingClock::starting(NOW);
    let sent = send(&address(&server), &ReceiverOptions::default(), clock.clone(), &month).await;
    let error = sent.unwrap_err().to_string();
    assert!(
        error.contains("500 Internal Server Error: too old sample (")
            && error.contains("--out-of-order-window"),
        "{error}"
    );
    assert_eq!((requests(&server).await.len(), clock.waits().len()), (1, 0));
}

#[tokio::test]
async fn a_receiver_that_stays_in_trouble_is_given_up_with_its_own_words() {
    let server = answering([status(500).set_body_string("no space left\n")]).await;
    let month = Made::new(&[]).org("octo", 600, 60, 10).month;
    let clock = LeapingClock::starting(NOW);
    let url = format!("{}?token=SECRET", address(&server));
    let error = send(&url, &ReceiverOptions::default(), clock.clone(), &month).await.unwrap_err().to_string();
    let expected =
        format!("{}: not taken 9 times, at last: 500 Internal Server Error: no space left", address(&server));
    assert!(error.starts_with(&expected), "{error}");
    assert_eq!((requests(&server).await.len(), clock.waits().len()), (9, 8));
    let total: TimeDelta = clock.waits().into_iter().sum();
    assert!(total > TimeDelta::seconds(60) && total < TimeDelta::seconds(122), "{total}");
}

#[tokio::test]
async fn a_receiver_that_is_asked_too_much_is_left_alone_for_exactly_as_long_as_it_says() {
    for (answer, said, waited) in [
        (429, "30", 30),
        (429, "Fri, 01 Dec 2023 00:02:00 GMT", 120),
        (429, "Friday, 01-Dec-23 00:00:07 GMT", 7),
        (503, "3600", 3600),
    ] {
        let server = answering([status(answer).insert_header("Retry-After", said), status(204)]).await;
        let clock = LeapingClock::starting(NOW);
        let month = Made::new(&[]).org("octo", 60, 1, 1).month;
        let sent = send(&address(&server), &ReceiverOptions::default(), clock.clone(), &month).await.unwrap();
        assert_eq!((sent.samples, sent.requests), (1, 2));
        assert_eq!(clock.waits(), [TimeDelta::seconds(waited)], "{said}");
    }
}

#[tokio::test]
async fn nothing_is_sent_before_the_time_has_come() {
    let server = answering([status(429).insert_header("Retry-After", "30"), status(204)]).await;
    let clock = ManualClock::starting(NOW);
    let (url, own) = (address(&server), Arc::clone(&clock));
    let sending = tokio::spawn(async move {
        let month = Made::new(&[]).org("octo", 60, 1, 1).month;
        send(&url, &ReceiverOptions::default(), own, &month).await
    });
    let patience = Patience::new();
    while requests(&server).await.is_empty() {
        patience.check("the first request");
        tokio::task::yield_now().await;
    }
    while !clock.is_waited_for() {
        patience.check("the wait");
        tokio::task::yield_now().await;
    }
    clock.advance(29);
    tokio::task::yield_now().await;
    assert_eq!((requests(&server).await.len(), sending.is_finished()), (1, false));
    clock.advance(1);
    assert_eq!(sending.await.unwrap().unwrap().requests, 2);
}

#[tokio::test]
async fn a_receiver_that_says_nothing_of_time_is_left_alone_for_longer_and_longer() {
    let refusals = [status(429), status(429).insert_header("Retry-After", "soon"), status(204)];
    let server = answering(refusals).await;
    let clock = LeapingClock::starting(NOW);
    let month = Made::new(&[]).org("octo", 60, 1, 1).month;
    send(&address(&server), &ReceiverOptions::default(), clock.clone(), &month).await.unwrap();
    let waits: Vec<_> = clock.waits().into_iter().map(TimeDelta::as_seconds_f64).collect();
    assert!(matches!(*waits, [0.5..=1.0, 1.0..=2.0]), "{waits:?}");
}

#[tokio::test]
async fn nobody_waits_for_a_receiver_until_tomorrow() {
    let server =
        answering([status(429).insert_header("Retry-After", "86400").set_body_string("quota")]).await;
    let clock = LeapingClock::starting(NOW);
    let month = Made::new(&[]).org("octo", 60, 1, 1).month;
    let error =
        send(&address(&server), &ReceiverOptions::default(), clock.clone(), &month).await.unwrap_err();
    let expected = format!(
        "{}: asks to be left alone for 1day, start again then: 429 Too Many Requests: quota",
        address(&server)
    );
    assert_eq!(error.to_string(), expected);
    assert!(clock.waits().is_empty());
}

#[tokio::test]
async fn a_refusal_is_final_and_comes_with_the_receivers_words_and_what_to_change() {
    for (code, said, shown, advice) in [
        (400, "out of bounds\n", "400 Bad Request: out of bounds", "--out-of-order-window"),
        (400, "duplicate sample for timestamp", "400 Bad Request: duplicate sample", "another value"),
        (401, "no org id", "401 Unauthorized: no org id", "--tenant"),
        (403, "", "403 Forbidden", "--bearer-token-file"),
        (404, "404 page not found", "404 Not Found", "--web.enable-remote-write-receiver"),
        (409, "out of order sample", "409 Conflict", "--tsdb.out-of-order.time-window"),
        (413, "<html>", "413 Payload Too Large", "raise the limit"),
        (422, "bad\u{7}\r\nlabel", "422 Unprocessable Entity: bad   label", ""),
    ] {
        let server = answering([status(code).set_body_string(said), status(204)]).await;
        let clock = LeapingClock::starting(NOW);
        let month = Made::new(&[]).org("octo", 600, 60, 10).month;
        let error =
            send(&address(&server), &ReceiverOptions::default(), clock.clone(), &month).await.unwrap_err();
        let words = error.to_string();
        assert!(matches!(error, SendError::Refused { .. }), "{error:?}");
        assert!(words.starts_with(&format!("{}: {shown}", address(&server))), "{words}");
        assert!(words.contains(advice), "{words}");
        assert_eq!((requests(&server).await.len(), clock.waits().len()), (1, 0), "{words}");
    }
}

#[tokio::test]
async fn a_long_page_is_cut() {
    let server = answering([status(400).set_body_string("x".repeat(1 << 20))]).await;
    let month = Made::new(&[]).org("octo", 60, 1, 1).month;
    let error =
        send(&address(&server), &ReceiverOptions::default(), LeapingClock::starting(NOW), &month).await;
    let words = error.unwrap_err().to_string();
    assert_eq!(words.matches("xxxx").count(), 50, "{words}");
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_its_target_named_without_its_query() {
    let elsewhere = answering([status(204)]).await;
    let target = format!("{}/login?token=SECRET", elsewhere.uri());
    for code in [301, 302, 307, 308] {
        let server = answering([status(code).insert_header("Location", &*target)]).await;
        let month = Made::new(&[]).org("octo", 60, 1, 1).month;
        let error =
            send(&address(&server), &ReceiverOptions::default(), LeapingClock::starting(NOW), &month).await;
        let words = error.unwrap_err().to_string();
        assert!(words.contains(&format!("it redirects to {}/login,", elsewhere.uri())), "{words}");
        assert!(!words.contains("SECRET"), "{words}");
        assert_eq!(requests(&server).await.len(), 1);
    }
    assert!(requests(&elsewhere).await.is_empty());
}

#[tokio::test]
async fn a_receiver_that_is_not_there_is_given_up_after_a_while() {
    // Bound, so that nobody else gets the port, and not listening.
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&"127.0.0.1:0".parse::<SocketAddr>().unwrap().into()).unwrap();
    let port = socket.local_addr().unwrap().as_socket().unwrap().port();
    let clock = LeapingClock::starting(NOW);
    let month = Made::new(&[]).org("octo", 60, 1, 1).month;
    let url = format!("http://127.0.0.1:{port}/write?token=SECRET");
    let error = send(&url, &ReceiverOptions::default(), clock.clone(), &month).await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("http://127.0.0.1:{port}/write: not taken 9 times")), "{error}");
    assert!(error.contains("Connection refused") && !error.contains("SECRET"), "{error}");
    assert_eq!(clock.waits().len(), 8);
}

#[tokio::test]
async fn a_receiver_that_hangs_up_is_asked_again() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let hanging_up = tokio::spawn(async move {
        loop {
            drop(listener.accept().await.unwrap());
        }
    });
    let clock = LeapingClock::starting(NOW);
    let month = Made::new(&[]).org("octo", 60, 1, 1).month;
    let url = format!("http://127.0.0.1:{port}/write");
    let error = send(&url, &ReceiverOptions::default(), clock.clone(), &month).await.unwrap_err().to_string();
    assert!(error.contains("not taken 9 times, at last: error sending request"), "{error}");
    assert_eq!(clock.waits().len(), 8);
    hanging_up.abort();
}

#[tokio::test]
async fn secrets_are_in_no_error_and_no_log_even_if_the_receiver_says_them() {
    let dir = tempfile::tempdir().unwrap();
    let server = MockServer::start().await;
    let echo = |request: &Request| {
        let headers: String = request.headers.values().map(|value| value.to_str().unwrap()).collect();
        status(500).set_body_string(format!("{} {headers}", request.url))
    };
    Mock::given(method("POST")).respond_with(echo).mount(&server).await;
    let headers = vec![Header { name: "a-key".into(), value: "SECRET-key".into() }];
    let bearer = ReceiverOptions {
        bearer_token_file: file(&dir, "token", "SECRET-token\n"),
        headers: headers.clone(),
        ..ReceiverOptions::default()
    };
    let basic = ReceiverOptions {
        basic_auth_user: Some("user".into()),
        basic_auth_password_file: file(&dir, "password", "SECRET-password"),
        headers,
        ..ReceiverOptions::default()
    };
    Log::listen();
    let month = Made::new(&[]).org("octo", 60, 1, 1).month;
    let url = format!("{}?token=SECRET-query&x=%53ECRET-encoded", address(&server));
    let mut shown = String::new();
    for options in [bearer, basic] {
        let receiver = Receiver::new(&url.parse().unwrap(), &options, LeapingClock::starting(NOW)).unwrap();
        let error = receiver.send(&month).await.unwrap_err();
        shown += &format!("{error} {error:?} {receiver:?} {options:?}\n");
    }
    let log = Log::take();
    assert_eq!(log.matches("not taken, will be sent again").count(), 16, "{log}");
    assert!(log.contains("500 Internal Server Error") && log.contains("wait="), "{log}");
    for text in [shown, log] {
        assert!(text.contains("***"), "{text}");
        for secret in ["SECRET", "%53ECRET", "dXNlcjpTRUNSRVQtcGFzc3dvcmQ="] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
}

#[tokio::test]
async fn samples_older_than_the_window_are_left_out_and_counted_to_the_second() {
    let server = answering([status(204)]).await;
    let window = std::time::Duration::from_secs(3600);
    let options = ReceiverOptions { out_of_order_window: Some(window), ..ReceiverOptions::default() };
    // One sample a second, around the moment that is a minute younger than the window.
    let made = Made::new(&[]).org("octo", 3545, 1, 11);
    let sent = send(&address(&server), &options, LeapingClock::starting(NOW), &made.month).await.unwrap();
    assert_eq!((sent.samples, sent.clipped, sent.requests), (6, 5, 1));
    let samples: Vec<_> = read(&requests(&server).await[0]).into_values().flatten().collect();
    let oldest = now().timestamp() - 3540;
    assert_eq!(samples, (0..6).map(|index| (oldest + index, 7.0)).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_becomes_too_old_while_a_receiver_is_waited_for_is_left_out_of_the_next_try() {
    let server = answering([status(429).insert_header("Retry-After", "120"), status(204)]).await;
    let window = std::time::Duration::from_secs(3600);
    let options = ReceiverOptions { out_of_order_window: Some(window), ..ReceiverOptions::default() };
    let made = Made::new(&[]).org("octo", 3540, 60, 5).org("hub", 3540, 60, 1);
    let sent = send(&address(&server), &options, LeapingClock::starting(NOW), &made.month).await.unwrap();
    assert_eq!((sent.samples, sent.clipped, sent.requests), (3, 3, 2));
    let counts: Vec<Vec<_>> =
        requests(&server).await.iter().map(|r| read(r).values().map(Vec::len).collect()).collect();
    assert_eq!(counts, [vec![1, 5], vec![3]]);
}

#[tokio::test]
async fn a_month_that_is_too_old_as_a_whole_needs_no_request() {
    let server = answering([status(204)]).await;
    let window = std::time::Duration::from_secs(3600);
    let options = ReceiverOptions { out_of_order_window: Some(window), ..ReceiverOptions::default() };
    let made = Made::new(&[]).org("octo", 86_400 * 30, 3600, 240).org("hub", 86_400 * 30, 3600, 240);
    let sent = send(&address(&server), &options, LeapingClock::starting(NOW), &made.month).await.unwrap();
    assert_eq!(sent, Sent { clipped: 480, ..Sent::default() });
    // It became so while it was waited for.
    let server = answering([status(429).insert_header("Retry-After", "3000"), status(204)]).await;
    let made = Made::new(&[]).org("octo", 3000, 1, 10);
    let sent = send(&address(&server), &options, LeapingClock::starting(NOW), &made.month).await.unwrap();
    assert_eq!((sent.samples, sent.clipped, sent.requests), (0, 10, 1));
}
