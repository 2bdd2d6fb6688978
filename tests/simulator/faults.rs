//! Every fault as a client sees it.

use std::time::Duration;

use github_copilot_exporter::simulator::{Fault, Options};
use serde_json::Value;
use tokio::io::AsyncReadExt;

use crate::client::{Client, TOKEN, header, options};

const PATH: &str = "/orgs/octo-retail/copilot/usage";

/// A client of a simulator with one fault from the start, which then is healed.
async fn client(fault: &str) -> Client {
    Client::start(Options { faults: vec![fault.parse().unwrap()], ..options() }).await
}

async fn is_healed(client: &Client) {
    client.simulator.set_faults(Vec::new());
    assert_eq!(client.list(PATH).await.len(), 28, "after the fault");
}

#[tokio::test]
async fn a_status_comes_with_the_body_github_gives_it() {
    for (fault, status, message) in [
        ("status=500", 500, "Server Error"),
        ("status=502", 502, "Server Error"),
        ("status=401", 401, "Bad credentials"),
        ("status=404", 404, "Not Found"),
        ("status=403", 403, "Forbidden"),
        ("status=403,message=policy is off", 403, "policy is off"),
    ] {
        let client = client(fault).await;
        let answer = client.get(PATH).await;
        assert_eq!(answer.status(), status, "{fault}");
        assert_eq!(header(&answer, "x-ratelimit-limit"), Some("5000"), "{fault}");
        let body: Value = answer.json().await.unwrap();
        assert_eq!((&body["message"], &body["status"]), (&message.into(), &status.to_string().into()));
        is_healed(&client).await;
    }
}

#[tokio::test]
async fn statuses_without_a_body_have_none() {
    for status in [204, 304] {
        let client = client(&format!("status={status}")).await;
        let answer = client.get(PATH).await;
        assert_eq!((answer.status().as_u16(), answer.bytes().await.unwrap().len()), (status, 0));
        is_healed(&client).await;
    }
}

#[tokio::test]
async fn limits_say_how_long_to_wait() {
    let secondary = client("status=429,retry-after=30").await;
    let answer = secondary.get(PATH).await;
    assert_eq!((answer.status().as_u16(), header(&answer, "retry-after")), (429, Some("30")));
    assert_eq!(header(&answer, "x-ratelimit-remaining"), Some("5000"));
    assert!(answer.text().await.unwrap().contains("secondary rate limit"));
    let primary = client("status=403,remaining=0").await;
    let answer = primary.get(PATH).await;
    assert_eq!((answer.status().as_u16(), header(&answer, "x-ratelimit-remaining")), (403, Some("0")));
    assert_eq!(header(&answer, "x-ratelimit-used"), Some("5000"));
    assert!(answer.text().await.unwrap().contains("API rate limit exceeded"));
    is_healed(&primary).await;
}

#[tokio::test]
async fn a_delayed_answer_is_the_true_one() {
    let client = client("delay=30ms").await;
    let started = std::time::Instant::now();
    assert_eq!(client.list(PATH).await.len(), 28);
    assert!(started.elapsed() >= Duration::from_millis(30));
}

#[tokio::test]
async fn a_hanging_request_never_ends_by_itself() {
    let client = client("hang").await;
    let request = client.request(reqwest::Method::GET, PATH).timeout(Duration::from_millis(50));
    assert!(request.send().await.unwrap_err().is_timeout());
    assert_eq!(client.simulator.requests()[0].status, None);
    is_healed(&client).await;
}

#[tokio::test]
async fn a_cut_answer_promises_more_than_it_brings() {
    let client = client("cut").await;
    let whole = client.request(reqwest::Method::HEAD, PATH).send().await.unwrap();
    let length: usize = header(&whole, "content-length").unwrap().parse().unwrap();
    let answer = client.get(PATH).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.content_length(), Some(length as u64));
    assert!(answer.bytes().await.is_err(), "the body ends as if it were whole");
    is_healed(&client).await;
}

#[tokio::test]
async fn a_cut_answer_brings_half_of_its_body() {
    use tokio::io::AsyncWriteExt;
    let client = client("cut").await;
    let address = client.simulator.url().replace("http://", "");
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let head =
        format!("GET {PATH} HTTP/1.1\r\nhost: x\r\nuser-agent: x\r\nauthorization: token {TOKEN}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    assert_eq!(body.len(), length.parse::<usize>().unwrap() / 2);
}

#[tokio::test]
async fn a_cut_answer_without_a_body_never_comes() {
    let client = client("cut").await;
    client.simulator.set_faults(Vec::new());
    let tag = header(&client.get(PATH).await, "etag").unwrap().to_owned();
    client.simulator.set_faults(vec!["cut".parse().unwrap()]);
    assert!(client.request(reqwest::Method::GET, PATH).header("if-none-match", tag).send().await.is_err());
    is_healed(&client).await;
}

#[tokio::test]
async fn a_reset_connection_is_reset() {
    let client = client("reset").await;
    let error = client.request(reqwest::Method::GET, PATH).send().await.unwrap_err();
    let mut cause: Option<&dyn std::error::Error> = Some(&error);
    let mut kinds = Vec::new();
    while let Some(error) = cause {
        kinds.extend(error.downcast_ref::<std::io::Error>().map(std::io::Error::kind));
        cause = error.source();
    }
    assert!(kinds.contains(&std::io::ErrorKind::ConnectionReset), "{error:?}");
    is_healed(&client).await;
}

#[tokio::test]
async fn an_empty_answer_is_a_good_one_with_nothing_in_it() {
    let client = client("empty").await;
    let answer = client.get(PATH).await;
    assert_eq!((answer.status().as_u16(), answer.bytes().await.unwrap().len()), (200, 0));
    is_healed(&client).await;
}

#[tokio::test]
async fn a_proxy_page_is_a_good_answer_that_is_no_json() {
    let client = client("html").await;
    let answer = client.get(PATH).await;
    assert_eq!(
        (answer.status().as_u16(), header(&answer, "content-type")),
        (200, Some("text/html; charset=utf-8"))
    );
    assert!(answer.text().await.unwrap().starts_with("<!DOCTYPE html>"));
    is_healed(&client).await;
}

#[tokio::test]
async fn faults_choose_by_path_and_number() {
    let client = client("path=/orgs/*/teams,every=2,first=3,status=500").await;
    let mut statuses = Vec::new();
    for path in [
        PATH,
        "/orgs/octo-retail/teams",
        "/orgs/octo-labs/teams",
        PATH,
        "/orgs/octo-retail/teams",
        "/orgs/octo-retail/teams",
    ] {
        statuses.push(client.status(path).await);
    }
    assert_eq!(statuses, [200, 200, 500, 200, 200, 200]);
}

#[tokio::test]
async fn faults_need_no_credentials_and_cost_nothing() {
    let client = client("status=503,first=1").await;
    let url = format!("{}{PATH}", client.simulator.url());
    assert_eq!(client.http.get(url).send().await.unwrap().status(), 503);
    let answer = client.get(PATH).await;
    assert_eq!(header(&answer, "x-ratelimit-used"), Some("1"));
}

#[tokio::test]
async fn setting_faults_counts_from_the_start_again() {
    let client = client("status=500,first=1").await;
    let fault: Fault = "status=500,first=1".parse().unwrap();
    assert_eq!((client.status(PATH).await, client.status(PATH).await), (500, 200));
    client.simulator.set_faults(vec![fault]);
    assert_eq!((client.status(PATH).await, client.status(PATH).await), (500, 200));
}
