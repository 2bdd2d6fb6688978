//! The server's side: paths, methods, encodings, limits, start and stop.

use std::io::Read;

use flate2::read::GzDecoder;
use reqwest::{Client, Method, StatusCode, header};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

use crate::support::{Exporter, ManualClock, Scrape};

const VARIABLES: [(&str, &str); 2] = [("GITHUB_TOKEN", "ghp_t"), ("GITHUB_ORGS", "octo")];

/// A client that leaves encodings alone.
fn plain_client() -> Client {
    Client::builder().no_gzip().build().unwrap()
}

/// An exporter in front of a GitHub that has nothing.
async fn exporter() -> (Exporter, MockServer) {
    let github = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_string("[]")).mount(&github).await;
    let clock = ManualClock::starting("2026-11-22T12:00:00Z");
    (Exporter::start(&github.uri(), &clock, &VARIABLES).await, github)
}

#[tokio::test]
async fn each_path_answers_what_the_design_says() {
    let (exporter, _github) = exporter().await;
    for (path, status, kind) in [
        ("/metrics", 200, "text/plain; version=0.0.4; charset=utf-8"),
        ("/", 200, "text/html; charset=utf-8"),
        ("/healthz", 200, "text/plain; charset=utf-8"),
        ("/-/healthy", 200, "text/plain; charset=utf-8"),
        ("/nothing", 404, "text/plain; charset=utf-8"),
        ("/metrics/", 404, "text/plain; charset=utf-8"),
    ] {
        let response = exporter.get(path).await;
        assert_eq!(response.status(), status, "{path}");
        assert_eq!(response.headers()[header::CONTENT_TYPE], kind, "{path}");
        assert_eq!(response.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
    }
    exporter.stop().await;
}

#[tokio::test]
async fn the_page_for_people_brings_nothing_in_from_outside() {
    let (exporter, _github) = exporter().await;
    let response = exporter.get("/").await;
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
    let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!response.text().await.unwrap().contains("<script"));
    exporter.stop().await;
}

