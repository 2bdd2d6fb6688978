//! Months by remote write, to other people's programs, from which every sample is read back.

use std::{collections::BTreeMap, fs, process::Command, time::Duration};

use github_copilot_exporter::backfill::{month::Run, options::ReceiverOptions, remote_write::Sent};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::Value;

use crate::{
    program::Running,
    remote_write::{Made, NOW, Samples, now, send},
    support::LeapingClock,
};

const DAY: i64 = 86_400;

fn days(days: u64) -> Duration {
    Duration::from_secs(days * 86_400)
}

/// What a backfill could send of 50 days: a few hundred series, with names as strange as GitHub lets them be. The
/// newest sample is two hours old.
fn history() -> Made {
    let mut made = Made::new(&[("job", "copilot"), ("instance", "copilot:10220")]);
    let begin = now().timestamp() - 50 * DAY;
    let strange = ["say \"hi\"", "back\\slash", "two\nlines", "🦀 crab", "{a=\"b\"}", "ünï"];
    for (number, org) in ["octo", "hub"].iter().enumerate() {
        let teams = (0..30).map(|team| format!("team-{team}")).chain(strange.map(str::to_owned));
        for (team, name) in teams.chain([String::new()]).enumerate() {
            let value = |day: u32| f64::from(day * 1000) + (number * 100 + team) as f64;
            let hourly = |day: u32| Run {
                first: begin + i64::from(day) * DAY,
                step: 3600,
                count: if day < 49 { 24 } else { 23 },
                value: value(day),
            };
            let total: Vec<_> = (0..50).step_by(7).map(hourly).collect();
            made.add("github_copilot_total_suggestions", &["", org, &name], &total);
            // A figure that does not change is one run from the first to the last.
            let steady = Run { first: begin, step: DAY, count: 50, value: 0.0 };
            made.add("github_copilot_total_active_users", &["", org, &name], &[steady]);
            let once = |day: u32| Run { count: 1, ..hourly(day) };
            for day in [0, 49] {
                let labels = ["", org, &name, &format!("day {day}")];
                made.add("github_copilot_daily_suggestions", &labels, &[once(day)]);
            }
            let fraction = Run { value: 0.125, ..once(3) };
            made.add("github_copilot_suggestions", &["", org, &name, "c#", "vs code"], &[fraction, once(4)]);
        }
    }
    made
}

/// A sample of another series from this very moment: a receiver in use has newer ones than those of a backfill.
fn newest() -> Made {
    Made::new(&[]).org("newest", 0, 1, 1)
}

/// What a query of raw samples gives.
fn samples(answer: &Value) -> Samples {
    assert_eq!(answer["status"], "success", "{answer}");
    let mut found = Samples::new();
    for series in answer["data"]["result"].as_array().unwrap() {
        let labels: BTreeMap<String, String> = serde_json::from_value(series["metric"].clone()).unwrap();
        let values: Vec<(i64, String)> = serde_json::from_value(series["values"].clone()).unwrap();
        let values = values.into_iter().map(|(at, value)| (at, value.parse().unwrap())).collect();
        assert_eq!(found.insert(labels, values), None);
    }
    found
}

struct Prometheus {
    _running: Running,
    url: String,
    _data: tempfile::TempDir,
}

impl Prometheus {
    /// Starts it with a window of so many days, and further switches.
    fn start(window: u32, data: tempfile::TempDir, switches: &[String]) -> Self {
        let config = data.path().join("prometheus.yml");
        fs::write(&config, format!("storage: {{tsdb: {{out_of_order_time_window: {window}d}}}}\n")).unwrap();
        let mut command = Command::new("prometheus");
        command
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", data.path().join("tsdb").display()))
            // The window is of no use to what is deleted because it is old.
            .arg("--storage.tsdb.retention.time=10y")
            .arg("--web.listen-address=127.0.0.1:0")
            .args(switches);
        let running = Running::start(command);
        running.line_with("Server is ready to receive web requests");
        let url = format!("http://127.0.0.1:{}", running.port());
        Self { _running: running, url, _data: data }
    }

    fn receiving(window: u32) -> Self {
        let switch = "--web.enable-remote-write-receiver".to_owned();
        Self::start(window, tempfile::tempdir().unwrap(), &[switch])
    }

    fn write_url(&self) -> String {
        format!("{}/api/v1/write", self.url)
    }

    async fn send(&self, made: &Made, window: Option<Duration>) -> Result<Sent, String> {
        let options = ReceiverOptions { out_of_order_window: window, ..ReceiverOptions::default() };
        let sent = send(&self.write_url(), &options, LeapingClock::starting(NOW), &made.month).await;
        sent.map_err(|error| error.to_string())
    }

    /// Everything of the last 90 days but the newest sample.
    async fn read(&self) -> Samples {
        let query = r#"{__name__=~"github_copilot_.*",org!="newest"}[90d]"#;
        let url = format!("{}/api/v1/query", self.url);
        let query = [("query", query), ("time", NOW)];
        samples(&reqwest::Client::new().get(url).query(&query).send().await.unwrap().json().await.unwrap())
    }
}

