//! A client of a simulator that stands still at noon of 2026-11-20.

use chrono::{DateTime, NaiveDate, Utc};
use github_copilot_exporter::simulator::{Options, Simulator, World};
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;

/// The token a simulator has when none is given.
pub(crate) const TOKEN: &str = "octocat-demo-token";

/// Noon of the day most tests play on.
pub(crate) fn noon() -> DateTime<Utc> {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

/// The default company at noon.
pub(crate) fn options() -> Options {
    Options { now: Some(noon()), ..Options::default() }
}

/// The default company at noon, with these tokens.
pub(crate) fn with_tokens(tokens: &[&str]) -> Options {
    Options { tokens: tokens.iter().map(|token| token.parse().unwrap()).collect(), ..options() }
}

/// A simulator and a client of it.
pub(crate) struct Client {
    pub(crate) simulator: Simulator,
    pub(crate) http: reqwest::Client,
    token: String,
}

impl Client {
    pub(crate) async fn start(options: Options) -> Self {
        let simulator = Simulator::start(options).await.unwrap();
        let http = reqwest::Client::builder().user_agent("tests").build().unwrap();
        let token = simulator.announcement().token;
        Self { simulator, http, token }
    }

    pub(crate) fn world(&self) -> &World {
        self.simulator.world()
    }

    /// A request with the first token.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.simulator.url())).bearer_auth(&self.token)
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    pub(crate) async fn get_as(&self, token: &str, path: &str) -> Response {
        let url = format!("{}{path}", self.simulator.url());
        self.http.get(url).bearer_auth(token).send().await.unwrap()
    }

    pub(crate) async fn status(&self, path: &str) -> u16 {
        self.get(path).await.status().as_u16()
    }

    pub(crate) async fn status_as(&self, token: &str, path: &str) -> u16 {
        self.get_as(token, path).await.status().as_u16()
    }

    /// The elements of a list that is answered with 200.
    pub(crate) async fn list(&self, path: &str) -> Vec<Value> {
        let answer = self.get(path).await;
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.unwrap()
    }

    /// The envelope of a report that is there.
    pub(crate) async fn envelope(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.unwrap()
    }

    /// The links in an envelope.
    pub(crate) async fn links(&self, path: &str) -> Vec<String> {
        let envelope = self.envelope(path).await;
        let links = envelope["download_links"].as_array().unwrap();
        links.iter().map(|link| link.as_str().unwrap().to_owned()).collect()
    }

    /// The files of a report, each as its lines.
    pub(crate) async fn files(&self, path: &str) -> Vec<Vec<Value>> {
        let mut files = Vec::new();
        for link in self.links(path).await {
            let answer = self.http.get(&link).send().await.unwrap();
            assert_eq!(answer.status(), 200, "{link}");
            let text = answer.text().await.unwrap();
            assert!(text.is_empty() || text.ends_with('\n'), "{link}");
            files.push(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect());
        }
        files
    }

    /// The records in all files of a report.
    pub(crate) async fn records(&self, path: &str) -> Vec<Value> {
        self.files(path).await.concat()
    }

    /// The elements of all pages, following `next` as it is given.
    pub(crate) async fn all_pages(&self, path: &str) -> (Vec<Value>, usize) {
        let mut url = format!("{}{path}", self.simulator.url());
        let (mut elements, mut pages) = (Vec::new(), 0);
        loop {
            let answer = self.http.get(&url).bearer_auth(&self.token).send().await.unwrap();
            assert_eq!(answer.status(), 200, "{url}");
            let next = relation(answer.headers(), "next");
            elements.extend(answer.json::<Vec<Value>>().await.unwrap());
            pages += 1;
            match next {
                Some(next) => url = next,
                None => return (elements, pages),
            }
        }
    }
}

/// Where a `Link` header leads.
pub(crate) fn relation(headers: &HeaderMap, name: &str) -> Option<String> {
    let link = headers.get("link")?.to_str().unwrap();
    let found = link.split(", ").find(|part| part.ends_with(&format!("rel=\"{name}\"")))?;
    Some(found[1..found.find('>').unwrap()].to_owned())
}

/// A header's text.
pub(crate) fn header<'r>(answer: &'r Response, name: &str) -> Option<&'r str> {
    answer.headers().get(name).map(|value| value.to_str().unwrap())
}

/// The 28 days before `today`.
pub(crate) fn window(today: &str) -> Vec<NaiveDate> {
    let today: NaiveDate = today.parse().unwrap();
    (today - chrono::Days::new(28)).iter_days().take(28).collect()
}
