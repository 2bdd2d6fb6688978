//! A real Prometheus scrapes the demo, and PromQL gives what the people did.

use std::{collections::BTreeMap, fs, path::Path, process::Command, time::Duration};

use serde_json::{Value, json};

use crate::{
    company::{NOON, days},
    dashboard_truth::world,
    program::{Running, exporter},
    support::Patience,
    truth,
};

/// How often the exporters of a scene ask: some requests have to fall between two scrapes.
const INTERVAL: &str = "3s";

/// How often Prometheus asks, and how long it waits for an answer: one that comes late takes all series away.
const SCRAPES: &str = "2s";

/// Seconds after which a scrape that has begun is kept, or has failed.
const KEPT: f64 = 3.0;

/// Prometheus over exporters of the demo's company, all as processes.
pub struct Scene {
    demos: Demos,
    prometheus: Running,
    pub api: Api,
    data: tempfile::TempDir,
}

/// A server that speaks Prometheus's language.
pub struct Api {
    url: String,
    http: reqwest::Client,
}

/// Demos and their addresses, by the instances that Prometheus knows them as.
type Demos = BTreeMap<String, (Running, String)>;

/// A demo with these switches.
fn demo(switches: &[&str]) -> (Running, String) {
    let arguments = [&["demo", "--now", NOON], switches].concat();
    let variables = [("EXPORTER_LISTEN_ADDRESS", "127.0.0.1:0"), ("EXPORTER_REFRESH_INTERVAL", INTERVAL)];
    let running = Running::start(exporter(&arguments, &variables));
    let address = running.address();
    (running, address)
}

impl Scene {
    pub fn start(switches: &[&str]) -> Self {
        Self::of(&["demo"], switches)
    }

    /// With several exporters beside one another, each with a company of its own that does the same.
    pub fn of(instances: &[&str], switches: &[&str]) -> Self {
        let demos: Demos =
            instances.iter().map(|instance| ((*instance).to_owned(), demo(switches))).collect();
        let data = tempfile::tempdir().unwrap();
        point_to(&demos, data.path());
        let config = data.path().join("prometheus.yml");
        let yaml = format!(
            "global: {{scrape_interval: {SCRAPES}, scrape_timeout: {SCRAPES}}}\nscrape_configs:\n- job_name: copilot\n  file_sd_configs: [{{files: [targets.json]}}]\n"
        );
        fs::write(&config, yaml).unwrap();
        let mut command = Command::new("prometheus");
        command.arg(format!("--config.file={}", config.display()));
        command.arg(format!("--storage.tsdb.path={}", data.path().join("tsdb").display()));
        command.arg("--web.listen-address=127.0.0.1:0");
        let prometheus = Running::start(command);
        prometheus.line_with("Server is ready to receive web requests");
        let api = Api::of(&prometheus);
        Self { demos, prometheus, api, data }
    }

    /// VictoriaMetrics, which scrapes the same beside it, for as long as the program runs.
    pub fn victoria(&self) -> (Running, Api) {
        let mut command = Command::new("victoria-metrics");
        command.arg(format!("-storageDataPath={}", self.data.path().join("victoria").display()));
        command.arg(format!("-promscrape.config={}", self.data.path().join("prometheus.yml").display()));
        command.arg("-httpListenAddr=127.0.0.1:0");
        // What has just been scraped counts, as with Prometheus.
        command.arg("-search.latencyOffset=0s");
        let running = Running::start(command);
        running.line_with("started VictoriaMetrics");
        let api = Api::of(&running);
        (running, api)
    }

    /// Starts an exporter and ends the one whose place it takes, as with pods: under the same name at another address.
    pub fn replace(&mut self, instance: &str, switches: &[&str]) {
        let place = self.demos.get_mut(instance).unwrap();
        *place = demo(switches);
        point_to(&self.demos, self.data.path());
    }
}

impl Api {
    fn of(server: &Running) -> Self {
        Self { url: format!("http://127.0.0.1:{}", server.port()), http: reqwest::Client::new() }
    }

    pub async fn get(&self, path: &str, query: &[(&str, &str)]) -> Value {
        let url = format!("{}{path}", self.url);
        self.http.get(url).query(query).send().await.unwrap().json().await.unwrap()
    }

    /// The value of each series that an instant query gives, by one of its labels.
    pub async fn query(&self, promql: &str, label: &str) -> Vec<(String, f64)> {
        let answer = self.get("/api/v1/query", &[("query", promql)]).await;
        assert_eq!(answer["status"], "success", "{promql}: {answer}");
        let results = answer["data"]["result"].as_array().unwrap();
        let value = |result: &Value| result["value"][1].as_str().unwrap().parse().unwrap();
        let name = |result: &Value| result["metric"][label].as_str().unwrap_or_default().to_owned();
        let mut found: Vec<_> = results.iter().map(|result| (name(result), value(result))).collect();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        found
    }

    /// The same, once there is anything: the first scrapes may come before the first answers.
    pub async fn query_when_there(&self, promql: &str, label: &str) -> Vec<(String, f64)> {
        Self::when_there(promql, async || self.query(promql, label).await).await
    }

    /// Waits until a query gives something, and returns as of which second. That is a bit back, for whatever was scraped until
    /// then can no longer change.
    pub async fn until(&self, condition: &str) -> f64 {
        let ask = async || {
            let at = self.now().await - KEPT;
            let answer = self.get("/api/v1/query", &[("query", condition), ("time", &at.to_string())]).await;
            assert_eq!(answer["status"], "success", "{condition}: {answer}");
            let is_true = answer["data"]["result"].as_array().is_some_and(|result| !result.is_empty());
            is_true.then_some(at).into_iter().collect()
        };
        Self::when_there(condition, ask).await[0]
    }

