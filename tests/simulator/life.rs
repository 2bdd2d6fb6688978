//! Starting, stopping, time, the log of requests, and inputs nobody should send.

use std::time::Duration;

use chrono::{DateTime, Utc};
use github_copilot_exporter::simulator::{Options, Request, Simulator};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{Client, noon, options, with_tokens};

const PATH: &str = "/orgs/octo-retail/copilot/usage";

#[tokio::test]
async fn the_announcement_says_where_everything_is() {
    let client = Client::start(with_tokens(&["first=read:org", "second=read:org"])).await;
    let url = client.simulator.url();
    let downloads = client.simulator.announcement().downloads;
    let expected = json!({
        "api": url, "downloads": downloads, "enterprise": "octo-group", "orgs": ["octo-retail", "octo-labs"], "token": "first",
    });
    assert_eq!(serde_json::to_value(client.simulator.announcement()).unwrap(), expected);
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    assert!(downloads.starts_with("http://127.0.0.1:") && downloads != url, "{downloads}");
}

#[tokio::test]
async fn stopping_drops_requests_in_flight_and_frees_the_port_at_once() {
    let hanging = Options { faults: vec!["hang".parse().unwrap()], ..options() };
    let client = Client::start(hanging.clone()).await;
    let Client { simulator, http, .. } = client;
    let address = simulator.url().replace("http://", "");
    let request = tokio::spawn(http.get(format!("{}{PATH}", simulator.url())).send());
    while simulator.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    let downloads = simulator.announcement().downloads.replace("http://", "");
    simulator.stop().await;
    assert!(request.await.unwrap().is_err(), "the request was answered");
    for address in [&address, &downloads] {
        assert!(TcpStream::connect(address).await.is_err(), "{address} is still open");
    }
    for _ in 0..3 {
        let again = Options { listen: address.parse().unwrap(), ..options() };
        let simulator = Simulator::start(again).await.unwrap();
        assert_eq!(simulator.url(), format!("http://{address}"));
        let answer = http.get(format!("{}/versions", simulator.url())).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        simulator.stop().await;
    }
}

#[tokio::test]
async fn dropping_a_simulator_stops_it() {
    let client = Client::start(options()).await;
    assert_eq!(client.status(PATH).await, 200);
    let Client { simulator, http, .. } = client;
    let url = format!("{}/versions", simulator.url());
    drop(simulator);
    // The listener ends with its next turn; until then a connection may still get through.
    while http.get(&url).send().await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_simulator_does_not_start_where_it_should_not() {
    let there = Client::start(options()).await;
    let in_use = there.simulator.url().replace("http://", "");
    for (options, expected) in [
        (Options { listen: "0.0.0.0:0".parse().unwrap(), ..options() }, "loopback addresses only"),
        (Options { listen: "192.0.2.1:80".parse().unwrap(), ..options() }, "192.0.2.1:80 is none"),
        (Options { listen: in_use.parse().unwrap(), ..options() }, "cannot listen on 127.0.0.1:"),
        (Options { listen_downloads: in_use.parse().ok(), ..options() }, "cannot listen on 127.0.0.1:"),
        (Options { listen_downloads: "0.0.0.0:0".parse().ok(), ..options() }, "loopback addresses only"),
        (with_tokens(&["a=read:org", "a=repo"]), "two tokens of the name `a`"),
        (
            with_tokens(&["a=read:org@octo-lab"]),
            "names the organisation `octo-lab`, but the company has only octo-retail, octo-labs",
        ),
    ] {
        let error = Simulator::start(options).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test]
async fn days_can_pass_quickly() {
    let client = Client::start(Options { day_every: Some(Duration::from_nanos(100)), ..options() }).await;
    let day = |list: Vec<Value>| list[0]["day"].as_str().unwrap().to_owned();
    let first = day(client.list(PATH).await);
    assert!(first.as_str() > "2026-11-19", "{first}");
    assert!(client.simulator.now() > noon() + chrono::TimeDelta::days(1));
}

#[tokio::test]
async fn the_ends_of_time_harm_nobody() {
    for now in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
        let client = Client::start(Options { now: Some(now), ..options() }).await;
        for set in [now, noon(), DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
            client.simulator.set_now(set);
            for path in [
                PATH,
                "/orgs/octo-retail/team/payments/copilot/usage",
                "/enterprises/octo-group/teams",
                "/enterprises/octo-group/copilot/billing/seats",
                "/orgs/octo-retail/copilot/billing",
                "/organizations/octo-retail/settings/billing/ai_credit/usage",
            ] {
                assert_eq!(client.status(path).await, 200, "{path} at {set}, begun at {now}");
            }
            for path in ["organization-28-day/latest", "users-28-day/latest"] {
                let path = format!("/orgs/octo-retail/copilot/metrics/reports/{path}");
                assert_eq!(client.status(&path).await, 200, "{path} at {set}, begun at {now}");
            }
            let day = "/orgs/octo-retail/copilot/metrics/reports/organization-1-day?day=2026-11-17";
            assert!([200, 204].contains(&client.status(day).await), "at {set}, begun at {now}");
        }
    }
}

#[tokio::test]
async fn requests_are_logged_without_their_secrets() {
    let client = Client::start(options()).await;
    let tagged =
        client.request(reqwest::Method::HEAD, &format!("{PATH}?page=2")).header("if-none-match", "\"x\"");
    assert_eq!(tagged.send().await.unwrap().status(), 200);
    let bare = client.http.get(format!("{}/nowhere", client.simulator.url()));
    assert_eq!(bare.send().await.unwrap().status(), 404);
    let expected = Request {
        download: false,
        method: "HEAD".into(),
        path: PATH.into(),
        query: Some("page=2".into()),
        status: Some(200),
        authorized: true,
        user_agent: Some("tests".into()),
        if_none_match: Some("\"x\"".into()),
    };
    let requests = client.simulator.requests();
    assert_eq!(requests[0], expected);
    assert_eq!((requests[1].status, requests[1].authorized), (Some(404), false));
    assert!(!format!("{requests:?}").contains("octocat-demo-token"));
    client.simulator.clear_requests();
    assert!(client.simulator.requests().is_empty());
}

#[tokio::test]
async fn garbage_on_the_socket_harms_nobody_else() {
    let client = Client::start(options()).await;
    let address = client.simulator.url().replace("http://", "");
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(1 << 20));
    for garbage in [
        &b"\0\0\0\0"[..],
        b"GET",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET * HTTP/1.1\r\nhost: \r\nuser-agent: \xff\r\n\r\n",
        b"GET /orgs/%/copilot/usage?since=%ff&page=99999999999999999999 HTTP/1.1\r\nhost: [\r\nuser-agent: x\r\nauthorization: \xff\r\n\r\n",
        b"POST /orgs HTTP/1.1\r\ncontent-length: 100\r\n\r\nshort",
        long.as_bytes(),
    ] {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        let _ = stream.write_all(garbage).await;
        let _ = stream.shutdown().await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
    }
    assert_eq!(client.status(PATH).await, 200);
}

#[tokio::test]
async fn many_clients_at_once_get_the_same_answer() {
    let client = Client::start(options()).await;
    let answers: Vec<_> =
        (0..20).map(|_| tokio::spawn(client.request(reqwest::Method::GET, PATH).send())).collect();
    let mut bodies = Vec::new();
    for answer in answers {
        bodies.push(answer.await.unwrap().unwrap().bytes().await.unwrap());
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]));
}
