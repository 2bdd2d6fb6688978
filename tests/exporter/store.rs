//! A real Prometheus over a directory of its own: blocks are put in, and everything in it is read again.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    process::{Command, ExitStatus},
};

use serde_json::Value;

use crate::{
    history_truth::canonical,
    program::{Running, run},
    support::Patience,
};

/// Samples by series, as `canonical` writes them: milliseconds and numbers, in their order.
pub type Samples = BTreeMap<String, Vec<(i64, f64)>>;

/// Where a Prometheus keeps its data, whether or not one is running.
pub struct Store(tempfile::TempDir);

/// A Prometheus that runs on a store until it is dropped.
pub struct Prometheus {
    running: Running,
    url: String,
    http: reqwest::Client,
}

impl Store {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn data(&self) -> PathBuf {
        self.0.path().join("tsdb")
    }

    /// Makes blocks of a file, by the line that says how.
    pub fn import(&self, line: &str) {
        let mut shell = Command::new("sh");
        shell.args(["-c", line]).env("PROMETHEUS_DATA", self.data());
        let (code, _, stderr) = run(shell);
        assert_eq!(code, Some(0), "{line}: {stderr}");
    }

    /// Starts Prometheus on it with these `scrape_configs`, in YAML.
    pub async fn serve(&self, scrape_configs: &str) -> Prometheus {
        let config = self.0.path().join("prometheus.yml");
        fs::write(&config, format!("scrape_configs: {scrape_configs}\n")).unwrap();
        let mut command = Command::new("prometheus");
        command.arg(format!("--config.file={}", config.display()));
        command.arg(format!("--storage.tsdb.path={}", self.data().display()));
        // History is older than the 15 days that are kept otherwise.
        command.args(["--storage.tsdb.retention.time=10y", "--web.listen-address=127.0.0.1:0"]);
        let running = Running::start(command);
        let address = running.line_with(r#"msg="Listening on" address="#);
        let url = format!("http://{}", address.rsplit('=').next().unwrap().trim());
        let prometheus = Prometheus { running, url, http: reqwest::Client::new() };
        prometheus.ready().await;
        prometheus
    }
}

impl Prometheus {
    async fn ready(&self) {
        let patience = Patience::new();
        while !self.http.get(format!("{}/-/ready", self.url)).send().await.unwrap().status().is_success() {
            patience.check("Prometheus is ready");
        }
    }

    /// The results of a query.
    async fn ask(&self, path: &str, parameters: &[(&str, &str)]) -> Vec<Value> {
        let request = self.http.get(format!("{}/api/v1/{path}", self.url)).query(parameters);
        let mut answer: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["status"], "success", "{parameters:?}: {answer}");
        serde_json::from_value(answer["data"]["result"].take()).unwrap()
    }

    /// Every sample there is of what fits `selector`.
    pub async fn everything(&self, selector: &str) -> Samples {
        // Fifty years up to the fiftieth of this century, whatever day it is.
        let parameters = [("query", &*format!("{selector}[50y]")), ("time", "2050-01-01T00:00:00Z")];
        let results = self.ask("query", &parameters).await;
        results.iter().map(|result| (name(result), samples(&result["values"]))).collect()
    }

    /// What a query gives every so many milliseconds, between these, by series: milliseconds and numbers.
    pub async fn range(&self, query: &str, first: i64, last: i64, step: i64) -> Samples {
        // An answer has 11,000 instants at most.
        let mut found = Samples::new();
        for first in (first..=last).step_by(usize::try_from(10_000 * step).unwrap()) {
            let last = last.min(first + 9_999 * step);
            let [first, last, step] = [first, last, step].map(seconds);
            let parameters = [("query", query), ("start", &first), ("end", &last), ("step", &step)];
            for result in self.ask("query_range", &parameters).await {
                found.entry(name(&result)).or_default().extend(samples(&result["values"]));
            }
        }
        found
    }

    /// What a query gives now.
    pub async fn now(&self, query: &str) -> Vec<f64> {
        let results = self.ask("query", &[("query", query)]).await;
        results.iter().map(|result| sample(&result["value"]).1).collect()
    }

    /// Asks it to stop, and waits until it has.
    pub fn stop(self) -> ExitStatus {
        self.running.terminate().0
    }
}

/// The series of a result.
fn name(result: &Value) -> String {
    let labels = result["metric"].as_object().unwrap();
    let mut labels: Vec<_> = labels.iter().map(|(name, value)| (&**name, value.as_str().unwrap())).collect();
    let named = labels.iter().position(|(name, _)| *name == "__name__");
    let name = named.map_or("", |index| labels.remove(index).1);
    canonical(name, labels)
}

fn samples(values: &Value) -> Vec<(i64, f64)> {
    values.as_array().unwrap().iter().map(sample).collect()
}

/// A sample, as the interface writes it: seconds, and the number in quotes.
#[allow(clippy::cast_possible_truncation, reason = "a time of this century")]
fn sample(value: &Value) -> (i64, f64) {
    let milliseconds = (value[0].as_f64().unwrap() * 1000.0).round() as i64;
    (milliseconds, value[1].as_str().unwrap().parse().unwrap())
}

/// The parameter of so many milliseconds.
fn seconds(milliseconds: i64) -> String {
    format!("{}.{:03}", milliseconds / 1000, milliseconds % 1000)
}
