//! The download host: links, their life, and who is let in.

use chrono::TimeDelta;
use github_copilot_exporter::simulator::Options;
use reqwest::{Method, Response};

use crate::client::{Client, TOKEN, header, noon, options};

const DAY: &str = "/orgs/octo-retail/copilot/metrics/reports/users-1-day?day=2026-11-17";
const REPORTS: [&str; 5] = [
    "organization-1-day?day=2026-11-17",
    "organization-28-day/latest",
    "users-1-day?day=2026-11-17",
    "users-28-day/latest",
    "user-teams-1-day?day=2026-11-17",
];

/// Status and code, once the body is seen to be XML.
async fn refusal(answer: Response) -> (u16, String) {
    let status = answer.status().as_u16();
    assert_eq!(header(&answer, "content-type"), Some("application/xml"));
    let body = answer.text().await.unwrap();
    assert!(body.starts_with("<?xml"), "{body}");
    let code = body.split_once("<Code>").unwrap().1.split_once("</Code>").unwrap().0;
    (status, code.to_owned())
}

async fn fetch(client: &Client, link: &str) -> Response {
    client.http.get(link).send().await.unwrap()
}

#[tokio::test]
async fn a_link_opens_a_file_of_lines() {
    let client = Client::start(options()).await;
    let link = &client.links(DAY).await[0];
    let answer = fetch(&client, link).await;
    assert_eq!(
        (answer.status().as_u16(), header(&answer, "content-type")),
        (200, Some("application/x-ndjson"))
    );
    assert!(header(&answer, "date").unwrap().starts_with("Fri, 20 Nov 2026 12:0"));
    let head = client.http.head(link).send().await.unwrap();
    assert_eq!((head.status().as_u16(), head.bytes().await.unwrap().len()), (200, 0));
    let posted = client.http.post(link).send().await.unwrap();
    assert_eq!(refusal(posted).await, (405, "UnsupportedHttpVerb".into()));
}

#[tokio::test]
async fn a_link_works_for_an_hour() {
    let client = Client::start(options()).await;
    let link = client.links(DAY).await.remove(0);
    for (minutes, status) in [(59, 200), (60, 403), (24 * 60, 403), (-1, 403)] {
        client.simulator.set_now(noon() + TimeDelta::minutes(minutes) + TimeDelta::seconds(1));
        assert_eq!(fetch(&client, &link).await.status(), status, "after {minutes} minutes");
    }
    client.simulator.set_now(noon() + TimeDelta::hours(2));
    assert_eq!(refusal(fetch(&client, &link).await).await, (403, "AuthenticationFailed".into()));
    let fresh = client.links(DAY).await.remove(0);
    assert_eq!(fetch(&client, &fresh).await.status(), 200);
}

#[tokio::test]
async fn a_link_that_was_changed_opens_nothing() {
    let client = Client::start(options()).await;
    let link = client.links(DAY).await.remove(0);
    let bare = link.split_once('?').unwrap().0.to_owned();
    for changed in [
        link.replace("part-00000", "part-00001"),
        link.replace("octo-retail", "octo-labs"),
        link.replace("sig=", "sig=a"),
        link.replace("se=2026", "se=2027"),
        bare,
    ] {
        assert_ne!(changed, link);
        assert_eq!(
            refusal(fetch(&client, &changed).await).await,
            (403, "AuthenticationFailed".into()),
            "{changed}"
        );
    }
    let other = Client::start(Options { seed: 2, ..options() }).await;
    let foreign =
        link.replace(&client.simulator.announcement().downloads, &other.simulator.announcement().downloads);
    assert_eq!(fetch(&other, &foreign).await.status(), 403);
}

#[tokio::test]
async fn credentials_are_refused_and_logged() {
    let client = Client::start(options()).await;
    let link = client.links(DAY).await.remove(0);
    client.simulator.clear_requests();
    let leaked = client.http.get(&link).bearer_auth(TOKEN).send().await.unwrap();
    assert_eq!(refusal(leaked).await, (400, "InvalidAuthenticationInfo".into()));
    assert_eq!(fetch(&client, &link).await.status(), 200);
    let requests = client.simulator.requests();
    let seen: Vec<_> = requests.iter().map(|r| (r.download, r.authorized, r.status)).collect();
    assert_eq!(seen, [(true, true, Some(400)), (true, false, Some(200))]);
    assert!(
        requests[0].path.starts_with("/files/octo-retail/users-1-day/2026-11-17/"),
        "{}",
        requests[0].path
    );
}