    /// Asks again, with a pause, until there is anything.
    async fn when_there<T>(what: &str, ask: impl AsyncFn() -> Vec<T>) -> Vec<T> {
        let patience = Patience::new();
        loop {
            let found = ask().await;
            if !found.is_empty() {
                return found;
            }
            patience.check(what);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The server's time in whole seconds, for VictoriaMetrics knows no others in a range. It gives the time as a vector
    /// instead of a scalar.
    async fn now(&self) -> f64 {
        let answer = self.get("/api/v1/query", &[("query", "time()")]).await;
        let result = &answer["data"]["result"];
        let time = result[1].as_str().or_else(|| result[0]["value"][1].as_str());
        time.unwrap().parse::<f64>().unwrap().floor()
    }
}

/// Tells Prometheus where the exporters are; it must never see half of it.
fn point_to(demos: &Demos, directory: &Path) {
    let target = |(instance, (_, address)): (&String, &(Running, String))| json!({"targets": [address], "labels": {"instance": instance}});
    let targets: Vec<Value> = demos.iter().map(target).collect();
    let file = directory.join("targets.json.new");
    fs::write(&file, Value::from(targets).to_string()).unwrap();
    fs::rename(file, directory.join("targets.json")).unwrap();
}

fn sorted(mut values: Vec<(String, f64)>) -> Vec<(String, f64)> {
    values.sort_by(|a, b| a.0.cmp(&b.0));
    values
}

#[tokio::test(flavor = "multi_thread")]
async fn promql_over_the_demo_gives_what_its_people_did() {
    let scene = Scene::start(&["--api", "usage"]);
    let world = world();
    let yesterday = days()[27];
    let whole = |field: &str| -> Vec<(String, f64)> {
        let of = |org| truth::day(world, world.people_of(org), yesterday)[field].as_f64().unwrap();
        sorted(world.orgs().iter().map(|org| (org.login.clone(), of(org))).collect())
    };
    let all = r#"count(github_copilot_exporter_source_up == 1) == 12"#;
    scene.api.query_when_there(all, "").await;

    let suggestions = r#"sum by (org) (github_copilot_suggestions{org!="",team=""})"#;
    assert_eq!(
        scene.api.query_when_there(suggestions, "org").await,
        whole("total_suggestions_count"),
        "rows add up"
    );
    let users = r#"github_copilot_total_active_users{org!="",team=""}"#;
    assert_eq!(scene.api.query(users, "org").await, whole("total_active_users"));
    let rate =
        r#"github_copilot_total_acceptances{enterprise!="",team=""} / github_copilot_total_suggestions"#;
    let company = truth::day(world, world.people_of(world.enterprise()), yesterday);
    let expected = company["total_acceptances_count"].as_f64().unwrap()
        / company["total_suggestions_count"].as_f64().unwrap();
    assert_eq!(scene.api.query(rate, "enterprise").await, [(world.enterprise().login.clone(), expected)]);

    let org = &world.orgs()[0];
    let by_day =
        format!(r#"max by (day) (github_copilot_daily_active_users{{org="{}",team=""}})"#, org.login);
    let expected: Vec<_> = days()
        .into_iter()
        .map(|day| {
            (
                day.to_string(),
                truth::day(world, world.people_of(org), day)["total_active_users"].as_f64().unwrap(),
            )
        })
        .collect();
    assert_eq!(scene.api.query(&by_day, "day").await, expected);

    let by_team = format!(r#"github_copilot_total_chat_turns{{org="{}",team!=""}}"#, org.login);
    let turns =
        |team| Some(truth::team(world, team, &[yesterday]).first()?["total_chat_turns"].as_f64().unwrap());
    let expected = org.teams.iter().filter_map(|team| Some((team.slug.clone(), turns(team)?))).collect();
    assert_eq!(scene.api.query(&by_team, "team").await, sorted(expected), "small teams are absent");
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_is_content_with_the_scrape() {
    let scene = Scene::start(&[]);
    scene.api.query_when_there(r#"up{job="copilot"} == 1"#, "job").await;
    scene.api.query_when_there("count(github_copilot_total_suggestions)", "").await;
    let targets = scene.api.get("/api/v1/targets", &[]).await;
    let target = &targets["data"]["activeTargets"][0];
    assert_eq!((target["health"].as_str(), target["lastError"].as_str()), (Some("up"), Some("")), "{target}");
    let own = reqwest::get(format!("{}/metrics", scene.api.url)).await.unwrap().text().await.unwrap();
    for loss in [
        "prometheus_target_scrapes_sample_duplicate_timestamp_total",
        "prometheus_target_scrapes_sample_out_of_bounds_total",
        "prometheus_target_scrapes_sample_out_of_order_total",
        "prometheus_target_scrape_pool_exceeded_target_limit_total",
    ] {
        assert!(own.lines().any(|line| line == format!("{loss} 0")), "{loss}");
    }
    let types = scene
        .api
        .get("/api/v1/targets/metadata", &[("metric", "github_copilot_exporter_http_requests_total")])
        .await;
    assert_eq!(types["data"][0]["type"], "counter", "{types}");
    let (status, said) = scene.prometheus.terminate();
    assert!(status.success());
    let complaints: Vec<_> =
        said.iter().filter(|line| line.contains("level=warn") && line.contains("scrape")).collect();
    assert!(complaints.is_empty(), "{complaints:?}");
}