/// Compares series by series: to print thousands of samples would help nobody.
fn assert_same(found: &Samples, expected: &Samples) {
    for (labels, samples) in expected {
        assert_eq!(found.get(labels), Some(samples), "{labels:?}");
    }
    assert_eq!(found.len(), expected.len());
}

/// The same with the labels that every series has.
fn labelled(samples: &Samples) -> Samples {
    let extra = [("job", "copilot"), ("instance", "copilot:10220")];
    let with = |labels: &BTreeMap<String, String>| {
        labels.clone().into_iter().chain(extra.map(|(name, value)| (name.into(), value.into()))).collect()
    };
    samples.iter().map(|(labels, samples)| (with(labels), samples.clone())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_has_every_sample_of_a_month_that_came_late_and_twice() {
    let prometheus = Prometheus::receiving(60);
    prometheus.send(&newest(), None).await.unwrap();
    let history = history();
    let expected = labelled(&history.samples);
    for _ in 0..2 {
        let sent = prometheus.send(&history, Some(days(60))).await.unwrap();
        assert_eq!((sent.samples, sent.clipped), (history.count(), 0));
        assert!(sent.requests > 5, "{sent:?}");
        assert_same(&prometheus.read().await, &expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_takes_what_is_within_its_window_and_of_what_is_not_the_error_says_what_to_do() {
    let prometheus = Prometheus::receiving(30);
    prometheus.send(&newest(), None).await.unwrap();
    let history = history();
    let error = prometheus.send(&history, None).await.unwrap_err();
    assert!(error.contains("too old sample") && error.contains("--out-of-order-window"), "{error}");

    let sent = prometheus.send(&history, Some(days(30))).await.unwrap();
    let oldest = now().timestamp() - 30 * DAY + 60;
    let mut expected = labelled(&history.samples);
    for samples in expected.values_mut() {
        samples.retain(|(at, _)| *at >= oldest);
    }
    expected.retain(|_, samples| !samples.is_empty());
    let count = expected.values().map(|samples| samples.len() as u64).sum();
    assert_eq!((sent.samples, sent.clipped), (count, history.count() - count));
    assert!(count > 1_000 && sent.clipped > 1_000, "{sent:?}");
    assert_same(&prometheus.read().await, &expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_without_a_window_or_without_a_receiver_is_named_with_what_it_lacks() {
    let prometheus = Prometheus::receiving(0);
    prometheus.send(&newest(), None).await.unwrap();
    let error = prometheus.send(&history(), None).await.unwrap_err();
    assert!(
        error.contains("400 Bad Request: out of bounds (") && error.contains("--out-of-order"),
        "{error}"
    );

    let prometheus = Prometheus::start(60, tempfile::tempdir().unwrap(), &[]);
    let error = prometheus.send(&newest(), None).await.unwrap_err();
    assert!(
        error.contains("404 Not Found: ") && error.contains("--web.enable-remote-write-receiver"),
        "{error}"
    );
}

/// Certificates out of one hand, in files: `ca.pem` and another in front of it, `server.pem`, `client.pem`, and keys.
fn certificates() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| fs::write(dir.path().join(name), text).unwrap();
    let authority = || {
        let (mut params, key) = (CertificateParams::new([]).unwrap(), KeyPair::generate().unwrap());
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        (Issuer::new(params, key), pem)
    };
    let ((issuer, pem), (_, another)) = (authority(), authority());
    write("ca.pem", format!("{another}{pem}"));
    write("another.pem", another);
    for name in ["server", "client"] {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        write(&format!("{name}.pem"), params.signed_by(&key, &issuer).unwrap().pem());
        write(&format!("{name}.key"), key.serialize_pem());
    }
    dir
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_behind_tls_is_trusted_by_ca_file_only_and_knows_who_sends() {
    let dir = certificates();
    let path = |name: &str| Some(dir.path().join(name));
    fs::write(dir.path().join("password"), "pass word\n").unwrap();
    // The hash is of "pass word".
    let web = "tls_server_config: {cert_file: server.pem, key_file: server.key, client_ca_file: ca.pem, \
               client_auth_type: RequireAndVerifyClientCert}\n\
               basic_auth_users: {user: $2b$04$QGYkz771atXtxrpuennqm.ubmfqFmiGiC8ZXfrYbue1iAUF7jgeqK}\n";
    fs::write(dir.path().join("web.yml"), web).unwrap();
    let switches = [
        "--web.enable-remote-write-receiver".to_owned(),
        format!("--web.config.file={}", dir.path().join("web.yml").display()),
    ];
    let prometheus = Prometheus::start(60, tempfile::tempdir().unwrap(), &switches);
    let url = prometheus.write_url().replace("http:", "https:");
    let whole = ReceiverOptions {
        basic_auth_user: Some("user".into()),
        basic_auth_password_file: path("password"),
        ca_file: path("ca.pem"),
        cert_file: path("client.pem"),
        key_file: path("client.key"),
        ..ReceiverOptions::default()
    };
    let month = newest().month;
    let sent = send(&url, &whole, LeapingClock::starting(NOW), &month).await.unwrap();
    assert_eq!(sent.samples, 1);

    let unknown = ReceiverOptions { ca_file: None, ..whole.clone() };
    let wrong = ReceiverOptions { ca_file: path("another.pem"), ..whole.clone() };
    for options in [unknown, wrong] {
        let clock = LeapingClock::starting(NOW);
        let error = send(&url, &options, clock.clone(), &month).await.unwrap_err().to_string();
        assert!(error.contains("invalid peer certificate") && error.contains("--ca-file"), "{error}");
        assert!(clock.waits().is_empty(), "it does not heal: {error}");
    }
    // Whether the alert that says so is read before the connection breaks is a matter of luck.
    let nobody = ReceiverOptions { cert_file: None, key_file: None, ..whole.clone() };
    send(&url, &nobody, LeapingClock::starting(NOW), &month).await.unwrap_err();
    let stranger = ReceiverOptions { basic_auth_user: None, basic_auth_password_file: None, ..whole.clone() };
    let error = send(&url, &stranger, LeapingClock::starting(NOW), &month).await.unwrap_err().to_string();
    assert!(error.contains("401 Unauthorized") && error.contains("--basic-auth-user"), "{error}");
}

struct VictoriaMetrics {
    _running: Running,
    url: String,
    _data: tempfile::TempDir,
}

impl VictoriaMetrics {
    fn start(switches: &[&str]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut command = Command::new("victoria-metrics");
        command
            .arg(format!("-storageDataPath={}", data.path().display()))
            .arg("-httpListenAddr=127.0.0.1:0")
            .arg("-retentionPeriod=10y")
            .args(switches);
        let running = Running::start(command);
        running.line_with("started VictoriaMetrics");
        let url = format!("http://127.0.0.1:{}", running.port());
        Self { _running: running, url, _data: data }
    }

    async fn send(&self, made: &Made) -> Sent {
        let url = format!("{}/api/v1/write", self.url);
        send(&url, &ReceiverOptions::default(), LeapingClock::starting(NOW), &made.month).await.unwrap()
    }

    async fn get(&self, path: &str, query: &[(&str, &str)]) -> String {
        let url = format!("{}{path}", self.url);
        let answer = reqwest::Client::new().get(url).query(query).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {answer:?}");
        answer.text().await.unwrap()
    }

    /// Everything it has, once what was sent can be read.
    async fn export(&self) -> Samples {
        self.get("/internal/force_flush", &[]).await;
        let query = [("match[]", r#"{__name__=~"github_copilot_.*"}"#), ("start", "2023-01-01T00:00:00Z")];
        let mut found = Samples::new();
        for line in self.get("/api/v1/export", &query).await.lines() {
            let series: Value = serde_json::from_str(line).unwrap();
            let labels: BTreeMap<String, String> = serde_json::from_value(series["metric"].clone()).unwrap();
            let moments: Vec<i64> = serde_json::from_value(series["timestamps"].clone()).unwrap();
            let values: Vec<f64> = serde_json::from_value(series["values"].clone()).unwrap();
            assert!(moments.iter().all(|at| at % 1000 == 0));
            let samples = moments.iter().map(|at| at / 1000).zip(values);
            found.entry(labels).or_default().extend(samples);
        }
        found
    }

    /// How many samples a query sees, in all series together.
    async fn count(&self) -> u64 {
        let query = r#"sum(count_over_time({__name__=~"github_copilot_.*"}[90d]))"#;
        let answer = self.get("/api/v1/query", &[("query", query), ("time", NOW), ("nocache", "1")]).await;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        answer["data"]["result"][0]["value"][1].as_str().unwrap().parse().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn victoria_metrics_has_every_sample_and_shows_it_once_although_it_came_twice() {
    let victoria = VictoriaMetrics::start(&["-dedup.minScrapeInterval=1ms"]);
    let history = history();
    let expected = labelled(&history.samples);
    for _ in 0..2 {
        let sent = victoria.send(&history).await;
        assert_eq!((sent.samples, sent.clipped), (history.count(), 0));
        assert_same(&victoria.export().await, &expected);
        assert_eq!(victoria.count().await, history.count());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn victoria_metrics_counts_what_came_twice_as_two_unless_it_is_told_to_deduplicate() {
    let victoria = VictoriaMetrics::start(&[]);
    let history = history();
    for times in [1, 2] {
        victoria.send(&history).await;
        victoria.export().await;
        assert_eq!(
            victoria.count().await,
            times * history.count(),
            "then the manual need no longer ask for it"
        );
    }
}