#[tokio::test]
async fn the_two_hosts_do_not_serve_each_others_paths() {
    let client = Client::start(options()).await;
    let downloads = client.simulator.announcement().downloads;
    let link = client.links(DAY).await.remove(0);
    assert_eq!(client.status(link.strip_prefix(&downloads).unwrap()).await, 404);
    for path in ["/", "/versions", "/orgs/octo-retail/teams"] {
        assert_eq!(fetch(&client, &format!("{downloads}{path}")).await.status(), 403, "{path}");
    }
}

#[tokio::test]
async fn the_same_seed_and_time_give_the_same_bytes() {
    let late = || Options { late: true, ..options() };
    let [one, two] = [Client::start(late()).await, Client::start(late()).await];
    let other = Client::start(Options { seed: 2, ..late() }).await;
    for report in REPORTS {
        let path = format!("/orgs/octo-retail/copilot/metrics/reports/{report}");
        let mut files = Vec::new();
        for client in [&one, &two, &one, &other] {
            let mut bytes = Vec::new();
            for link in client.links(&path).await {
                bytes.extend(fetch(client, &link).await.bytes().await.unwrap());
            }
            files.push(bytes);
        }
        assert!(files[0] == files[1] && files[0] == files[2], "{report}");
        assert_ne!(files[0], files[3], "{report}");
    }
}

#[tokio::test]
async fn a_link_gives_the_file_it_was_made_for_after_another_day_is_published() {
    let client = Client::start(Options { late: true, ..options() }).await;
    client.simulator.set_now("2026-11-20T23:50:00Z".parse().unwrap());
    let link = client.links(DAY).await.remove(0);
    let before = fetch(&client, &link).await.bytes().await.unwrap();
    client.simulator.set_now("2026-11-21T00:10:00Z".parse().unwrap());
    assert_eq!(fetch(&client, &link).await.bytes().await.unwrap(), before);
}

#[tokio::test]
async fn a_large_file_is_sent_in_pieces_and_can_be_left_unread() {
    let client = Client::start(Options { users: 3_000, shards: 1, ..options() }).await;
    let path = "/enterprises/octo-group/copilot/metrics/reports/users-28-day/latest";
    let link = client.links(path).await.remove(0);
    let mut answer = fetch(&client, &link).await;
    assert_eq!(answer.content_length(), None);
    let first = answer.chunk().await.unwrap().unwrap();
    assert!(!first.is_empty());
    drop(answer);
    assert_eq!(client.status("/versions").await, 200);
    client.simulator.stop().await;
}

#[tokio::test]
async fn faults_strike_downloads_in_their_own_words() {
    let client = Client::start(options()).await;
    let link = client.links(DAY).await.remove(0);
    for (fault, status, code) in [
        ("expired", 403, "AuthenticationFailed"),
        ("status=503,path=/files/*", 503, "ServiceUnavailable"),
        ("status=404,path=*users-1-day*", 404, "NotFound"),
    ] {
        client.simulator.set_faults(vec![fault.parse().unwrap()]);
        assert_eq!(refusal(fetch(&client, &link).await).await, (status, code.into()), "{fault}");
    }
    client.simulator.set_faults(vec!["expired,first=1".parse().unwrap()]);
    assert_eq!(client.status(DAY).await, 200, "the envelope is no download");
    assert_eq!(fetch(&client, &link).await.status(), 403);
    assert_eq!(fetch(&client, &link).await.status(), 200);
}

#[tokio::test]
async fn a_cut_download_ends_in_the_middle() {
    let client = Client::start(options()).await;
    let link = client.links(DAY).await.remove(0);
    client.simulator.set_faults(vec!["cut,path=/files/*".parse().unwrap()]);
    let answer = client.http.request(Method::GET, &link).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.bytes().await.is_err(), "the file ends as if it were whole");
}