#[tokio::test]
async fn other_methods_are_refused_and_head_has_the_headers_of_get_without_its_body() {
    let (exporter, _github) = exporter().await;
    let ask = |method: Method, path: &str| {
        plain_client().request(method, format!("http://{}{path}", exporter.address)).send()
    };
    for path in ["/metrics", "/", "/healthz", "/readyz"] {
        let refused = ask(Method::POST, path).await.unwrap();
        assert_eq!(refused.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!(refused.headers()[header::ALLOW], "GET, HEAD");
    }
    assert_eq!(ask(Method::POST, "/nothing").await.unwrap().status(), StatusCode::NOT_FOUND);
    let head = ask(Method::HEAD, "/metrics").await.unwrap();
    assert_eq!(head.status(), 200);
    let length: usize = head.headers()[header::CONTENT_LENGTH].to_str().unwrap().parse().unwrap();
    assert!(length > 1000, "{length}");
    assert_eq!(head.bytes().await.unwrap().len(), 0);
    exporter.stop().await;
}

#[tokio::test]
async fn a_compressed_scrape_is_the_same_text_and_says_so() {
    let (exporter, _github) = exporter().await;
    let ready = r#"github_copilot_exporter_source_up{enterprise="",org="octo",source="teams"}"#;
    exporter.until("all sources are tried", |scrape| scrape.get(ready).is_some()).await;
    let ask = |encoding: &str| {
        let url = format!("http://{}/metrics", exporter.address);
        plain_client().get(url).header(header::ACCEPT_ENCODING, encoding).send()
    };
    let plain = ask("identity").await.unwrap();
    assert_eq!(plain.headers().get(header::CONTENT_ENCODING), None);
    assert_eq!(plain.headers()[header::VARY], "Accept-Encoding");
    let gzip = ask("gzip").await.unwrap();
    assert_eq!(gzip.headers()[header::CONTENT_ENCODING], "gzip");
    assert_eq!(gzip.headers()[header::VARY], "Accept-Encoding");
    let mut text = String::new();
    GzDecoder::new(&*gzip.bytes().await.unwrap()).read_to_string(&mut text).unwrap();
    let without_counters = |text: String| {
        let scrape = Scrape::read(text);
        let steady = scrape
            .text
            .lines()
            .filter(|line| !line.contains("http_requests_total{") && !line.starts_with("process_"));
        steady.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(without_counters(text), without_counters(plain.text().await.unwrap()));
    exporter.stop().await;
}

#[tokio::test]
async fn requests_are_counted_by_known_paths_only() {
    let (exporter, _github) = exporter().await;
    let series = |path: &str, code: u16| {
        format!(r#"github_copilot_exporter_http_requests_total{{path="{path}",code="{code}"}}"#)
    };
    let before = exporter.scrape().await;
    assert_eq!(before.get(&series("/healthz", 200)), Some(0.0), "every path is there from the start");
    for path in ["/healthz", "/healthz", "/secret/../path", "/other"] {
        exporter.get(path).await;
    }
    let after = exporter.scrape().await;
    assert_eq!(after.get(&series("/healthz", 200)), Some(2.0));
    assert_eq!(after.get(&series("other", 404)), Some(2.0));
    assert_eq!(after.get(&series("/metrics", 200)), Some(1.0));
    exporter.stop().await;
}

#[tokio::test]
async fn it_is_ready_after_the_first_attempt_or_half_a_minute_and_never_waits_for_github() {
    let github = MockServer::start().await;
    let hour = std::time::Duration::from_secs(3600);
    Mock::given(any()).respond_with(ResponseTemplate::new(200).set_delay(hour)).mount(&github).await;
    let clock = ManualClock::starting("2026-11-22T12:00:00Z");
    let hanging = Exporter::start(&github.uri(), &clock, &VARIABLES).await;
    for path in ["/readyz", "/-/ready"] {
        assert_eq!(hanging.get(path).await.status(), 503);
    }
    assert_eq!(hanging.get("/metrics").await.status(), 200);
    clock.advance(29);
    assert_eq!(hanging.get("/readyz").await.status(), 503);
    clock.advance(1);
    assert_eq!(hanging.get("/readyz").await.status(), 200);
    hanging.stop().await;

    let (answered, _github) = exporter().await;
    answered
        .until_by(0, "an attempt", |scrape| scrape.sum("github_copilot_exporter_source_up", &[]) > 0.0)
        .await;
    assert_eq!(answered.get("/readyz").await.status(), 200);
    answered.stop().await;
}

#[tokio::test]
async fn before_the_first_answer_there_is_no_data_series_but_every_counter() {
    let github = MockServer::start().await;
    let hour = std::time::Duration::from_secs(3600);
    Mock::given(any()).respond_with(ResponseTemplate::new(200).set_delay(hour)).mount(&github).await;
    let clock = ManualClock::starting("2026-11-22T12:00:00Z");
    let exporter = Exporter::start(&github.uri(), &clock, &VARIABLES).await;
    let scrape = exporter.scrape().await;
    assert_eq!(scrape.data(), "");
    assert_eq!(scrape.of("github_copilot_exporter_source_up", &[]).count(), 0, "unknown is absent");
    let failures: Vec<_> = scrape.of("github_copilot_exporter_source_failures_total", &[]).collect();
    assert_eq!(failures.len(), 2 * 13);
    assert!(failures.iter().all(|(_, count)| *count == 0.0));
    exporter.stop().await;
}

#[tokio::test]
async fn an_oversized_head_or_nonsense_is_refused_and_others_are_served_on() {
    let (exporter, _github) = exporter().await;
    let huge = format!("GET /metrics HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n", "a".repeat(100_000));
    let many = format!("GET /metrics HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(500));
    for request in [huge, many, "\0\0\0\r\n\r\n".to_owned()] {
        let mut stream = TcpStream::connect(exporter.address).await.unwrap();
        // The server may refuse before everything is sent.
        let _ = stream.write_all(request.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        assert!(!answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    }
    assert_eq!(exporter.get("/healthz").await.status(), 200);
    exporter.stop().await;
}

#[tokio::test]
async fn silent_peers_do_not_keep_others_from_being_served() {
    let (exporter, _github) = exporter().await;
    let mut silent = Vec::new();
    for _ in 0..100 {
        silent.push(TcpStream::connect(exporter.address).await.unwrap());
    }
    assert_eq!(exporter.get("/metrics").await.status(), 200);
    drop(silent);
    exporter.stop().await;
}

#[tokio::test]
async fn the_service_runs_twice_in_one_process_and_stops_when_asked() {
    let (first, _github) = exporter().await;
    let (second, _other) = exporter().await;
    assert_ne!(first.address, second.address);
    let address = first.address;
    first.stop().await;
    assert!(TcpStream::connect(address).await.is_err(), "the port is closed");
    assert_eq!(second.get("/healthz").await.status(), 200);
    second.stop().await;
}
